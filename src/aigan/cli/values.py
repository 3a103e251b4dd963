"""Checks of options that commands share."""

from __future__ import annotations

import math
from typing import TypeVar

import typer

Number = TypeVar("Number", float, float | None)


def no_nan(value: Number) -> Number:
    """The value; BadParameter for nan, which lies in every range."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan is not a number")
    return value
