import socket

import pytest
from typer.testing import CliRunner

from aigan.app.limits import Limits
from aigan.app.sentences import without_folders
from aigan.cli.commands import gather
from aigan.errors import AiganError


def test_help_says_where_and_how_much() -> None:
    told = CliRunner().invoke(gather(), ["app", "--help"], terminal_width=200).output
    for option, default in (("--host", "127.0.0.1"), ("--port", "7860"), ("--max-megapixels", "32")):
        assert option in told
        assert default in told
    assert "[default: no-share]" not in told


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = CliRunner().invoke(gather(), ["app"])
    assert isinstance(result.exception, AiganError)
    assert str(result.exception) == "this command needs gradio: install it with  pip install 'aigan[app]'"


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(gather(), ["app", "--port", str(port)])
    assert isinstance(result.exception, AiganError)
    assert str(result.exception).startswith(f"port {port} of 127.0.0.1 cannot be used")


def test_limits() -> None:
    assert Limits(megapixels=32).pixels == 32_000_000
    assert Limits(megapixels=32).pixels_in_memory == 4_000_000
    assert Limits(megapixels=1).pixels_in_memory == 1_000_000


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("/tmp/a1/b2/cat.png is no picture", "cat.png is no picture"),
        ("/tmp/a1/my cat.png: cut or scale it", "my cat.png: cut or scale it"),
        ("neither rain and/or haze", "neither rain and/or haze"),
    ],
)
def test_folders_are_not_shown(sentence: str, told: str) -> None:
    assert without_folders(sentence) == told
