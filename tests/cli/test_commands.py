"""Every command is there by name, and one that is asked for is built alone."""

import subprocess
import sys

import pytest
import typer

from aigan.cli.commands import COMMANDS, gather


def names(asked: str = "") -> list[str]:
    return list(typer.main.get_group(gather(asked)).commands)


def test_all_commands_are_gathered_in_order() -> None:
    assert names() == [*COMMANDS]


@pytest.mark.parametrize("asked", [*COMMANDS])
def test_a_command_is_built_alone(asked: str) -> None:
    assert names(asked) == [asked]


@pytest.mark.parametrize("asked", ["restor", "--help", "-h", "--version"])
def test_what_is_no_command_builds_all(asked: str) -> None:
    assert names(asked) == [*COMMANDS]


def test_the_program_imports_no_command_that_is_not_asked_for() -> None:
    code = (
        "import sys\nsys.argv = ['aigan', 'doctor', '--help']\nfrom aigan.cli import main\n"
        "try: main()\nexcept SystemExit: print([name for name in sys.modules if name.startswith('aigan.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['aigan.cli.commands', 'aigan.cli.doctor']"
