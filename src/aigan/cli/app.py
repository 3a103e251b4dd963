"""All commands, gathered. A command's file imports only typer and the standard library at its top."""

import typer

import aigan
from aigan.cli import (
    bench,
    benchmark,
    data,
    degrade,
    doctor,
    evaluate,
    export,
    inspect,
    models,
    restore,
    study,
    toy,
    train,
    web,
)

app = typer.Typer(
    help="Take rain, haze and noise out of photographs (AI-GAN).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"aigan {aigan.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


app.add_typer(data.app, name="data")
app.command(cls=restore.OptionalAddress)(restore.restore)
app.command()(inspect.inspect)
app.command()(doctor.doctor)
app.command()(degrade.degrade)
app.command()(evaluate.evaluate)
app.command()(benchmark.benchmark)
app.command()(bench.bench)
app.add_typer(models.app, name="models")
app.command()(train.train)
app.command()(export.export)
app.command()(toy.toy)
app.command("app")(web.app)
app.add_typer(study.app, name="study")
