r"""Writes what is known of a model into its weights' header: python tools/describe.py WEIGHTS field=value ...

    python tools/describe.py denoise-gray-s.safetensors 'limits=Above σ₂₅₅ 55 it smooths too little.' \
        'figures=[{benchmark: bsd68, degradation: sigma_255=25, psnr: 29.0}]'

Fields are those of `ModelSpec`, values are YAML. Then `aigan export` makes the ONNX file anew.
"""

import sys
from pathlib import Path

import msgspec

from aigan.decomposition import ModelSpec
from aigan.network import weights


def main(path: Path, *fields: str) -> None:
    """Change these fields of the spec."""
    network, spec = weights.load(path)
    changes = {key: msgspec.yaml.decode(value.encode()) for key, _, value in (field.partition("=") for field in fields)}
    weights.save(path, network, msgspec.convert({**msgspec.to_builtins(spec), **changes}, ModelSpec))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
