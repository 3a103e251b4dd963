"""How much memory a process may still take."""

from __future__ import annotations

import os
import re
from pathlib import Path

UNKNOWN = 2 << 30  # bytes assumed where the system does not say


def free_bytes(proc: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that is free or can be freed, in bytes; within a container, what its limit leaves."""
    return min(_system(proc), _container(cgroup))


def _system(proc: Path) -> int:
    try:
        if found := re.search(r"^MemAvailable:\s+(\d+) kB", proc.read_text(), re.MULTILINE):
            return int(found[1]) << 10
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):  # not Linux; no such value; Windows has no sysconf
        return UNKNOWN


def _container(cgroup: Path) -> int:
    try:
        limit, used = ((cgroup / name).read_text() for name in ("memory.max", "memory.current"))
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):  # no cgroup v2; "max" is no limit
        return 1 << 62
