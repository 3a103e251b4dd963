"""`aigan doctor`."""

from __future__ import annotations

import typer


def doctor() -> None:
    """Say what is installed, what this machine can do and how fast, and what is missing."""
    from aigan.restore.doctor import examine

    for finding in examine():
        advice = f"  ({finding.advice})" if finding.advice else ""
        typer.echo(f"{finding.name:<16} {finding.value}{advice}")
