"""Pictures through standard input and output: `-` among the inputs, or for the output."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from aigan.errors import AiganError, UsageError, telling, told
from aigan.pictures import open_strips


class Ends(NamedTuple):
    """The inputs and the output, all of which are files or folders; `names`: those that stand for `-`, and for what."""

    inputs: list[str]
    output: str
    names: dict[str, str]

    def told(self, text: str) -> str:
        """A message about them in a user's words: temporary files are standard input or output."""
        return told(text, self.names)


@contextmanager
def piped(
    inputs: Sequence[str], output: str, stdin: BinaryIO, stdout: BinaryIO, *, ext: str = "auto"
) -> Iterator[Ends]:
    """Files in place of `-`: yields the ends, and tells errors in a user's words.

    What `stdin` gives is in a temporary file, with the extension of its kind if it is a picture. What the block wrote
    goes to `stdout` when it ends, in the format `ext`, or "auto" for that of the one input. UsageError where more than
    one picture would go there, AiganError where it cannot be written to.
    """
    if "-" not in (*inputs, output):
        yield Ends(list(inputs), output, {})
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
        names, target = {str(received): "standard input"}, output
        with telling(names):
            if output == "-":
                sent.mkdir()
                target = str(sent / f"stdout{_extension(sources, ext)}")
                names[target] = "standard output"
            yield Ends(sources, target, names)
        if output == "-":
            _send(sent, stdout)


def _extension(sources: Sequence[str], ext: str) -> str:
    """Of what is written to standard output."""
    if len(sources) > 1 or Path(sources[0]).is_dir():
        raise UsageError("standard output takes one picture: name a folder with -o")
    with open_strips(sources[0]) as strips:
        return strips.form.extension if ext == "auto" else f".{ext.lower().removeprefix('.')}"


def _send(folder: Path, stdout: BinaryIO) -> None:
    """The one file of the folder, if there is one, to standard output."""
    written = sorted(folder.iterdir())
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
