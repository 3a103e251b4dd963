from __future__ import annotations

from pathlib import Path

import pytest

from aigan.baselines.registry import BASELINES
from aigan.errors import AiganError, UsageError
from aigan.evaluate.benchmarks import find_benchmark
from aigan.evaluate.measure import INPUT
from aigan.evaluate.plan import Cell, read_paper, read_plan
from aigan.restore import registry

CONFIGS = sorted((Path(__file__).parents[2] / "configs/benchmark").glob("table*.yaml"))
TASKS = {"table1": "derain", "table2": "dehaze", "table3": "denoise"}


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_papers_tables_name_what_there_is(path: Path) -> None:
    plan = read_plan(path)
    paper = read_paper(path, plan)
    assert plan.name == path.stem
    for cell in plan.cells():
        model, _ = plan.method(cell.method).opens(cell.benchmark, cell.sigma_255)
        assert model in {INPUT, *BASELINES, *registry.shipped()}
    of_the_task = {name for name, baseline in BASELINES.items() if baseline.task == TASKS[plan.name]}
    classical = {name for name in of_the_task if not BASELINES[name].learned}
    assert classical < {method.name for method in plan.methods}
    for benchmark in plan.benchmarks:
        assert paper.find("AI-GAN", benchmark.paper, benchmark.sigmas[-1])
    for sheet in plan.sheets:
        assert not sheet.clean or (path.parent / sheet.clean).is_file()
        assert not sheet.degraded or (path.parent / sheet.degraded).is_file()
        assert not sheet.benchmark or find_benchmark(sheet.benchmark)


def test_cells_are_methods_times_benchmarks_times_noise(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.yaml",
        """
        name: t
        title: T
        seed: 5
        benchmarks: [{name: set12, title: Set12, sigma_255: [15, 25]}, {name: polyu, title: PolyU}]
        methods: [{name: input}, {name: denoise-s, benchmarks: [polyu], every: 10}]
        """,
    )
    plan = read_plan(path)
    assert list(plan.cells()) == [
        Cell("input", "set12", 15, 5, 1),
        Cell("input", "set12", 25, 5, 1),
        Cell("input", "polyu", None, None, 1),
        Cell("denoise-s", "polyu", None, None, 10),
    ]
    assert not read_paper(path, plan).systems


def test_weights_are_found_from_the_configuration_for_each_cell(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.yaml",
        """
        name: t
        title: T
        benchmarks: [{name: set12, title: Set12, sigma_255: [15, 2.5]}]
        methods:
          - {name: published, model: dncnn-s, weights: "w/s{sigma_255}_{benchmark}.safetensors"}
          - {name: dncnn-b}
        """,
    )
    plan = read_plan(path)
    opens = [plan.method(cell.method).opens(cell.benchmark, cell.sigma_255) for cell in plan.cells()]
    assert opens == [
        ("dncnn-s", tmp_path / "w/s15_set12.safetensors"),
        ("dncnn-s", tmp_path / "w/s2.5_set12.safetensors"),
        ("dncnn-b", None),
        ("dncnn-b", None),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: t", "title"),
        ("name: [", "t.yaml: "),
        (
            "{name: t, title: T, methods: [{name: input}], benchmarks: [{name: rain12, title: R}]}",
            "no benchmark rain12",
        ),
        ("{name: t, title: T, methods: [{name: input}], benchmarks: [{name: set12, title: S}]}", "set12: sigma_255 is"),
        (
            "{name: t, title: T, methods: [{name: input, evry: 2}], benchmarks: [{name: polyu, title: P}]}",
            "evry.*methods",
        ),
        (
            "{name: t, title: T, methods: [{name: input}], benchmarks: [{name: polyu, title: P}], "
            "sheets: [{name: s, crops: []}]}",
            "s: name either",
        ),
        (
            "{name: t, title: T, methods: [{name: input}, {name: input}], benchmarks: [{name: polyu, title: P}]}",
            "among the methods, input is there twice",
        ),
        (
            "{name: t, title: T, methods: [{name: input, benchmarks: [set12]}], benchmarks: [{name: polyu, title: P}]}",
            "input is for set12, which is not among",
        ),
        (
            "{name: t, title: T, methods: [{name: input}, {name: a, label: input}], "
            "benchmarks: [{name: polyu, title: P}]}",
            "among the labels on polyu, input is there twice",
        ),
        (
            "{name: t, title: T, methods: [{name: input}], benchmarks: [{name: set12, title: S, sigma_255: [5, 5]}]}",
            "among the strengths of noise of set12, 5.0 is there twice",
        ),
        (
            "{name: t, title: T, methods: [{name: input}], benchmarks: [{name: polyu, title: P}], "
            "sheets: [{name: s, crops: [], clean: a.png, methods: [b]}]}",
            "s: there is no method b",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(AiganError, match=words):
        read_plan(write(tmp_path / "t.yaml", text))


def test_what_the_paper_does_not_have_is_said(tmp_path: Path) -> None:
    text = "{name: t, title: T, methods: [{name: input, paper: %s}], benchmarks: [{name: polyu, title: P, paper: %s}]}"
    write(tmp_path / "paper.yaml", "t: {systems: {A: [{set: S, psnr: 30, ssim: 0.9}]}}")
    path = write(tmp_path / "t.yaml", text % ("A", "S"))
    assert read_paper(path, read_plan(path)).find("A", "S", None)
    for system, of, words in (("B", "S", "input is beside B"), ("A", "R", "polyu is beside R")):
        path = write(tmp_path / "t.yaml", text % (system, of))
        with pytest.raises(AiganError, match=words):
            read_paper(path, read_plan(path))


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"t\.yaml.*configs/benchmark"):
        read_plan(tmp_path / "t.yaml")
    with pytest.raises(UsageError, match=r"directory.*configs/benchmark"):
        read_plan(tmp_path)
