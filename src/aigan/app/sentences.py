"""Errors that reach the page: one sentence, without a folder of the server."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gradio as gr

from aigan.errors import AiganError

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_FOLDERS = re.compile(r"(?<!\S)(?:/[^/\s]+)*/(?=\S)")


def without_folders(sentence: str) -> str:
    """ "/tmp/a1b2/cat.png is no picture" is "cat.png is no picture"."""
    return _FOLDERS.sub("", sentence)


def in_one_sentence(function: Callable[P, R]) -> Callable[P, R]:
    """A handler of the page whose errors are sentences; what nobody can mend is logged, and said to have happened."""

    @functools.wraps(function)
    def handler(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arguments, **options)
        except AiganError as error:
            raise gr.Error(without_folders(str(error)), print_exception=False) from error
        except Exception as error:
            logger.exception("%s failed", function.__name__)
            sentence = "something went wrong with this picture: try another one, or ask whoever runs this server"
            raise gr.Error(sentence, print_exception=False) from error

    return handler
