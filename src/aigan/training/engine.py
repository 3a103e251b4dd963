"""The training engine: `train` is the loop, `Run` is one network in training; several run side by side in one process.

On CUDA the whole step (sampling, degradation, all phases, the average of the weights) is captured as one graph, on a
stream of the run's own; elsewhere the same functions run as they are.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from aigan.baselines.learned import restorer
from aigan.data.sampler import Sampler
from aigan.data.sources import Stores, make_source
from aigan.errors import AiganError, UsageError
from aigan.losses import Terms
from aigan.network import weights
from aigan.network.discriminators import PatchDiscriminator
from aigan.network.presets import PictureAIGAN, build
from aigan.training import checkpoints
from aigan.training.checkpoints import Progress
from aigan.training.config import Stage, TrainingConfig, require_same
from aigan.training.optimisers import make_optimisers, set_rates
from aigan.training.peers import PeerNetwork, tell_noise
from aigan.training.phases import Batch, Branch, Players, moving, phases_of_a_step, require_finite
from aigan.training.processes import average_over_processes_, make_fabric, require_equal
from aigan.training.provenance import require_unseen, spec_of
from aigan.training.record import Record
from aigan.training.validation import Validator

log = logging.getLogger(__name__)

EAGER_STEPS = 3  # before a CUDA graph is captured: lazy state must exist


def train(
    configs: Sequence[TrainingConfig],
    out: Path,
    *,
    init: Sequence[Path | None] = (),
    resume: bool = False,
    max_minutes: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
    on_step: Callable[[Run], None] = lambda run: None,
) -> list[Path]:
    """Train each configuration in `out`/NAME and return the paths of the weights.

    Several configurations take turns, step by step. `init`: weights to start from, one file for all configurations or
    one for each, None for nothing. `resume`: go on from the newest checkpoint, if there is one. `max_minutes`: fit the
    number of steps of a fresh run into this time, by this `clock`: `time.process_time` for minutes of processor time.
    AiganError: a test scene in the data, a folder in use, weights that do not fit; a term that is not finite, once the
    other networks are at their ends.
    """
    names = [config.name for config in configs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise AiganError(f"two configurations are named {min(twice)}, whose runs would share a folder: rename one")
    if len(init) not in (0, 1, len(configs)):
        raise UsageError(f"{len(init)} weights to start {len(configs)} configurations from: give one, or one for each")
    starts = init if len(init) == len(configs) else [init[0] if init else None] * len(configs)
    fabric = make_fabric({config.precision for config in configs})
    stores = Stores(fabric.device)
    runs = [
        Run(config, out / config.name, fabric, stores, init=start, resume=resume)
        for config, start in zip(configs, starts, strict=True)
    ]
    if max_minutes is not None:
        fix_steps([run for run in runs if run.step == 0], max_minutes, clock)
    wait_for(fabric.device)
    failed: dict[Run, AiganError] = {}
    while waiting := [run for run in runs if run.step < run.config.steps and run not in failed]:
        for run in waiting:
            try:
                run.advance()
            except AiganError as error:
                log.error("%s: %s", run.config.name, error)
                failed[run] = error
            else:
                on_step(run)
    wait_for(fabric.device)
    paths = [run.finish() for run in runs if run not in failed]
    if failed:
        raise next(iter(failed.values()))
    return paths


class Run:
    """One network in training: `advance` makes one step, and logs, validates and saves when it is time."""

    def __init__(
        self,
        config: TrainingConfig,
        out: Path,
        fabric: Fabric,
        stores: Stores,
        *,
        init: Path | None,
        resume: bool,
    ) -> None:
        self.out, self.fabric, self.device = out, fabric, fabric.device
        found = checkpoints.read_newest(out) if out.is_dir() else None
        if found and not resume:
            raise AiganError(
                f"{out} holds checkpoints of an earlier run: add --resume to go on, or choose another folder"
            )
        self.asked_steps, self.start = config.steps, str(init or "")
        self.begun = weights.read_header(init).spec if init is not None else None
        if found:
            before = found[0]
            require_same(config, msgspec.structs.replace(before.config, steps=before.asked_steps or config.steps), out)
            if init is not None and Path(before.start).name != init.name:
                raise AiganError(f"{out} began from {before.start or 'nothing'}: leave out --init to go on")
            config, self.start, self.begun = before.config, before.start, before.begun or self.begun
        self.config = config
        self.seen = require_unseen(config, self.start, self.begun, stores)

        torch.manual_seed(config.seed)
        self.network = channels_last(make_network(config), self.device)
        if init is not None and not found:
            self.network.load_state_dict(_start_of(config, init).state_dict())
        branches: tuple[Branch, ...] = ("O", "T")
        names = branches[: config.branches] if config.lambda_gan > 0 and config.peer is None else ()
        discriminators: dict[Branch, nn.Module] = {
            name: channels_last(PatchDiscriminator(config.channels), self.device) for name in names
        }
        self.players = Players(config, self.network, discriminators, self._update)
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        if config.compile:
            self.network.compile()

        self.moving = {f"discriminator_{name}": list(D.parameters()) for name, D in discriminators.items()}
        for phase in phases_of_a_step(config, adversary=False):
            self.moving[phase.__name__] = moving(self.network, phase)
        self.optimisers = {
            phase: make_optimisers(parameters, config.optimiser, self.device)
            for phase, parameters in self.moving.items()
        }

        largest = max(stage.crop for stage in config.stages)
        data = Path(config.data)
        self.sampler = Sampler(
            [make_source(source, data, config.channels, stores, largest) for source in config.sources],
            [source.share for source in config.sources],
            seed=config.seed,
            device=self.device,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
        )
        for stage in config.stages:  # before any time is spent, not when its turn comes
            self.sampler.rows(stage.batch)
            for source, part in zip(config.sources, self.sampler.parts(stage.batch), strict=True):
                if not part:
                    log.warning(
                        "%s: no row of a batch of %d is for the source of share %g: take larger batches",
                        config.name,
                        stage.batch,
                        source.share,
                    )
        self.step_number = torch.zeros((), dtype=torch.int64, device=self.device)
        self.averaging = torch.zeros((), device=self.device)
        self.step, self.pixels, self.seconds, self.cpu_seconds = 0, 0, 0.0, 0.0
        self.terms: Terms = {}
        self._graph = _Graph(self.device) if self.device.type == "cuda" and fabric.world_size == 1 else None
        if found:
            progress, tensors = found
            self.step, self.pixels = progress.step, progress.pixels
            self.seconds, self.cpu_seconds = progress.seconds, progress.cpu_seconds
            self._put_back(tensors)
        require_equal(self.step, fabric, out)
        self.record = Record(out, first_step=self.step) if fabric.global_rank == 0 else None
        self.validator = Validator(config, data, self.device)

    # one step

    def advance(self) -> None:
        """One step: sample, the phases in order, the average of the weights."""
        config = self.config
        with self._graph.stream() if self._graph else contextlib.nullcontext():
            started, cpu_started = time.perf_counter(), time.process_time()
            stage = config.stage_at(self.step)
            self._one_step(stage, adversary=self.step >= config.adversary_from * config.steps)
            self.step += 1
            self.pixels += stage.batch * stage.crop**2
            if self._due(config.log_every):
                require_finite(self.terms, self.step)
                self._log(stage)
            self.seconds += time.perf_counter() - started
            self.cpu_seconds += time.process_time() - cpu_started
            if self._due(config.validate_every):
                self.validate()
            if self._due(config.checkpoint_every):
                self.save()

    def _one_step(self, stage: Stage, *, adversary: bool) -> None:
        config = self.config
        self.players.adversary = adversary and bool(self.players.discriminators)
        factor = schedule(self.step, config.steps, config.optimiser.warmup_steps)
        for optimisers in self.optimisers.values():
            set_rates(optimisers, config.optimiser, factor)
        self.averaging.fill_(1 - min(config.ema, (1 + self.step) / (10 + self.step)))
        if self._graph is None:
            self._compute(stage)
        else:
            self._graph.run((stage.crop, stage.batch, self.players.adversary), lambda: self._compute(stage))

    def _compute(self, stage: Stage) -> None:
        y_O, I = self.sampler(self.step_number, stage.batch, stage.crop)
        batch = Batch(I, y_O)
        tell_noise(self.network, batch.y_T)
        terms: Terms = {}
        with self.fabric.autocast():
            for phase in phases_of_a_step(self.config, adversary=self.players.adversary):
                terms |= phase(self.players, batch)
        self.terms = {name: term.detach() for name, term in terms.items()}
        average_(self.averaged, self.network, self.averaging)
        self.step_number += 1

    def rehearse(self, stage: Stage) -> None:
        """A step that does not count, with the adversary, to be timed."""
        with self._graph.stream() if self._graph else contextlib.nullcontext():
            self._one_step(stage, adversary=True)

    def restart(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Begin anew from what `tensors()` gave before the first step, with another number of steps."""
        self.config = self.players.config = msgspec.structs.replace(self.config, steps=steps)
        for optimisers in self.optimisers.values():
            for optimiser in optimisers:
                optimiser.state.clear()
        self._put_back(tensors)
        if self._graph is not None:
            self._graph = _Graph(self.device)

    def _update(self, loss: Tensor, terms: Terms, phase: str) -> None:
        """Backward pass and one step of the optimisers of a phase; nothing else moves."""
        if self._graph is None:
            require_finite(terms, self.step)
        parameters = self.moving[phase]
        for parameter in parameters:
            parameter.grad = None
        torch.autograd.backward(loss, inputs=parameters)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if self.fabric.world_size > 1:
            average_over_processes_(gradients, self.fabric)
        nn.utils.clip_grad_norm_(parameters, self.config.optimiser.clip_norm)
        for optimiser in self.optimisers[phase]:
            optimiser.step()

    # what is kept

    def validate(self) -> dict[str, float]:
        """Measure the averaged weights on the held-out pictures."""
        figures = self.validator.measure(self.averaged)
        if self.record is not None:
            self.record.validation(self.step, figures)
            self.validator.write_pictures(self.averaged, self.out / "pictures" / f"step-{self.step:08d}.png")
        return figures

    @property
    def path(self) -> Path:
        """Where the weights are."""
        return self.out / f"{self.config.name}.safetensors"

    def write_weights(self) -> None:
        """The averaged weights, in 16 bit, with their spec."""
        spec = spec_of(self.config, self.averaged, self.seen, self.start, self.pixels, begun=self.begun)
        if isinstance(self.averaged, PeerNetwork):
            restorer.save(self.averaged.e, self.path, spec)
        else:
            weights.save(self.path, self.averaged, spec)

    def save(self) -> None:
        """Write a checkpoint, and the weights as they are now."""
        require_finite(self.terms, self.step)
        if self.fabric.global_rank == 0:
            checkpoints.write(self.out, self._progress(), self.tensors())
            self.write_weights()
        self.fabric.barrier()

    def finish(self) -> Path:
        """The last step's row, checkpoint and validation; where the weights are, which came with the checkpoint."""
        if self.terms and not self._due(self.config.log_every):
            self._log(self.config.stages[-1])
        if not self._due(self.config.checkpoint_every):
            self.save()
        if self.config.validation and not self._due(self.config.validate_every):
            self.validate()
        if self.record is not None:
            self.record.close()
        return self.path

    def _due(self, every: int) -> bool:
        return self.step > 0 and self.step % every == 0

    def _log(self, stage: Stage) -> None:
        values = torch.stack(list(self.terms.values()))
        if self.fabric.world_size > 1:
            average_over_processes_([values], self.fabric)
        if self.record is not None:
            terms = dict(zip(self.terms, values.tolist(), strict=True))
            spent = {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
            self.record.step(self.step, terms, pixels=self.pixels, **spent, crop=stage.crop)

    def _progress(self) -> Progress:
        return Progress(
            step=self.step,
            pixels=self.pixels,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            start=self.start,
            begun=self.begun,
            config=self.config,
            asked_steps=self.asked_steps,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a step reads and changes, by name."""
        tensors = {"step_number": self.step_number}
        modules: dict[str, nn.Module] = {"network": self.network, "averaged": self.averaged}
        for name, D in self.players.discriminators.items():
            modules[f"discriminator_{name}"] = D
        for prefix, module in modules.items():
            tensors |= {f"{prefix}/{name}": value for name, value in module.state_dict().items()}
        for phase, optimisers in self.optimisers.items():
            for number, optimiser in enumerate(optimisers):
                state = checkpoints.optimiser_tensors(optimiser)
                tensors |= {f"optimiser/{phase}/{number}/{name}": value for name, value in state.items()}
        return {name: tensor.contiguous() for name, tensor in tensors.items()}

    def _put_back(self, tensors: dict[str, Tensor]) -> None:
        def below(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}

        self.step_number.copy_(tensors["step_number"])
        self.network.load_state_dict(below("network/"))
        self.averaged.load_state_dict(below("averaged/"))
        for name, D in self.players.discriminators.items():
            D.load_state_dict(below(f"discriminator_{name}/"))
        for phase, optimisers in self.optimisers.items():
            for number, optimiser in enumerate(optimisers):
                checkpoints.restore_optimiser(optimiser, below(f"optimiser/{phase}/{number}/"))


class _Graph:
    """Runs a step's computation as one CUDA graph on its own stream, captured anew when the kind of step changes."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._kind: object = None
        self._eager = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    @contextlib.contextmanager
    def stream(self) -> Iterator[None]:
        """Everything of this run is queued on its own stream, so that several runs share the chip."""
        with torch.cuda.stream(self._stream):
            yield

    def run(self, kind: object, compute: Callable[[], None]) -> None:
        """The first steps of a kind run eagerly, then the graph is captured and replayed; none runs twice."""
        if kind != self._kind:
            self._kind, self._eager, self._graph = kind, 0, None
        if self._graph is None and self._eager < EAGER_STEPS:
            self._eager += 1
            compute()
            return
        if self._graph is None:
            torch.cuda.synchronize()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph, stream=self._stream):
                compute()
        self._graph.replay()


Net = TypeVar("Net", bound=nn.Module)


def make_network(config: TrainingConfig) -> PictureAIGAN | PeerNetwork:
    """What a configuration trains, with fresh weights, from torch's global generator."""
    return PeerNetwork(config.peer) if config.peer else build(config.network)


def _start_of(config: TrainingConfig, init: Path) -> PictureAIGAN:
    """The network to start from. AiganError where it is not the one that is configured."""
    if config.peer is not None:
        raise AiganError(f"{config.name} trains a peer, from nothing: leave out --init {init}")
    start = weights.load(init)[0]
    fields = {*start.config.__struct_fields__} - {"smooth"}  # which has no weights of its own
    if different := [name for name in sorted(fields) if getattr(start.config, name) != getattr(config.network, name)]:
        raise AiganError(
            f"{init}: its network is not the one of configuration {config.name} ({', '.join(different)} differ): "
            "take over its settings"
        )
    return start


def channels_last(network: Net, device: torch.device) -> Net:
    """The network on the device, its kernels laid out for channels-last pictures."""
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def schedule(step: int, steps: int, warmup: int) -> float:
    """The rate's factor: linear warm-up, then half a cosine to zero."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


@torch.no_grad()
def average_(averaged: nn.Module, network: nn.Module, weight: Tensor) -> None:
    """Move the moving average of weights, and of normalisations' statistics, by `weight` of the way to the network."""
    old, new = _numbers(averaged), _numbers(network)
    change = torch._foreach_sub(new, old)
    torch._foreach_mul_(change, weight)
    torch._foreach_add_(old, change)


def _numbers(network: nn.Module) -> list[Tensor]:
    return [t.data for t in (*network.parameters(), *network.buffers()) if t.is_floating_point()]


def fix_steps(runs: Sequence[Run], minutes: float, clock: Callable[[], float] = time.perf_counter) -> None:
    """Time a few steps of each stage, put everything back, and set the number of steps that fits into `minutes`."""
    starts = [{name: tensor.clone() for name, tensor in run.tensors().items()} for run in runs]
    seconds = []
    for number in range(max((len(run.config.stages) for run in runs), default=0)):
        stages = [(run, run.config.stages[min(number, len(run.config.stages) - 1)]) for run in runs]
        seconds.append(_seconds_of_a_round(stages, clock))
    for run, start in zip(runs, starts, strict=True):
        mean = sum(stage.share * seconds[number] for number, stage in enumerate(run.config.stages))
        steps = run.fabric.broadcast(max(1, int(60 * minutes / mean)))  # each process measured times of its own
        log.info("%s: %.3f s a step on average, %d steps in %g minutes", run.config.name, mean, steps, minutes)
        run.restart(start, steps)


def _seconds_of_a_round(stages: Sequence[tuple[Run, Stage]], clock: Callable[[], float]) -> float:
    """A step of each run, side by side: the mean of three rounds, more where they take less than a second in all."""

    def rounds(count: int) -> float:
        wait_for(stages[0][0].device)
        started = clock()
        for _ in range(count):
            for run, stage in stages:
                run.rehearse(stage)
        wait_for(stages[0][0].device)
        return (clock() - started) / count

    rounds(EAGER_STEPS + 1)
    seconds: float = stages[0][0].fabric.broadcast(rounds(3))  # processes make the same number of steps
    return seconds if seconds > 1 / 3 else rounds(min(math.ceil(1 / max(seconds, 1e-3)), 100))


def wait_for(device: torch.device) -> None:
    """Until a graphics processor has done what was queued on any of its streams."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
