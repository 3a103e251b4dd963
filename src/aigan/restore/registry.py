"""Models by name: those that are shipped, and files of one's own.

Names are TASK[-gray|-photo]-SIZE[-int8] (DESIGN.md, section 3). Without its size a name means the size s, never int8.
"""

from __future__ import annotations

from pathlib import Path

from aigan.errors import UsageError

FOLDER = Path(__file__).parents[1] / "weights"
DEFAULT_SIZE = "s"
WEIGHTS = ".safetensors"  # what training writes, and exported networks are made from
INT8 = "-int8"  # ends the name of a variant, which has no weights of its own


def shipped() -> list[str]:
    """The names of the models that are shipped, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.onnx"))


def candidates(model: str, *, gray: bool = False) -> list[str]:
    """The names that a model's name may stand for, the first that is shipped being meant; see `find`."""
    return [*([f"{model}-gray-{DEFAULT_SIZE}"] if gray else []), model, f"{model}-{DEFAULT_SIZE}"]


def find(model: str | Path, *, gray: bool = False) -> Path:
    """The file of a model: "derain-s", "derain" for its default size, or the path of an ONNX file or of weights.

    `gray`: for a gray picture, which a name without kind and size ("denoise") answers with the gray model, if any.
    UsageError where there is none of that name.
    """
    if Path(model).suffix in (".onnx", WEIGHTS):
        if not Path(model).is_file():
            raise UsageError(f"{model} does not exist: check the name, or take one of {', '.join(shipped())}")
        return Path(model)
    for name in candidates(str(model), gray=gray):
        if name in shipped():
            return FOLDER / f"{name}.onnx"
    raise UsageError(
        f"there is no model {model}: take one of {', '.join(shipped())}, another system (bm3d, prenet ...),"
        f" or name an .onnx or {WEIGHTS} file"
    )


def unquantized(file: Path) -> Path:
    """The network beside an int8 variant of it, made from the same weights; any other file is itself."""
    return file.with_stem(file.stem.removesuffix(INT8))
