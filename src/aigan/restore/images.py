"""Pictures as Python programs hold them: paths, PIL images, numpy arrays, torch tensors; to float arrays and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from aigan.decomposition import Array
from aigan.errors import AiganError
from aigan.pictures import read
from aigan.restore import border


@dataclass(frozen=True, eq=False)
class Given:
    """A picture that was given: `pixels` float32 (H, W, C) in [0, 1], C = 1 or 3, `alpha` (H, W) or None.

    `back` turns pixels of that shape into the type that was given.
    """

    pixels: Array
    alpha: Array | None
    back: Callable[[Array], Any]


def given(image: Any) -> Given:
    """Take a path, a PIL image, a numpy array (H, W) or (H, W, 1 to 4), or a torch tensor (1 to 4, H, W).

    Of integers uint8 and uint16; floating point is in [0, 1]. Colours are RGB, the fourth channel, or the second, is
    alpha. A path gives PIL images, of 8 bits but for gray of 16. AiganError for anything else.
    """
    if isinstance(image, str | PathLike):
        return _from_path(Path(image))
    if isinstance(image, Image.Image):
        return _from_pil(image)
    if isinstance(image, np.ndarray):
        return _from_array(image)
    if any((base.__module__, base.__name__) == ("torch", "Tensor") for base in type(image).__mro__):
        return _from_tensor(image)
    raise AiganError(f"{type(image).__name__} is no picture: give a path, a PIL image, a numpy array or a torch tensor")


def _from_path(path: Path) -> Given:
    picture = read(path)
    depth = np.uint16 if picture.form.depth == "uint16" and picture.pixels.shape[2] == 1 else np.uint8
    info = {"icc_profile": picture.form.icc, "exif": picture.form.exif}
    info = {key: block for key, block in info.items() if block}
    return Given(
        picture.pixels, picture.alpha, lambda pixels: _pil(_join(pixels, picture.alpha, np.dtype(depth)), info)
    )


def _from_pil(image: Image.Image) -> Given:
    if image.mode in ("I", "F"):
        raise AiganError(f"a PIL image of mode {image.mode} does not say its range: convert it to L, I;16 or RGB")
    try:
        info, image = image.info, _gray_or_rgb(image)
        array = np.asarray(image)
    except OSError as error:  # pixels are decoded only now
        raise AiganError(f"the PIL image cannot be decoded ({error}): get another copy of its file") from error
    inner = _from_array(array.astype(array.dtype.newbyteorder("=")))
    info = {key: info[key] for key in ("icc_profile", "exif", "dpi") if key in info}
    return Given(inner.pixels, inner.alpha, lambda pixels: _pil(inner.back(pixels), info))


def _gray_or_rgb(image: Image.Image) -> Image.Image:
    """With a channel for what is transparent, by a palette or one colour (tRNS), too."""
    if image.mode.startswith("I;16"):
        return image
    colours = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    return image.convert(colours + "A" * image.has_transparency_data)


def _from_array(array: npt.NDArray[Any]) -> Given:
    channels = 1 if array.ndim == 2 else array.shape[-1]
    if array.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or array.size == 0:
        raise AiganError(f"an array of shape {array.shape} is no picture: give (H, W) or (H, W, 1 to 4)")
    if array.dtype.str[1:] not in ("u1", "u2", "f2", "f4", "f8"):  # of either byte order
        raise AiganError(f"a picture of {array.dtype} does not say its range: give uint8, uint16, or floats in [0, 1]")
    values = array.reshape(*array.shape[:2], channels).astype(np.float32)
    if array.dtype.kind != "f":
        values /= np.iinfo(array.dtype).max
    elif border.mostly_outside(values):
        raise AiganError("most values of the picture lie outside [0, 1]: scale them, such as by dividing by 255")
    colours = 1 if channels < 3 else 3
    alpha = values[..., -1] if channels in (2, 4) else None
    return Given(values[..., :colours], alpha, lambda pixels: _join(pixels, alpha, array.dtype).reshape(array.shape))


def _from_tensor(tensor: Any) -> Given:
    """Without importing torch: whoever has a tensor has done so."""
    floats = tensor.is_floating_point()
    array = (tensor.detach().float() if floats else tensor).cpu().numpy()
    if array.ndim != 3 or array.shape[0] > 4:
        raise AiganError(f"a tensor of shape {tuple(array.shape)} is no picture: give (C, H, W), one at a time")
    inner = _from_array(array.transpose(1, 2, 0))
    return Given(inner.pixels, inner.alpha, lambda pixels: tensor.new_tensor(inner.back(pixels).transpose(2, 0, 1)))


def _join(pixels: Array, alpha: Array | None, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """(H, W, C) of the given depth, with alpha as the last channel; integers clamped and rounded."""
    values = pixels if alpha is None else np.dstack([pixels, alpha])
    if dtype.kind == "f":
        return values.astype(dtype)
    return np.rint(np.clip(values, 0, 1) * np.float32(np.iinfo(dtype).max)).astype(dtype)


def _pil(array: npt.NDArray[Any], info: Mapping[Any, Any]) -> Image.Image:
    image = Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)
    image.info.update(info)
    return image
