"""What a table of the paper wants measured: methods, benchmarks and, beside them, what the paper prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from aigan.errors import AiganError, UsageError
from aigan.evaluate.benchmarks import find_benchmark

Count = Annotated[int, msgspec.Meta(ge=1)]
Sigma = Annotated[float, msgspec.Meta(gt=0, le=255)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Box = tuple[int, int, int, int]  # left, top, width, height in px
Kind = TypeVar("Kind")


class Method(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system. `paper`: its name in the paper, or the one that it is compared with.

    `weights`: a file, with its path from the configuration's folder; {benchmark} and {sigma_255} in it stand for those
    of the cell, where each has weights of its own.
    """

    name: str
    model: str = ""  # as `aigan evaluate` takes it; else its name
    weights: str = ""
    label: str = ""  # in tables; else its name
    paper: str = ""
    benchmarks: tuple[str, ...] = ()  # on these only; on all where empty
    every: Count = 1  # measured on every so many-th picture by name

    @property
    def shown(self) -> str:
        """What tables call it."""
        return self.label or self.name

    def opens(self, benchmark: str, sigma_255: float | None) -> Opens:
        """The model and the file of weights, if one is named, for pictures of a benchmark."""
        weights = self.weights.replace("{benchmark}", benchmark).replace("{sigma_255}", f"{sigma_255 or 0:g}")
        return Opens(self.model or self.name, Path(weights) if weights else None)


class Opens(NamedTuple):
    """What is opened to measure a cell, as `aigan evaluate` takes it."""

    model: str
    weights: Path | None


class Set(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A benchmark. `paper`: the set that the paper's figures beside it are of."""

    name: str
    title: str
    sigma_255: tuple[Sigma, ...] = ()  # of the noise, where some is added
    paper: str = ""

    @property
    def sigmas(self) -> tuple[float | None, ...]:
        """Once for each strength of the noise; once where none is added."""
        return self.sigma_255 or (None,)

    def __post_init__(self) -> None:
        if (find_benchmark(self.name).degraded == "noise") != bool(self.sigma_255):
            raise ValueError(f"{self.name}: sigma_255 is for benchmarks to which noise is added, and only for these")


class Sheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A comparison of pictures, with parts of them enlarged.

    Of a picture of a benchmark of the table, or of files, with paths from the configuration's folder: `clean`, and
    `degraded` or else noise of `sigma_255`.
    """

    name: Name
    crops: tuple[Box, ...]
    benchmark: str = ""
    picture: str = ""
    clean: str = ""
    degraded: str = ""
    sigma_255: Sigma = 25
    methods: tuple[str, ...] = ()  # these only; all that the table has for such pictures where empty

    def __post_init__(self) -> None:
        if bool(self.benchmark and self.picture) == bool(self.clean):
            raise ValueError(f"{self.name}: name either benchmark and picture, or clean")


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table: every method on every benchmark."""

    name: Name
    title: str
    benchmarks: Annotated[tuple[Set, ...], msgspec.Meta(min_length=1)]
    methods: Annotated[tuple[Method, ...], msgspec.Meta(min_length=1)]
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0  # of the noise
    remarks: tuple[str, ...] = ()  # below the table
    sheets: tuple[Sheet, ...] = ()

    def __post_init__(self) -> None:
        wanted = [benchmark.name for benchmark in self.benchmarks]
        _alone("methods", [method.name for method in self.methods])
        _alone("benchmarks", wanted)
        for method in self.methods:
            if unknown := sorted({*method.benchmarks} - {*wanted}):
                raise ValueError(f"{method.name} is for {unknown[0]}, which is not among the benchmarks")
        for benchmark in self.benchmarks:
            _alone(f"strengths of noise of {benchmark.name}", benchmark.sigma_255)
            shown = [method.shown for method in self.methods if benchmark.name in (method.benchmarks or wanted)]
            _alone(f"labels on {benchmark.name}", shown)
        for sheet in self.sheets:
            if unknown := sorted({*sheet.methods} - {method.name for method in self.methods}):
                raise ValueError(f"{sheet.name}: there is no method {unknown[0]} among the methods")

    def method(self, name: str) -> Method:
        """The method of that name."""
        return next(method for method in self.methods if method.name == name)

    def cells(self) -> Iterator[Cell]:
        """What is to be measured, in the order of the configuration."""
        for method in self.methods:
            for benchmark in self.benchmarks:
                if benchmark.name in (method.benchmarks or [benchmark.name]):
                    for sigma_255 in benchmark.sigmas:
                        seed = None if sigma_255 is None else self.seed
                        yield Cell(method.name, benchmark.name, sigma_255, seed, method.every)


def _alone(what: str, names: Sequence[object]) -> None:
    """ValueError where a name is there twice: rows and lines of tables are found by it."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"among the {what}, {name} is there twice")


class Cell(NamedTuple):
    """A method on every `every`-th picture of a benchmark, with one strength of noise: what one row is of."""

    method: str
    benchmark: str
    sigma_255: float | None
    seed: int | None
    every: int

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.method} on {self.benchmark}" + (f", σ {self.sigma_255:g}" if self.sigma_255 else "")


class PaperFigure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the paper prints for a system on a set."""

    set: str
    psnr: float
    ssim: float
    sigma_255: Sigma | None = None


class PaperTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table as the paper prints it, and what is to be said of it."""

    systems: dict[str, tuple[PaperFigure, ...]]
    remarks: tuple[str, ...] = ()

    def find(self, system: str, set_name: str, sigma_255: float | None) -> PaperFigure | None:
        """The figure of a system, if the paper has it."""
        figures = self.systems.get(system, ())
        return next((one for one in figures if (one.set, one.sigma_255) == (set_name, sigma_255)), None)


PAPER = "paper.yaml"  # beside the configurations


def read_plan(path: Path) -> Plan:
    """Read a configuration; its weights have paths from here. AiganError says which key is wrong."""
    plan = _read_yaml(path, Plan)
    methods = (
        msgspec.structs.replace(method, weights=str(path.parent / method.weights)) if method.weights else method
        for method in plan.methods
    )
    return msgspec.structs.replace(plan, methods=tuple(methods))


def read_paper(path: Path, plan: Plan) -> PaperTable:
    """What the paper prints of a table, from the file beside its configuration; nothing without it.

    AiganError where the configuration names a system or a set of the paper that is not there.
    """
    file = path.with_name(PAPER)
    tables = _read_yaml(file, dict[str, PaperTable]) if file.exists() else {}
    paper = tables.get(plan.name, PaperTable(systems={}))
    sets = {figure.set for figures in paper.systems.values() for figure in figures}
    for named, known in ((plan.methods, {*paper.systems}), (plan.benchmarks, sets)):
        for one in named:
            if one.paper and one.paper not in known:
                raise AiganError(
                    f"{path}: {one.name} is beside {one.paper}, of which {file} has nothing in {plan.name}"
                )
    return paper


def _read_yaml(path: Path, kind: type[Kind]) -> Kind:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise UsageError(
            f"{path}: there is no such configuration ({error.strerror}); those of the paper are in configs/benchmark"
        ) from None
    except (msgspec.DecodeError, AiganError) as error:
        raise AiganError(f"{path}: {' '.join(str(error).split())}") from None
