"""Several machines: two on this one, each with a torchrun of its own; what they find and what they time may differ."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import torch

from aigan.errors import AiganError
from aigan.training import checkpoints
from aigan.training.engine import train
from aigan.training.processes import require_equal
from tests.training.conftest import Configure


def losses(out: Path) -> list[dict[str, float]]:
    rows = [msgspec.json.decode(line) for line in (out / "tiny" / "stats.jsonl").read_bytes().splitlines()]
    return [row["terms"] for row in rows if "terms" in row]


def test_two_machines_equal_one(configure: Configure, tmp_path: Path) -> None:
    config = configure(steps=10**6, lambda_gan=0.0, validate_every=10**6)
    (tmp_path / "tiny.yaml").write_bytes(msgspec.yaml.encode(msgspec.to_builtins(config)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    call = ["-m", "aigan", "train", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path), "--max-minutes", "0.01"]
    machines = [
        subprocess.Popen(
            [*torchrun, f"--node-rank={rank}", "--master-addr=127.0.0.1", f"--master-port={port}", *call],
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]
    said = [machine.communicate()[1].decode() for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], said
    found = checkpoints.read_newest(tmp_path / "tiny")
    assert found is not None
    steps = found[0].config.steps  # --max-minutes fixed it, for both
    assert found[0].step == steps == len(losses(tmp_path))
    train([msgspec.structs.replace(config, steps=steps)], tmp_path / "one")
    for step, (theirs, ours) in enumerate(zip(losses(tmp_path), losses(tmp_path / "one"), strict=True)):
        if step < 8:
            assert theirs == pytest.approx(ours, abs=2e-4), step
        else:  # rounding grows
            assert theirs == pytest.approx(ours, abs=2e-2), step


def test_machines_that_see_different_folders_are_told() -> None:
    fabric = SimpleNamespace(world_size=2, all_gather=lambda step: torch.stack([step, torch.tensor(0)]))
    with pytest.raises(AiganError, match="steps 0 and 300 in runs: give --out a folder"):
        require_equal(300, fabric, Path("runs"))  # type: ignore[arg-type]
    require_equal(0, fabric, Path("runs"))  # type: ignore[arg-type]
