from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
import pytest

from aigan.errors import AiganError, UsageError
from aigan.pictures import read, write
from aigan.restore.pipes import piped


@pytest.fixture
def photo(tmp_path) -> Path:
    write(np.full((4, 5, 3), 0.5, np.float32), tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


def test_files_pass_through_untouched() -> None:
    with piped(["a", "b"], "out", io.BytesIO(), io.BytesIO()) as ends:
        assert ends[:2] == (["a", "b"], "out")
        assert ends.told("a: -") == "a: -"


def test_what_is_written_goes_to_standard_output(photo) -> None:
    stdout = io.BytesIO()
    with piped(["-"], "-", io.BytesIO(photo.read_bytes()), stdout) as ((source,), target, _):
        assert Path(source).read_bytes() == photo.read_bytes()
        assert target.endswith(".jpg")
        Path(target).write_bytes(b"result")
    assert stdout.getvalue() == b"result"
    assert not Path(source).exists()


def test_the_extension_may_be_chosen_and_a_file_may_go_out(photo) -> None:
    with piped([str(photo)], "-", io.BytesIO(), io.BytesIO(), ext="PNG") as ((source,), target, _):
        assert source == str(photo)
        assert target.endswith(".png")


def test_standard_input_may_go_to_a_file(photo) -> None:
    with piped(["-"], "out.png", io.BytesIO(photo.read_bytes()), io.BytesIO()) as ((source,), target, _):
        assert Path(source).read_bytes() == photo.read_bytes()
        assert target == "out.png"


def test_standard_output_takes_one_picture(photo, tmp_path) -> None:
    for inputs in ([str(photo), str(photo)], [str(tmp_path)]):
        with pytest.raises(UsageError, match="one picture"), piped(inputs, "-", io.BytesIO(), io.BytesIO()):
            pass
    stdout = io.BytesIO()
    ends = piped([str(photo)], "-", io.BytesIO(), stdout)
    _, target, _ = ends.__enter__()
    for name in ("one.png", "two.png"):
        Path(target).with_name(name).touch()
    with pytest.raises(UsageError, match="one part"):
        ends.__exit__(None, None, None)
    assert stdout.getvalue() == b""


def test_what_is_no_picture_is_said_in_a_users_words() -> None:
    with pytest.raises(AiganError) as raised:
        with_standard_input(b"text", "-")
    assert str(raised.value).startswith("standard input is not a picture")
    with pytest.raises(AiganError) as raised:
        with_standard_input(b"", "out.png")
    assert str(raised.value).startswith("standard input is empty")


def with_standard_input(data: bytes, output: str) -> None:
    with piped(["-"], output, io.BytesIO(data), io.BytesIO()) as ends:
        read(ends.inputs[0])


def test_temporary_files_are_not_named(photo) -> None:
    with piped(["-"], "-", io.BytesIO(photo.read_bytes()), io.BytesIO()) as ends:
        assert ends.told(f"{ends.inputs[0]}: to {ends.output}") == "standard input: to standard output"


@pytest.mark.parametrize(("written", "name"), [("photo.jpg", "stdin.jpg"), ("text", "stdin")])
def test_standard_input_is_called_after_its_kind(photo, tmp_path, written: str, name: str) -> None:
    (tmp_path / "text").write_bytes(b"text")
    with piped(["-"], "out", io.BytesIO((tmp_path / written).read_bytes()), io.BytesIO()) as ((source,), _, _):
        assert Path(source).name == name
        assert Path(source).read_bytes() == (tmp_path / written).read_bytes()


@pytest.mark.parametrize(
    ("raised", "seen"),
    [(OSError(errno.ENOSPC, "No space left on device"), AiganError), (BrokenPipeError(), BrokenPipeError)],
)
def test_standard_output_that_takes_no_more_is_said(photo, raised: OSError, seen: type[Exception]) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise raised

    with pytest.raises(seen), piped([str(photo)], "-", io.BytesIO(), Full()) as (_, target, _):
        Path(target).write_bytes(b"result")
