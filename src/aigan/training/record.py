"""What a run writes down as it goes: `stats.jsonl`, a row a line, and the same for TensorBoard."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from torch.utils.tensorboard import SummaryWriter

from aigan.files import make_folder, writable


class Record:
    """Rows of a run. After a resume, rows beyond the checkpoint are dropped: those steps come again.

    AiganError where they cannot be written.
    """

    def __init__(self, out: Path, *, first_step: int) -> None:
        make_folder(out)
        self.path = out / "stats.jsonl"
        if self.path.exists():
            lines = self.path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if line.endswith(b"\n") and msgspec.json.decode(line)["step"] <= first_step]
            with writable(self.path):
                self.path.write_bytes(b"".join(kept))
        with writable(out):
            self._board = SummaryWriter(str(out / "tensorboard"), purge_step=first_step or None)

    def step(
        self, step: int, terms: dict[str, float], *, pixels: int, seconds: float, cpu_seconds: float, crop: int
    ) -> None:
        """The terms of a step; pixels, seconds and those of processor time so far; the side of the crops."""
        spent = {"seconds": round(seconds, 2), "cpu_seconds": round(cpu_seconds, 2)}
        self._write({"step": step, "pixels": pixels, **spent, "crop": crop, "terms": terms})
        self._show("terms", terms, step)

    def validation(self, step: int, figures: dict[str, float]) -> None:
        """PSNR in dB on each set of held-out pictures."""
        self._write({"step": step, "time": round(time.time()), "validation": figures})
        self._show("validation", figures, step)

    def close(self) -> None:
        """Close TensorBoard's file."""
        self._board.close()

    def _show(self, what: str, values: dict[str, float], step: int) -> None:
        with writable(self.path.with_name("tensorboard")):
            for name, value in values.items():
                self._board.add_scalar(f"{what}/{name}", value, step)

    def _write(self, row: dict[str, object]) -> None:
        with writable(self.path), self.path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
