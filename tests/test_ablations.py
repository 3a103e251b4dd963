"""The ablations: what is compared is matched, runs are done once, and the tables say what is not run."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import msgspec
import pytest

torch = pytest.importorskip("torch")

from aigan.evaluate.measure import Item, Protocol, Scores  # noqa: E402
from aigan.evaluate.plan import read_paper, read_plan  # noqa: E402
from aigan.network.presets import NetworkConfig, build  # noqa: E402
from tests.tools import load_tool  # noqa: E402

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def ablations() -> ModuleType:
    return load_tool("ablations")


@pytest.mark.parametrize("task", ["derain", "denoise"])
def test_one_branch_equals_ai_gan_in_parameters_or_in_compute(ablations: ModuleType, task: str) -> None:
    specs = {name: ablations.describe(ablations.ablation(task, name).read()) for name in ablations.VARIANTS}
    ours = specs["ai-gan"]
    for name in ("s-gan", "one-branch", "d-gan", "ai-cnn"):
        assert specs[name].parameters == pytest.approx(ours.parameters, rel=0.02)
    for name in ("s-gan-wide", "one-branch-wide", "d-gan", "ai-cnn"):
        assert specs[name].kmac_per_px == pytest.approx(ours.kmac_per_px, rel=0.02)


def test_each_variant_is_what_its_name_says(ablations: ModuleType) -> None:
    read = {name: ablations.ablation("derain", name).read() for name in ablations.VARIANTS}
    assert {name for name, config in read.items() if config.branches == 1} == {
        "s-gan", "s-gan-wide", "one-branch", "one-branch-wide"
    }  # fmt: skip
    assert {name for name, config in read.items() if not config.network.exchange} == {"d-gan"}
    without = {"ai-cnn", "one-branch", "one-branch-wide", "ai-cnn-square"}
    assert {name: config.lambda_gan for name, config in read.items()} == {
        name: 0.0 if name in without else 0.8 for name in read
    }
    for config in read.values():  # and nothing else differs
        assert (config.stages, config.sources, config.optimiser) == (
            read["ai-gan"].stages, read["ai-gan"].sources, read["ai-gan"].optimiser
        )  # fmt: skip


def test_budgets_and_seeds(ablations: ModuleType) -> None:
    jobs = ablations.ablations()
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        config = job.read()
        pixels = sum(config.steps * stage.share * stage.batch * stage.crop**2 for stage in config.stages)
        assert pixels == pytest.approx(job.mpx * 1e6, rel=1e-3)
    matched = {name for name in ablations.VARIANTS if "square" not in name}
    for name in matched:
        seeds = [job.read().seed for job in jobs if job.name.startswith(f"derain-{name}-100mpx")]
        assert seeds == [0, 1, 2]


def test_every_peer_is_a_method_of_its_table(ablations: ModuleType) -> None:
    for job in ablations.peers():
        method = read_plan(ROOT / f"configs/benchmark/{job.table}.yaml").method(job.name)
        assert method.model == job.read().peer.system
        assert Path(method.weights).parts[-3:] == ("runs", job.name, f"{job.name}.safetensors")
        assert job.benchmarks
        assert {name for name, _ in job.benchmarks} <= set(
            job.read().benchmarks
        )  # so data with their scenes is refused


def test_ablations_in_the_papers_table_are_those_runs(ablations: ModuleType) -> None:
    plan = read_plan(ROOT / "configs/benchmark/table1.yaml")
    for name in ("s-gan", "d-gan", "ai-cnn", "ai-gan"):
        assert Path(plan.method(name).weights).stem == ablations.ablation("derain", name).name


def test_estimates_of_the_original(ablations: ModuleType) -> None:
    small = NetworkConfig(widths=(4, 4), encode_blocks=(1, 1), decode_blocks=(1,), generator_width=4)
    I = torch.rand(1, 3, 16, 16)
    found = ablations.estimates_of(build(small), I)
    assert list(found) == ["fused", "ŷ_O", "ỹ_O", "I − ŷ_T"]
    assert torch.equal(found["fused"], found["ỹ_O"])  # step2 is the fusion of plus
    assert list(ablations.estimates_of(build(msgspec.structs.replace(small, branches=1)), I)) == ["fused", "ŷ_O"]


def row(ablations: ModuleType, job: str, benchmark: str, psnr: float) -> object:
    scores = {"psnr": psnr - 1, "ssim": 0.9, "psnr_y": psnr, "ssim_y": 0.9, "seconds": 1.0, "cpu_seconds": 1.0}
    protocol = Protocol(pictures="", degraded="as published", sigma_255=None, seed=None, restored="", measured_on="Y")
    spent = {"seconds": 1.0, "cpu_seconds": 1.0, "train_seconds": 60.0, "train_cpu_seconds": 120.0}
    return ablations.Trained(
        model=job,
        benchmark=benchmark,
        protocol=protocol,
        n=1,
        mean=Scores(**scores),
        items=(Item(name="a", **scores),),
        method=job,
        identity="",
        every=1,
        version="0",
        commit="c",
        machine="m",
        peak_memory_bytes=None,
        steps=1,
        pixels=10**8,
        parameters=1,
        kmac_per_px=1.0,
        estimates={"ŷ_O": Scores(**{**scores, "psnr_y": psnr - 0.1})},
        **spent,
    )


def test_tables_have_mean_spread_gain_and_what_is_not_run(ablations: ModuleType, tmp_path: Path) -> None:
    figures = {"ai-gan": (36.0, 36.2, 36.4), "s-gan": (35.9, 36.0)}
    rows = {}
    for name, psnrs in figures.items():
        for seed, psnr in enumerate(psnrs):
            one = row(ablations, ablations.ablation("derain", name, seed=seed).name, "rain100l", psnr)
            rows[one.method, "rain100l", None] = one  # type: ignore[attr-defined]
    table1 = ROOT / "configs/benchmark/table1.yaml"
    paper = read_paper(table1, read_plan(table1))
    lines = ablations.ablation_tables(rows, paper).splitlines()
    ours = next(line for line in lines if line.startswith("| AI-GAN |"))
    assert ours.split(" | ")[3:7] == ["2", "3 of 3", "36.20 ± 0.20", "–"]
    single = next(line for line in lines if line.startswith("| S-GAN: one branch; equal parameters"))
    assert single.split(" | ")[4:8] == ["2 of 3", "35.95 ± 0.07", "+0.15 ± 0.07", "35.07 (+2.49)"]
    assert single.split(" | ")[8] == "not run"
    estimates = next(line for line in lines if line.startswith("| derain-s-gan-100mpx-s1 "))
    assert estimates == "| derain-s-gan-100mpx-s1 | rain100l | 35.90 | – | – | 36.00 |"
    file = tmp_path / "rows.jsonl"
    ablations.write_rows(file, rows.values())
    assert ablations.read(file) == rows


def test_a_run_is_trained_once_and_measured_where_rows_are_missing(
    ablations: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(configs: list[object], out: Path, **options: object) -> list[Path]:
        raise ablations.AiganError("trained")

    monkeypatch.setattr(ablations, "train", trained)
    monkeypatch.setenv("AIGAN_DATA", str(tmp_path))
    document = tmp_path / "doc.md"
    document.write_text("<!-- ablations -->\n<!-- end of ablations -->\n")
    name = ablations.ablation("denoise", "ai-gan").name
    done = row(ablations, name, "cbsd68", 30.0)
    done = msgspec.structs.replace(done, protocol=msgspec.structs.replace(done.protocol, sigma_255=25.0))  # type: ignore[type-var,attr-defined]
    ablations.write_rows(tmp_path / "ablations.rows.jsonl", [done])
    where = ["--rows", str(tmp_path), "--document", str(document), "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        ablations.main(["--run", "--only", name, *where])
    assert ended.value.code == 0  # nothing was left to be done
    assert "not run" in document.read_text()
    with pytest.raises(SystemExit) as ended:
        ablations.main(["--run", "--only", "denoise-ai-cnn", *where])
    assert ended.value.code == 1


def test_train_takes_side_by_side_what_is_not_trained(
    ablations: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[list[str]] = []
    monkeypatch.setattr(ablations, "train", lambda configs, out, **_: taken.append([one.name for one in configs]))
    job = ablations.ablation("denoise", "ai-gan")
    other = ablations.ablation("denoise", "ai-gan", mpx=300).name
    arguments = ["--train", "--only", job.name, other, "--out", str(tmp_path)]
    ablations.main(arguments)
    assert taken.pop() == [job.name, other]
    folder = tmp_path / job.name
    folder.mkdir()
    (folder / f"{job.name}.safetensors").touch()
    last = {"step": job.read().steps, "pixels": 100_000_000, "seconds": 60.0, "cpu_seconds": 50.0}
    lines = [{"step": 10, "pixels": 1}, last, {"step": last["step"], "validation": {}}]
    (folder / "stats.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)) + b"\n")
    assert ablations.last_step(folder) == ablations.Spent(**last)
    ablations.main(arguments)
    assert taken.pop() == [other]
    lines[1]["step"] -= 1
    (folder / "stats.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines[:2])) + b"\n")
    assert not ablations.is_trained(job, tmp_path)
    with pytest.raises(SystemExit):
        ablations.main(["--train", "--peers", "--out", str(tmp_path)])
    assert not taken
