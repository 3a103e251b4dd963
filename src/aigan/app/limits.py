"""What one user may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`megabytes` of an upload, `megapixels` of a picture, `seconds` of work, requests `waiting` at the same time."""

    megabytes: int = 64
    megapixels: int = 32
    seconds: float = 120
    waiting: int = 32

    @property
    def pixels(self) -> int:
        """Of a picture that is restored."""
        return self.megapixels * 1_000_000

    @property
    def pixels_in_memory(self) -> int:
        """Of a picture that is degraded or compared, which needs it whole, and several times."""
        return min(self.megapixels, 4) * 1_000_000
