"""One training for all neural systems: what differs between rows of the table is data (``NetworkSystem``).

AdamW with a cosine, classes weighed by how rare they are, light augmentation. The validation subjects choose the epoch
(UF1, then loss) and the AU thresholds. Seeded: on a CPU the same seed and as many threads give the same predictions.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from curves.errors import InputError
from recognizer.devices import pick_device, picks_bf16
from recognizer.samples import Sample
from recognizer.systems import Example, FitSettings, Need, Prediction, Progress, Task
from recognizer.systems.augmenting import InputKind, LightAugment, augmented
from recognizer.systems.inputs import Inputs, Standardiser, require
from recognizer.systems.objective import (
    Objective,
    RecognitionOutput,
    Truth,
    au_thresholds,
    class_weights,
    recognition_loss,
    truth_of,
    validation_uf1,
)

_BATCH_IN_USE = 64


@dataclass(frozen=True, slots=True)
class Build:
    """What a network is made from. ``aus``: how many AUs it names, 0 without labels. ``au_labels`` (m, n) bool: those
    of the real clips of the training part, for the graph."""

    system: str
    classes: int
    aus: int
    au_labels: NDArray[np.bool_]
    settings: FitSettings
    progress: Progress


@dataclass(frozen=True, slots=True)
class Schedule:
    """patience: epochs without a better one before training stops. warm_up: share of the steps in which the learning
    rate rises. largest_norm: of the gradient."""

    patience: int = 10
    warm_up: float = 0.05
    weight_decay: float = 0.02
    largest_norm: float = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class NetworkSystem:
    """A neural row of the table, see ``recognizer.systems.System``.

    prepare: samples -> tensors of the kinds ``kinds``. build: the network, called with these tensors. names_aus:
    whether it has AU logits; needs_aus: it cannot do without AU labels. standardise: the inputs are images whose unit
    may be their set's own. reads_init: it starts from ``FitSettings.init``, if given. objective: its loss. bf16:
    whether half precision pays (3D convolutions).
    """

    name: str
    description: str
    needs: frozenset[Need]
    prepare: Callable[[Sequence[Sample]], Inputs]
    kinds: tuple[InputKind, ...]
    build: Callable[[Build], nn.Module]
    names_aus: bool = False
    needs_aus: bool = False
    standardise: bool = False
    reads_init: bool = False
    objective: Objective = field(default_factory=Objective)
    augment: LightAugment = field(default_factory=LightAugment)
    schedule: Schedule = field(default_factory=Schedule)
    bf16: bool = True

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example],
        task: Task,
        settings: FitSettings,
        progress: Progress = lambda _: None,
    ) -> "FittedNetwork":
        """See ``System.fit``. ValueError for an empty part; InputError where samples or labels lack what it needs."""
        used = [example for example in train if settings.generated_weight > 0 or not example.generated]
        real = [example for example in used if not example.generated]
        if not real or not validation:
            raise ValueError(f"fit: expected real training and validation clips, got {len(real)}, {len(validation)}")
        require([example.sample for example in [*used, *validation]], self.needs, self.name)
        aus = self._aus(real, task)
        labels = [example.aus for example in real if example.aus is not None] if aus else []
        build = Build(self.name, len(task.classes), aus, np.array(labels, bool), settings, progress)
        with _threads(settings.threads), torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)  # the first weights, and dropout
            return _Training(self, build, used, validation, task).run()

    def _aus(self, real: Sequence[Example], task: Task) -> int:
        """How many AUs to name: those of the task where there are labels; InputError if it needs them in vain."""
        labelled = any(example.aus is not None for example in real)
        if self.needs_aus and not (task.aus and labelled):
            raise InputError(
                f"The system {self.name} needs AU labels, which this task has none of: choose a set that is labelled "
                "with AUs, or a system without a graph."
            )
        return len(task.aus) if self.names_aus and labelled else 0


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    if count > 0:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Answers(NamedTuple):
    """On the CPU, in float32."""

    output: RecognitionOutput

    @property
    def classes(self) -> NDArray[np.float64]:
        return self.output.emotion_logits.double().softmax(dim=-1).numpy()

    @property
    def aus(self) -> NDArray[np.float64] | None:
        return None if self.output.au_logits is None else self.output.au_logits.double().sigmoid().numpy()


@dataclass(frozen=True, slots=True, eq=False)
class _Runner:
    """A network where it computes."""

    network: nn.Module
    device: torch.device
    bf16: bool

    def __call__(self, tensors: Sequence[Tensor]) -> RecognitionOutput:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            output: RecognitionOutput = self.network(*tensors)
        return RecognitionOutput(*(None if part is None else part.float() for part in output))  # type: ignore[arg-type]

    def answers(self, tensors: Sequence[Tensor]) -> _Answers:
        """Of all samples, in eval mode."""
        self.network.eval()
        parts = []
        with torch.inference_mode():
            for first in range(0, len(tensors[0]), _BATCH_IN_USE):
                some = [tensor[first : first + _BATCH_IN_USE].to(self.device).float() for tensor in tensors]
                parts.append(self(some))
        columns = zip(*parts, strict=True)
        joined = [None if column[0] is None else torch.cat(column).cpu() for column in columns]
        return _Answers(RecognitionOutput(*joined))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A trained network with its thresholds; see ``recognizer.systems.Fitted``."""

    system: NetworkSystem
    runner: _Runner
    standardiser: Standardiser
    source: str
    classes: int
    thresholds: NDArray[np.float64]
    chosen: Mapping[str, Any]
    threads: int = 0

    def predict(self, samples: Sequence[Sample]) -> Prediction:
        """InputError where samples lack what the system needs, or come in another unit than those trained on."""
        with_aus = len(self.thresholds) > 0
        if not samples:
            none = np.zeros((0, len(self.thresholds)), bool) if with_aus else None
            return Prediction(np.zeros((0, self.classes)), none)
        require(samples, self.system.needs, self.system.name)
        inputs = self.system.prepare(samples)
        if inputs.source != self.source:
            raise InputError(
                f"The system {self.system.name} was trained on {self.source} and cannot name clips given as "
                f"{inputs.source}, in another unit: train and test on sets of one kind."
            )
        with _threads(self.threads):
            answers = self.runner.answers(self.standardiser(inputs.tensors))
        aus = answers.aus
        return Prediction(answers.classes, None if aus is None or not with_aus else aus >= self.thresholds)


