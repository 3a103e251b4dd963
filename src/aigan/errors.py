"""The one error that users meet: a sentence that says what is wrong, with which file, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class AiganError(Exception):
    """What the user can mend. Its text is one sentence; the command line prints it and exits with 1."""


class UsageError(AiganError):
    """What was asked for makes no sense; nothing was begun. The command line exits with 2."""


class MissingExtra(AiganError, ImportError):
    """Something optional is not installed; its text holds the command that installs it."""


def told(text: str, names: Mapping[str, str]) -> str:
    """A message in a user's words: with the names that stand for temporary files."""
    for file, name in names.items():
        text = text.replace(file, name)
    return text


@contextmanager
def telling(names: Mapping[str, str]) -> Iterator[None]:
    """Errors of the block in a user's words; see `told`."""
    try:
        yield
    except AiganError as error:
        raise type(error)(told(str(error), names)) from error
