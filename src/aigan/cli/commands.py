"""All commands by name. A command's file imports only typer and the standard library at its top."""

from importlib import import_module

import typer

import aigan

COMMANDS = {  # as --help has them, functions before groups: MEMBER of a module of this package
    "restore": "restore.restore",
    "inspect": "inspect.inspect",
    "doctor": "doctor.doctor",
    "degrade": "degrade.degrade",
    "evaluate": "evaluate.evaluate",
    "benchmark": "benchmark.benchmark",
    "bench": "bench.bench",
    "train": "train.train",
    "export": "export.export",
    "toy": "toy.toy",
    "app": "web.app",
    "data": "data.app",
    "models": "models.app",
    "study": "study.app",
}


def gather(asked: str = "") -> typer.Typer:
    """The command line; with `asked`, the name of a command, that one alone: building all takes a tenth of a second."""
    app = typer.Typer(
        help="Take rain, haze and noise out of photographs (AI-GAN).",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module_name, member = COMMANDS[name].split(".")
        module = import_module(f"aigan.cli.{module_name}")
        command = getattr(module, member)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, cls=getattr(module, "Command", None))(command)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"aigan {aigan.__version__}")
        raise typer.Exit


def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass
