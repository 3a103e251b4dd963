"""What the documentation shows is true: its Python runs, its commands parse, its links lead somewhere."""

from __future__ import annotations

import doctest
import functools
import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from aigan.cli.commands import gather
from aigan.evaluate.benchmarks import find_benchmark
from aigan.restore import registry
from aigan.restore.backends.onnx import read_spec

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted(DOCS.glob("*.md"))]
NEEDS_SERVER = {"app.md"}  # tests/app/test_docs.py runs its code

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^(?:    .*)?\n)+", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`(aigan [^`]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with examples/ in it, as a reader has."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name not in NEEDS_SERVER and re.search(r"```python|>>> ", text_of(page))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_python_of_a_page_runs(page: Path, folder: Path) -> None:
    """Fenced blocks of Python, and sessions with >>>, in order and with common names."""
    text = text_of(page)
    sessions = INDENTED.sub(lambda block: block[0] if ">>> " in block[0] else "\n", FENCED.sub("", text))
    names: dict[str, object] = {"__name__": page.stem}
    blocks = [code for language, code in FENCED.findall(text) if language == "python"]
    for block in blocks:
        if ">>> " not in block:
            exec(compile(block, str(page), "exec"), names)
    session = "\n".join([sessions, *(block for block in blocks if ">>> " in block)])
    test = doctest.DocTestParser().get_doctest(session, names, page.name, str(page), 0)
    outcome = doctest.DocTestRunner(verbose=False).run(test)
    assert outcome.failed == 0
    assert blocks or outcome.attempted


def commands(text: str) -> Iterator[tuple[list[str], bool]]:
    """The words of each `aigan` command that a page shows, and whether it is shown in full (in a block of code)."""
    lines = "\n".join(re.findall(r"^    .*$", FENCED.sub("", text), re.MULTILINE))
    shell = "\n".join(code for language, code in FENCED.findall(text) if language in ("bash", "console", "sh"))
    for line in f"{lines}\n{shell}".replace("\\\n", " ").splitlines():
        if re.search(r"(^|[\s;|])aigan ", line) and not line.lstrip().startswith((">>>", "...", "{", "#")):
            yield from ((words, True) for words in _aigan(line))
    for inline in INLINE.findall(text):
        yield from ((words, False) for words in _aigan(" ".join(inline.split())))


def _aigan(line: str) -> Iterator[list[str]]:
    """The arguments of `aigan` in each part of a shell's line: between pipes, up to redirections and comments."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|;&>"):
            if "aigan" in words:
                yield words[words.index("aigan") + 1 :]
            words = []
        else:
            words.append(word)


@functools.cache
def idle_app() -> Any:
    """The command line, of which no command does anything but read its arguments."""
    command = typer.main.get_command(gather())
    groups = [command]
    for group in groups:
        group.callback = lambda **values: None
        groups.extend(getattr(group, "commands", {}).values())
    return command


def problem(words: list[str], *, whole: bool) -> str:
    """Why the command line does not take the words, or ""; files need not exist, nor all be there if not `whole`."""
    try:
        idle_app().main(args=words, prog_name="aigan", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):  # of click's usage errors, and of typer's own copy of them
            raise
        incomplete = type(error).__name__ in ("MissingParameter", "NoArgsIsHelpError")
        message = str(error.format_message())
        return "" if (incomplete and not whole) or "does not exist" in message else message
    return ""


@pages
def test_the_commands_of_a_page_parse(page: Path) -> None:
    problems = {" ".join(words): problem(words, whole=whole) for words, whole in commands(text_of(page))}
    assert {words: wrong for words, wrong in problems.items() if wrong} == {}


def test_commands_are_found_and_judged() -> None:
    text = (
        "    cat a.jpg | aigan restore - -o - --task denoise > b.jpg  # aigan nonsense\n"
        "    aigan restore a.jpg --colour blue \\\n        -o b.jpg\n\nSay `aigan restore --strength`, `aigan sing`.\n"
    )
    found = list(commands(text))
    assert [whole for _, whole in found] == [True, True, False, False]
    assert found[0][0] == ["restore", "-", "-o", "-", "--task", "denoise"]
    assert [bool(problem(words, whole=whole)) for words, whole in found] == [False, True, True, True]


@pages
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    lost = []
    for match in LINK.findall(FENCED.sub("", text_of(page))):
        target = match[0] or match[1]
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = page.parent / path if path else page
        if not file.is_file() or (anchor and anchor not in anchors(text_of(file))):
            lost.append(target)
    assert lost == []


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="session")
def model_cards() -> Any:
    """docs/model_cards.py."""
    spec = importlib.util.spec_from_file_location("model_cards", DOCS / "model_cards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_the_figures_of_the_cards(model_cards: Any) -> None:
    text = text_of(ROOT / "README.md")
    assert model_cards.with_figures(text) == text, "run python docs/model_cards.py"
    for name in registry.shipped():
        assert f"| `{name}` |" in text


def test_each_card_has_what_the_header_has(model_cards: Any) -> None:
    for name in registry.shipped():
        spec = read_spec(registry.find(name))
        card = model_cards.card(spec, 2.6)
        for text in (spec.data_terms, spec.limits, spec.licence, *spec.training_data):
            assert text in card
        for figure in spec.figures:
            assert find_benchmark(figure.benchmark).pictures in card
        assert [problem(words, whole=whole) for words, whole in commands(card) if problem(words, whole=whole)] == []
