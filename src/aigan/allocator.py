"""What becomes of memory that a network has freed: glibc keeps it for the next layer, where it is told to."""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Have glibc keep large blocks: else it returns them, and each layer of a network faults its pages in anew.

    That can take as long again as computing does. Other C libraries are left as they are. Tiles bound what is kept.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for threshold in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            libc.mallopt(threshold, KEPT_BYTES)
