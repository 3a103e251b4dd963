"""Pictures through standard input and output: `-` among the inputs, or for the output."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from aigan.errors import AiganError, UsageError
from aigan.pictures import open_strips


@contextmanager
def piped(
    inputs: Sequence[str], output: str, stdin: BinaryIO, stdout: BinaryIO, *, ext: str = "auto"
) -> Iterator[tuple[list[str], str]]:
    """Files in place of `-`: yields the inputs and the output, all of which are files or folders.

    What `stdin` gives is in a temporary file, with the extension of its kind if it is a picture. What the block wrote
    goes to `stdout` when it ends, in the format `ext`, or "auto" for that of the one input. UsageError where more than
    one picture would go there, AiganError where it cannot be written to.
    """
    if "-" not in (*inputs, output):
        yield list(inputs), output
        return
    with tempfile.TemporaryDirectory(prefix="aigan-") as folder:
        received, sent = Path(folder) / "stdin", Path(folder) / "out"
        if "-" in inputs:
            with received.open("wb") as file:
                shutil.copyfileobj(stdin, file)
            with suppress(AiganError):
                with open_strips(received) as strips:
                    extension = strips.form.extension
                received = received.rename(received.with_suffix(extension))
        sources = [str(received) if name == "-" else name for name in inputs]
        if output != "-":
            yield sources, output
            return
        if len(sources) > 1 or Path(sources[0]).is_dir():
            raise UsageError("standard output takes one picture: name a folder with -o")
        with open_strips(sources[0]) as strips:
            extension = strips.form.extension if ext == "auto" else f".{ext.lower().removeprefix('.')}"
        sent.mkdir()
        yield sources, str(sent / f"stdout{extension}")
        written = sorted(sent.iterdir())
        if len(written) > 1:
            raise UsageError("standard output takes one picture: name one part with --save")
        for path in written:
            with path.open("rb") as file, _to_standard_output():
                shutil.copyfileobj(file, stdout)
                stdout.flush()


@contextmanager
def _to_standard_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # whoever reads has enough
        raise
    except OSError as error:
        raise AiganError(f"standard output cannot be written to ({error.strerror}): check the free space") from error
