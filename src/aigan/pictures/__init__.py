"""Pictures as people have them, in and out: every format, depth and colour model, upright, with their metadata.

Reading gives float32 in [0, 1]; clamping and rounding happen once, where a file is written. Nothing here imports
torch, and pyvips only when a picture is read or written.
"""

from aigan.pictures.form import Form, Picture
from aigan.pictures.kinds import extensions, is_picture
from aigan.pictures.reading import MAX_PIXELS, MAX_PIXELS_IN_MEMORY, read, thumbnail
from aigan.pictures.sheet import sheet
from aigan.pictures.strips import StripReader, open_strips
from aigan.pictures.transparency import opaque_colours
from aigan.pictures.writing import StripWriter, encode, write, write_strips

__all__ = [
    "MAX_PIXELS",
    "MAX_PIXELS_IN_MEMORY",
    "Form",
    "Picture",
    "StripReader",
    "StripWriter",
    "encode",
    "extensions",
    "is_picture",
    "opaque_colours",
    "open_strips",
    "read",
    "sheet",
    "thumbnail",
    "write",
    "write_strips",
]
