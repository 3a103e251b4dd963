"""What progress bars show of things that are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


def counted() -> tuple[ProgressColumn, ...]:
    """Name, bar, how many of how many, the time that they took and the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    name = TextColumn("{task.description}")
    return name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
