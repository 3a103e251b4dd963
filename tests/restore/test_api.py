from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import aigan
from aigan.errors import AiganError
from aigan.pictures import write


@pytest.fixture
def model(network_file) -> aigan.Model:
    return aigan.load(network_file("blur"))


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 2), (9, 7, 3), (9, 7, 4), (1, 1, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2", "float16", "float32", "float64"])
def test_an_array_gives_an_array_of_its_kind(model, shape, dtype) -> None:
    values = np.random.default_rng(0).random(shape)
    array = values.astype(dtype) if "f" in dtype else (values * np.iinfo(dtype).max).astype(dtype)
    result = model.restore(array)
    assert (result.original.dtype, result.original.shape) == (array.dtype, shape)
    assert result.interference.dtype == result.expected_error.dtype == np.float32
    assert result.interference.shape == (*shape[:2], 3 if shape[2:] > (2,) else 1)
    assert result.expected_error.shape == shape[:2]
    np.testing.assert_allclose(result.at_strength(0), array, atol=1e-7)
    if shape[2:] in ((2,), (4,)):
        np.testing.assert_allclose(result.original[..., -1], array[..., -1], atol=1e-7)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "I;16"])
def test_a_pil_image_gives_a_pil_image(model, mode) -> None:
    values = (np.random.default_rng(0).random((9, 7, 4)) * 255).astype(np.uint8)
    image = Image.fromarray(values[..., 0].astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(values)
    if mode not in ("RGBA", "I;16"):
        image = image.convert("RGB").convert("L" if mode == "1" else "RGB") if mode in ("1", "YCbCr", "CMYK") else image
        image = image.convert("P").convert("PA") if mode == "PA" else image.convert(mode)
    image.info["icc_profile"] = b"profile"
    result = model.restore(image).original
    assert isinstance(result, Image.Image)
    assert result.size == (7, 9)
    assert result.info["icc_profile"] == b"profile"
    expected = {"1": "L", "P": "RGBA", "PA": "RGBA", "RGBa": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}.get(mode, mode)
    assert result.mode == expected


def test_a_path_gives_a_pil_image(model, tmp_path) -> None:
    write(np.full((9, 7, 3), 0.5, np.float32), tmp_path / "a.png")
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        result = model.restore(path)
        assert isinstance(result.original, Image.Image)
        assert np.asarray(result.original)[4, 3].tolist() == [128, 128, 128]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bfloat16"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_tensor_gives_a_tensor(model, dtype, channels) -> None:
    torch = pytest.importorskip("torch")
    tensor = (torch.rand(channels, 9, 7) * (255 if dtype == "uint8" else 1)).to(getattr(torch, dtype))
    result = model.restore(tensor).original
    assert (result.dtype, result.shape, result.device) == (tensor.dtype, tensor.shape, tensor.device)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.floats(0, 1))
def test_strength_lies_between_what_was_given_and_the_original(network_file, height, width, channels, strength) -> None:
    pixels = np.random.default_rng(height).random((height, width, channels), np.float32)
    result = aigan.load(network_file("blur")).restore(pixels)
    expected = pixels - np.float32(strength) * (pixels - result.original)
    np.testing.assert_allclose(result.at_strength(strength), expected, atol=1e-6)
    np.testing.assert_allclose(result.original + result.interference, pixels, atol=1e-6)


@pytest.mark.parametrize(
    "image",
    [7, None, np.zeros((2, 2, 5)), np.zeros(4), np.zeros((0, 3)), np.zeros((2, 2), int), Image.new("F", (2, 2))],
)
def test_what_is_no_picture_is_refused_in_a_sentence(model, image) -> None:
    with pytest.raises(AiganError):
        model.restore(image)


def test_a_model_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(AiganError, match="no model"):
        aigan.load("derain-xxl")
    with pytest.raises(AiganError, match="does not exist"):
        aigan.load("nowhere.onnx")


def test_the_package_has_nothing_that_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match="rain"):
        aigan.rain  # noqa: B018


@pytest.mark.parametrize("scaled", [lambda pixels: pixels * 255, lambda pixels: pixels * 2 - 3])
def test_floats_of_another_range_are_refused(model, scaled) -> None:
    pixels = np.random.default_rng(0).random((9, 7, 3), np.float32)
    with pytest.raises(AiganError, match=r"outside \[0, 1\]"):
        model.restore(scaled(pixels))
    pixels[:4] *= 30  # highlights are none of that
    assert model.restore(pixels).original.max() > 1


@pytest.mark.parametrize(("mode", "result"), [("L", "LA"), ("RGB", "RGBA"), ("P", "RGBA")])
def test_one_transparent_colour_becomes_alpha(model, mode: str, result: str) -> None:
    image = Image.new("L", (4, 3), 9).convert(mode)
    image.info["transparency"] = {"L": 9, "RGB": (9, 9, 9), "P": 9}[mode]
    restored = model.restore(image).original
    assert restored.mode == result
    assert not np.asarray(restored)[..., -1].any()


def test_a_premultiplied_gray_image_is_read(model) -> None:
    image = Image.new("LA", (4, 3), (9, 128)).convert("La")
    assert model.restore(image).original.mode == "LA"


def test_a_pil_image_that_cannot_be_decoded_is_refused_in_a_sentence(model) -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(file, "JPEG")
    with pytest.raises(AiganError, match="cannot be decoded"):
        model.restore(Image.open(io.BytesIO(file.getvalue()[:900])))


def test_a_parameter_is_a_tensor_and_other_shapes_are_named_as_given(model) -> None:
    torch = pytest.importorskip("torch")
    assert model.restore(torch.nn.Parameter(torch.rand(3, 9, 7))).original.shape == (3, 9, 7)
    with pytest.raises(AiganError, match=r"\(9, 7, 3\).*give \(C, H, W\)"):
        model.restore(torch.rand(9, 7, 3))
