"""The files that a restored picture goes to, filled band by band."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aigan.decomposition import Decomposition
from aigan.errors import AiganError
from aigan.pictures import Form, Picture, StripReader, StripWriter, write, write_strips
from aigan.pictures.files import replacing
from aigan.restore import border
from aigan.restore.comparison import Comparison, shown_interference
from aigan.restore.naming import Part


@dataclass(frozen=True)
class Outputs:
    """Takes the bands of a picture from top to bottom; made by `open_outputs`."""

    writers: Mapping[Part, StripWriter]
    comparison: Comparison | None
    strength: float

    def add(self, picture: Picture, result: Decomposition) -> None:
        """Add a band: its rows as they were read, and what they were decomposed into."""
        restored = border.restored(picture.pixels, picture.alpha, result, self.strength)
        error = result.expected_error
        if "original" in self.writers:
            self.writers["original"].write(restored, picture.alpha)
        if "interference" in self.writers:
            self.writers["interference"].write(shown_interference(result.interference))
        if "error" in self.writers:
            if error is None:
                raise AiganError("this model cannot say how far it may be off: leave error out of --save")
            self.writers["error"].write(error[..., None] / np.float32(255))
        if self.comparison:
            self.comparison.add(result.degraded, restored, result.interference, error)


@contextmanager
def open_outputs(
    paths: Mapping[Part, Path],
    strips: StripReader,
    *,
    strength: float,
    quality: int,
    strip_metadata: bool,
    overwrite: bool,
) -> Iterator[Outputs]:
    """Open the files of a picture; they appear when the block ends, and not at all after an exception.

    The interference is stored as 0.5 + T/2 and the expected error in gray levels, both in the result's depth; only the
    result itself carries the metadata of its source.
    """
    form = strips.form
    bare = replace(form, exif=None, xmp=None, iptc=None)
    forms: dict[Part, Form] = {"original": form, "interference": bare, "error": replace(bare, icc=None)}
    for path in paths.values():
        _make_folder(path)
    with ExitStack() as stack:
        writers = {
            part: stack.enter_context(
                write_strips(
                    paths[part],
                    width=strips.width,
                    height=strips.height,
                    form=forms[part],
                    quality=quality,
                    strip_metadata=strip_metadata,
                    overwrite=overwrite,
                )
            )
            for part in forms
            if part in paths
        }
        comparison = Comparison(strips.height, strips.width) if "comparison" in paths else None
        yield Outputs(writers, comparison, strength)
        if comparison:
            flat = replace(forms["error"], depth="uint8")
            write(comparison.sheet(), paths["comparison"], form=flat, quality=quality, overwrite=overwrite)


def copy(source: Path, path: Path, *, overwrite: bool) -> None:
    """The very file, for a picture that is left as it is."""
    _make_folder(path)
    with replacing(path, overwrite=overwrite) as temporary:
        shutil.copyfile(source, temporary)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AiganError(f"the folder {path.parent} cannot be made ({error.strerror}): name another one") from error
