"""What a command needs beyond the core: one line with the command that installs it."""

from __future__ import annotations

import importlib.util

from aigan.errors import AiganError


def needs(extra: str, *modules: str) -> None:
    """AiganError where one of the extra's modules is missing."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        package = missing[0].replace("_", "-")
        raise AiganError(f"this command needs {package}: install it with  pip install 'aigan[{extra}]'")
