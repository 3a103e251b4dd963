"""AI-GAN: decomposes a degraded photograph into the original and its interference (rain, haze, noise)."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aigan.restore.api import load

__all__ = ["load"]
__version__ = "0.1.0"

# From 1.29 on ONNX Runtime reports to its maker over the network, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def __getattr__(name: str) -> Any:
    """`load` is imported when it is first used, so that `import aigan` takes no time."""
    if name == "load":
        from aigan.restore.api import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
