"""`aigan bench`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Optional, cast

import typer

Device = Literal["cpu", "cuda"]


def bench(
    models: Annotated[
        str, typer.Option(help="Models of `aigan models`, files, and baselines such as dncnn-b, by commas.")
    ] = "denoise",
    backends: Annotated[str, typer.Option(help="Of onnx, openvino and torch, by commas.")] = "onnx",
    precisions: Annotated[
        str, typer.Option(help="Of fp32, bf16 and fp16, by commas; bf16 needs torch or OpenVINO, fp16 cuda.")
    ] = "fp32",
    device: Annotated[Device, typer.Option(help="Where; cuda needs --backends torch.")] = "cpu",
    sizes: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels, by commas.")] = "481x321",
    threads: Annotated[str, typer.Option(help="Numbers of threads, by commas; all cores by default.")] = "",
    repeat: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 5,
    json: Annotated[Optional[Path], typer.Option(help="Write the figures to this file.")] = None,
    markdown: Annotated[Optional[Path], typer.Option(help="Write the table to this file.")] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Let --backend auto take what is the fastest here from now on.")
    ] = False,
) -> None:
    """Measure what restoring costs: time, rate, memory; models by backends, precisions, sizes and threads.

    What cannot be measured here is said, and the exit status is 1.
    """
    import msgspec

    from aigan.errors import AiganError
    from aigan.evaluate import bench as benches
    from aigan.files import make_folder, write_whole
    from aigan.restore import fastest
    from aigan.restore.backends.contract import cores

    counts = [_number(word) for word in _words(threads)] or [cores()]
    cells = benches.cells(
        _words(models),
        cast("list[benches.Backend]", _some_of(benches.BACKENDS, backends, "--backends")),
        [_size(word) for word in _words(sizes)],
        counts,
        cast("list[benches.Precision]", _some_of(benches.PRECISIONS, precisions, "--precisions")),
        device,
    )
    if not cells:
        raise typer.BadParameter("nothing is named: give models, backends and sizes")
    for file in filter(None, (json, markdown)):
        make_folder(file.parent)  # before the time is spent
    costs: list[benches.Cost] = []
    problems: list[AiganError] = []
    for found in benches.measure(cells, repeats=repeat):
        if isinstance(found, AiganError):
            problems.append(found)
            typer.echo(f"aigan: {found}", err=True)
        else:
            costs.append(found)
            backend = benches.name_of_backend(found.cell)
            typer.echo(f"{found.cell.model} {backend} {found.cell.precision}: {found.min_ms:.1f} ms", err=True)
    table = benches.markdown(costs)
    typer.echo(table, nl=False)
    contents = {json: msgspec.json.format(msgspec.json.encode(costs), indent=2) + b"\n", markdown: table.encode()}
    for path, content in contents.items():
        if path:
            write_whole(path, content)
    if remember:
        best = benches.fastest_of(costs)
        if not best:
            raise AiganError("nothing can be remembered: measure a model with --backends onnx,openvino")
        if not fastest.remember(best):
            typer.echo(f"aigan: {fastest.file()} cannot be written: nothing is remembered", err=True)
    if problems:
        raise typer.Exit(1)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, text.split(","))))


def _some_of(known: tuple[str, ...], text: str, option: str) -> list[str]:
    words = _words(text)
    if unknown := sorted({*words} - {*known}):
        raise typer.BadParameter(f"{', '.join(unknown)}: take some of {','.join(known)}", param_hint=option)
    return words


def _number(word: str) -> int:
    if not word.isdecimal() or int(word) == 0:
        raise typer.BadParameter(f"{word}: give numbers from 1 on, such as 1,2", param_hint="--threads")
    return int(word)


def _size(word: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", word)
    if not found:
        raise typer.BadParameter(f"{word}: give WIDTHxHEIGHT, such as 481x321", param_hint="--sizes")
    return int(found[1]), int(found[2])
