"""What a study consists of, as it lies in its folder: methods, pictures under names that say nothing, and the texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec

from aigan.decomposition import Task
from aigan.errors import AiganError, UsageError

MANIFEST, PICTURES, BALLOTS, INVITATIONS = "study.json", "pictures", "ballots.sqlite3", "invitations.txt"
HOST, PORT = "127.0.0.1", 8000  # where a study is served if nothing else is said
LONGEST_NAME = 64  # of a method
LETTERS = "ABCDEFGHI"  # what assessors call the results; a key each, 1 to 9

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Side = Annotated[int, msgspec.Meta(ge=1)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Method(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What assessors compare. `source`: the model, the baseline or the folder of ready pictures, as given."""

    name: Name
    source: str


class Shown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture and what the methods make of it. An Id is the name of a file in pictures/, without the extension."""

    name: str  # below the folder it was taken from
    width: Side
    height: Side
    degraded: Id
    outputs: dict[str, Id]  # by the name of the method


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`study.json`. `consent` and `question` are shown to the assessors as they stand, and may be edited until the
    first of them comes.
    """

    task: Task
    question: Text
    consent: Text
    methods: Annotated[tuple[Method, ...], msgspec.Meta(min_length=2, max_length=len(LETTERS))]
    pictures: Annotated[tuple[Shown, ...], msgspec.Meta(min_length=1)]
    made_by: str  # the version of aigan

    def __post_init__(self) -> None:
        names = set(self.names)
        if len(names) < len(self.methods) or any(set(shown.outputs) != names for shown in self.pictures):
            raise ValueError("each method must have one name, and one output of every picture")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the methods."""
        return tuple(method.name for method in self.methods)


def read_study(folder: Path) -> Study:
    """Read a study's manifest. AiganError says what is wrong with it, UsageError that there is none."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Study)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{folder} holds no study: make one with `aigan study create`") from None
    except (OSError, msgspec.DecodeError) as error:
        raise AiganError(
            f"{path} is damaged ({' '.join(str(error).split())}): mend it or make the study anew"
        ) from None


def picture_file(folder: Path, name: str) -> Path:
    """The file of an Id."""
    return folder / PICTURES / f"{name}.png"


def pictures_for(study: Study, seed: str) -> list[Shown]:
    """The pictures in the order in which an assessor sees them."""
    by_id = {shown.degraded: shown for shown in study.pictures}
    return [by_id[name] for name in _shuffled(by_id, seed)]


def methods_for(shown: Shown, seed: str) -> list[str]:
    """The methods in the order, A B C ..., in which an assessor sees their results of a picture."""
    by_id = {name: method for method, name in shown.outputs.items()}
    return [by_id[name] for name in _shuffled(by_id, seed)]


def _shuffled(names: Iterable[str], seed: str) -> list[str]:
    """In an order that is a function of `seed` and the names alone, the same in every version of Python."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
