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
from aigan.files import make_folder, replacing
from aigan.pictures import Form, Picture, StripReader, StripWriter, write, write_strips
from aigan.restore import border
from aigan.restore.comparison import Comparison, shown_interference
from aigan.restore.naming import Part
from aigan.restore.tiles import Box, Values


@dataclass(frozen=True)
class Outputs:
    """Takes the tiles of a picture, then the bands put together from them; made by `open_outputs`."""

    writers: Mapping[Part, StripWriter]
    comparison: Comparison | None
    strength: float

    def tile(self, box: Box, picture: Picture, result: Decomposition) -> dict[str, Values]:
        """What the files hold of a tile: as it was read, and what it was decomposed into."""
        restored = border.restored(picture.pixels, picture.alpha, result, self.strength)
        if self.comparison:
            self.comparison.add(box, result, restored)
        kept: dict[str, Values] = {}
        for part, writer in self.writers.items():
            if part == "original":
                kept[part] = writer.values(restored, picture.alpha)
            elif part == "interference":
                kept[part] = writer.values(shown_interference(result.interference))
            elif result.expected_error is not None:
                kept[part] = writer.values(result.expected_error[..., None] / np.float32(255))
            else:
                raise AiganError("this model cannot say how far it may be off: leave error out of --save")
        return kept

    def add(self, band: Mapping[str, Values]) -> None:
        """Add the next rows, put together from what `tile` gave."""
        for part, writer in self.writers.items():
            writer.write_values(band[part])


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
        make_folder(path.parent)
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
    make_folder(path.parent)
    with replacing(path, overwrite=overwrite) as temporary:
        shutil.copyfile(source, temporary)
