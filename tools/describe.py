r"""Writes what is known of a model into its weights' header: python tools/describe.py WEIGHTS field=value ...

    python tools/describe.py denoise-gray-s.safetensors 'limits=Above σ₂₅₅ 55 it smooths too little.' \
        'figures=[{benchmark: bsd68, degradation: sigma_255=25, psnr: 29.0}]'

Fields are those of `ModelSpec`, values are YAML. Then `aigan export` makes the ONNX file anew. An int8 variant has
figures of its own: give its ONNX file in place of weights.
"""

import sys
from pathlib import Path

import msgspec
import onnx

from aigan.decomposition import ModelSpec
from aigan.files import write_whole
from aigan.network import weights
from aigan.network.export import describe
from aigan.restore import registry
from aigan.restore.backends.onnx import read_spec


def main(path: Path, *fields: str) -> None:
    """Change these fields of the spec."""
    changes = {key: msgspec.yaml.decode(value.encode()) for key, _, value in (field.partition("=") for field in fields)}
    if path.suffix == ".onnx":
        model = onnx.load(path)
        source = registry.unquantized(path).with_suffix(registry.WEIGHTS)
        describe(model, source, _changed(read_spec(path), changes))
        write_whole(path, model.SerializeToString())
    else:
        network, spec = weights.load(path)
        weights.save(path, network, _changed(spec, changes))


def _changed(spec: ModelSpec, changes: dict[str, object]) -> ModelSpec:
    return msgspec.convert({**msgspec.to_builtins(spec), **changes}, ModelSpec)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
