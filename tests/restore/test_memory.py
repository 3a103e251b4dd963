from __future__ import annotations

from aigan.restore.memory import UNKNOWN, free_bytes


def test_the_smaller_of_system_and_container_counts(tmp_path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  9000 kB\nMemAvailable:    2000 kB\n")
    assert free_bytes(meminfo, tmp_path) == 2000 << 10
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    assert free_bytes(meminfo, tmp_path) == 2000 << 10
    (tmp_path / "memory.max").write_text("1000\n")
    assert free_bytes(meminfo, tmp_path) == 995


def test_a_system_that_does_not_say_is_taken_for_a_small_one(tmp_path) -> None:
    assert free_bytes(tmp_path / "none", tmp_path) == UNKNOWN


def test_this_system_says() -> None:
    assert free_bytes() > 1 << 20