class _Training:
    """The state of one fit."""

    def __init__(
        self, system: NetworkSystem, build: Build, train: Sequence[Example], validation: Sequence[Example], task: Task
    ) -> None:
        settings = build.settings
        self.system, self.build, self.task = system, build, task
        inputs = system.prepare([example.sample for example in train])
        seen = system.prepare([example.sample for example in validation])
        if seen.source != inputs.source:
            raise InputError("Training and validation clips come in different units: use sets of one kind.")
        self.source = inputs.source
        self.real = torch.tensor([i for i, example in enumerate(train) if not example.generated])
        self.generated = torch.tensor([i for i, example in enumerate(train) if example.generated], dtype=torch.int64)
        self.standardiser = Standardiser()
        if system.standardise:
            self.standardiser = Standardiser.of([tensor[self.real] for tensor in inputs.tensors])
        self.tensors, self.seen = self.standardiser(inputs.tensors), self.standardiser(seen.tensors)
        self.truth, self.held_out = truth_of(train, build.aus), truth_of(validation, build.aus)
        device = pick_device(settings.device)
        network = system.build(build).to(device)
        self.runner = _Runner(network, device, system.bf16 and picks_bf16("auto", device))
        self.weights = class_weights(self.truth.label[self.real], build.classes).to(device)
        self.optimiser = torch.optim.AdamW(
            (p for p in network.parameters() if p.requires_grad),
            lr=settings.learning_rate,
            weight_decay=system.schedule.weight_decay,
        )
        self.order = np.random.default_rng([settings.seed, 1])
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.waiting: list[int] = []  # generated clips that this round has not seen yet

    def run(self) -> FittedNetwork:
        settings, patience = self.build.settings, self.system.schedule.patience
        steps = math.ceil(len(self.real) / settings.batch_size) * settings.epochs
        scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate(steps))
        best: tuple[float, float] | None = None
        chosen_epoch, state = 0, self.runner.network.state_dict()
        for epoch in range(1, settings.epochs + 1):
            loss = self._epoch(scheduler)
            score, error = self._validate()
            if best is None or (score, -error) > best:
                best, chosen_epoch = (score, -error), epoch
                state = copy.deepcopy(self.runner.network.state_dict())
            self.build.progress(
                f"{self.system.name}: epoch {epoch}/{settings.epochs}, loss {loss:.3f}, validation UF1 {score:.3f} "
                f"(best {best[0]:.3f} in epoch {chosen_epoch})"
            )
            if epoch - chosen_epoch >= patience:
                break
        if best is None:
            raise ValueError(f"epochs: expected at least 1, got {settings.epochs}")
        self.runner.network.load_state_dict(state)
        return self._fitted(chosen_epoch, best)

    def _rate(self, steps: int) -> Callable[[int], float]:
        warm = max(1, round(self.system.schedule.warm_up * steps))

        def rate(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm)))

        return rate

    def _epoch(self, scheduler: torch.optim.lr_scheduler.LambdaLR) -> float:
        """One pass over the real clips; as many generated ones at each step, if there are any. The mean loss."""
        self.runner.network.train()
        size, losses = self.build.settings.batch_size, []
        shuffled = self.real[torch.from_numpy(self.order.permutation(len(self.real)))]
        for real in torch.split(shuffled, size):
            loss = self._loss(torch.cat([real, self._next_generated(size)]), len(real))
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.runner.network.parameters(), self.system.schedule.largest_norm)
            self.optimiser.step()
            scheduler.step()
            losses.append(float(loss.detach()))
        return float(np.mean(losses))

    def _next_generated(self, size: int) -> Tensor:
        """The next of the generated clips: none comes again before all came (paper 003 uses each once)."""
        size = min(size, len(self.generated))
        if len(self.waiting) < size:
            self.waiting += self.generated[self.order.permutation(len(self.generated))].tolist()
        taken, self.waiting = self.waiting[:size], self.waiting[size:]
        return torch.tensor(taken, dtype=torch.int64)

    def _loss(self, index: Tensor, real: int) -> Tensor:
        """L_real of the first ``real`` clips plus lambda L_gen of the rest."""
        device = self.runner.device
        tensors = [tensor[index].to(device) for tensor in self.tensors]
        output = self.runner(augmented(tensors, self.system.kinds, self.system.augment, self.generator))
        truth = self.truth.at(index).to(device)
        total = self._part(output, truth, slice(0, real))
        if len(index) > real:
            total = total + self.build.settings.generated_weight * self._part(output, truth, slice(real, None))
        return total

    def _part(self, output: RecognitionOutput, truth: Truth, part: slice) -> Tensor:
        chosen = RecognitionOutput(*(None if one is None else one[part] for one in output))  # type: ignore[arg-type]
        return recognition_loss(chosen, truth.at(part), self.weights, self.system.objective)

    def _validate(self) -> tuple[float, float]:
        """UF1 and loss on the validation clips."""
        answers = self.runner.answers(self.seen)
        loss = recognition_loss(answers.output, self.held_out, self.weights.cpu(), self.system.objective)
        return validation_uf1(self.held_out.label.numpy(), answers.classes), float(loss)

    def _fitted(self, epoch: int, best: tuple[float, float]) -> FittedNetwork:
        aus, thresholds = self.runner.answers(self.seen).aus, np.zeros(0)
        chosen: dict[str, Any] = {"epoch": epoch, "validation_uf1": best[0], "validation_loss": -best[1]}
        if aus is not None:
            known = self.held_out.known.numpy()
            thresholds = au_thresholds(self.held_out.aus.numpy()[known] > 0, aus[known])
            chosen["au_thresholds"] = {
                str(au): float(limit) for au, limit in zip(self.task.aus, thresholds.round(2), strict=True)
            }
        return FittedNetwork(
            self.system,
            self.runner,
            self.standardiser,
            self.source,
            self.build.classes,
            thresholds,
            chosen,
            self.build.settings.threads,
        )
