"""Checks of options that commands share."""

from __future__ import annotations

import math

import typer


def no_nan(value: float) -> float:
    """The value; BadParameter for nan, which lies in every range."""
    if math.isnan(value):
        raise typer.BadParameter("nan is not a number")
    return value
