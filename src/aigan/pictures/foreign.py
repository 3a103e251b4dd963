"""What libvips' wheel lacks: BMP and plain PPM by Pillow, HEIC and camera raw files by extras."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyvips

from aigan.errors import MissingExtra
from aigan.pictures.form import Form

if TYPE_CHECKING:
    import PIL.Image

Check = Callable[[int, int], None]


def load_bmp(file: BinaryIO, check: Check) -> pyvips.Image:
    """A BMP file of any depth: gray, palette, RGB, RGBA."""
    from PIL import BmpImagePlugin  # takes 30 ms, and most runs of `aigan` read no such files

    return _from_pillow(BmpImagePlugin.BmpImageFile, file, check)


def load_plain_ppm(file: BinaryIO, check: Check) -> pyvips.Image:
    """PBM, and the text forms of PGM and PPM."""
    from PIL import PpmImagePlugin

    return _from_pillow(PpmImagePlugin.PpmImageFile, file, check)


def _from_pillow(plugin: Any, file: BinaryIO, check: Check) -> pyvips.Image:
    with warnings.catch_warnings(action="ignore"):
        picture: PIL.Image.Image = plugin(file)  # by the plugin: Image.open has a pixel limit of its own
        check(*picture.size)
        if picture.mode == "I":  # 16 bit
            return pyvips.Image.new_from_array(np.asarray(picture, np.uint16)).copy(interpretation="grey16")
        mode = {"1": "L", "L": "L", "RGBA": "RGBA"}.get(picture.mode, "RGB")
        return pyvips.Image.new_from_array(np.asarray(picture.convert(mode)))


def save_bmp(image: pyvips.Image, path: Path) -> None:
    """Write gray or RGB of 8 bits."""
    from PIL import Image

    mode = "L" if image.bands == 1 else "RGB"
    dpi = (image.xres * 25.4, image.yres * 25.4)
    Image.frombytes(mode, (image.width, image.height), image.write_to_memory()).save(path, format="BMP", dpi=dpi)


def load_heic(file: BinaryIO, check: Check) -> pyvips.Image:
    """A telephone's HEIC picture: 8, 10 or 12 bits, upright as its container says."""
    opened = pillow_heif().open_heif(file, convert_hdr_to_8bit=False)
    check(*opened.size)
    image = pyvips.Image.new_from_array(np.asarray(opened))
    if image.format == "ushort":
        image.set_type(pyvips.GValue.gint_type, "bits-per-sample", opened.info["bit_depth"])
    for field, key in (("exif-data", "exif"), ("xmp-data", "xmp"), ("icc-profile-data", "icc_profile")):
        if opened.info.get(key):
            image.set_type(pyvips.GValue.blob_type, field, opened.info[key])
    return image


def save_heic(image: pyvips.Image, path: Path, *, form: Form, quality: int) -> None:
    """Write RGB or RGBA of 8 bits, or of 12 where the depth is 16."""
    mode = ("RGBA" if image.bands == 4 else "RGB") + (";16" if form.depth == "uint16" else "")
    picture = pillow_heif().from_bytes(mode, (image.width, image.height), image.numpy().tobytes())
    blocks = {"exif": form.exif, "xmp": form.xmp, "icc_profile": form.icc}
    present = {key: block for key, block in blocks.items() if block}
    with path.open("wb") as file:
        picture.save(file, quality=quality, chroma=444, **present)


def load_raw(file: BinaryIO, check: Check) -> pyvips.Image:
    """Develop a camera raw file: 16 bits, sRGB, the camera's white balance, upright."""
    try:
        import rawpy
    except ImportError as error:
        raise MissingExtra("reading camera raw files needs rawpy: pip install 'aigan[raw]'") from error
    with rawpy.imread(file) as raw:
        check(raw.sizes.width, raw.sizes.height)
        pixels = raw.postprocess(use_camera_wb=True, output_bps=16, gamma=(2.4, 12.92))  # sRGB's curve
    return pyvips.Image.new_from_array(pixels).copy(interpretation="rgb16")


def pillow_heif() -> Any:
    """The module; MissingExtra where it is not installed."""
    try:
        import pillow_heif as module
    except ImportError as error:
        raise MissingExtra("HEIC pictures need pillow-heif: pip install 'aigan[heif]'") from error
    module.options.SAVE_HDR_TO_12_BIT = True  # its default is 10
    return module


LOADERS: dict[str, Callable[[BinaryIO, Check], pyvips.Image]] = {
    "BMP": load_bmp,
    "plain PPM": load_plain_ppm,
    "HEIC": load_heic,
    "raw": load_raw,
}
