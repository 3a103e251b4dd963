"""What is being worked on, and when it ends: because it is done, took too long, or nobody waits for it any more."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TypeVar

from aigan.errors import AiganError

POLL_S = 0.05
T = TypeVar("T")


@dataclass(eq=False)
class Watch:
    """Over one piece of work."""

    seconds: float
    started: float = field(default_factory=time.monotonic)
    stopped: bool = False

    def restart(self) -> None:
        """Give the next part of the work as much time."""
        self.started = time.monotonic()

    def check(self) -> None:
        """AiganError where the work was stopped or its time is over; to be called every now and then."""
        if self.stopped:
            raise AiganError("stopped: nothing was kept")
        if time.monotonic() - self.started > self.seconds:
            raise AiganError(f"this takes longer than the {self.seconds:g} s that are allowed: take a smaller picture")


class Work:
    """All that is under way, by the session that asked for it."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._watches: dict[str, list[Watch]] = {}

    @contextmanager
    def under_way(self, session: str) -> Iterator[Watch]:
        """A watch over what is done in the block."""
        watch = Watch(self._seconds)
        self._watches.setdefault(session, []).append(watch)
        try:
            yield watch
        finally:
            self._watches[session].remove(watch)
            if not self._watches[session]:
                self._watches.pop(session, None)

    def stop(self, session: str) -> None:
        """Stop what is done for a session, at its next check."""
        for watch in self._watches.get(session, ()):
            watch.stopped = True


def in_process(function: Callable[..., T], *arguments: object, watch: Watch) -> T:
    """What a function of a module returns, called in a process of its own: for what never asks whether to go on.

    The process ends with the watch. AiganError also where the function raises it, or where its process dies.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    try:
        while not receiver.poll(POLL_S):
            watch.check()
        value, error = receiver.recv()
    except EOFError as gone:
        raise AiganError("this needs more memory than there is: take a smaller picture") from gone
    finally:
        process.kill()
        process.join()
        receiver.close()
    if error:
        raise AiganError(error)
    return value  # type: ignore[no-any-return]


def _answer(sender: Connection, function: Callable[..., T], arguments: tuple[object, ...]) -> None:
    try:
        sender.send((function(*arguments), ""))
    except AiganError as error:
        sender.send((None, str(error)))
