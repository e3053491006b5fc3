"""Training from a folder of clips: seeded, resumable, logged (SPEC 2 and 3)."""

import copy
import json
import math
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from curves.errors import InputError
from graph.cooccurrence import adjacency_from_labels, symmetrised
from recognizer.augment import AugmentConfig, augment
from recognizer.checkpoints import load_checkpoint, save_checkpoint
from recognizer.clips import ClipRecord, volume_of
from recognizer.devices import pick_device, picks_bf16
from recognizer.linear_start import start_linear
from recognizer.losses import LossConfig, joint_loss
from recognizer.model import Thresholds
from recognizer.network import MicroExpressionNet, NetworkConfig
from recognizer.synthetic.record import RecordSettings
from recognizer.validation import validate
from recognizer.variants import variant
from recognizer.weights_io import load_network, save_weights
from recognizer.windows import Batch, Window, WindowConfig, WindowSampler, load_clips, split_identities

WEIGHTS, CHECKPOINT, LOG = "weights.safetensors", "checkpoint.safetensors", "log.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A recipe. One step is one batch; the learning rate rises over warmup_share of all steps, then falls as a cosine.

    variant: row of ``recognizer.variants``. linear_windows: drawn for the start of the linear path. graph_from:
    ``prior`` (public counts) or ``clips`` (labels of the training part, smoothed like the prior). initial_weights:
    file to start from, or "". ema_decay: of the averaged weights that are validated and saved. precision: ``auto``
    takes bf16 where the processor computes in it. threads: 0 leaves torch's. half: save float16. clips: how training
    clips are rendered, if they are.
    """

    variant: str = "default"
    seed: int = 0
    epochs: int = 12
    windows_per_epoch: int = 16000
    linear_windows: int = 3000
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_share: float = 0.05
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    validation_fraction: float = 0.15
    validation_windows: int = 1500
    graph_from: Literal["prior", "clips"] = "prior"
    initial_weights: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: int = 0
    half: bool = True
    windows: WindowConfig = field(default_factory=WindowConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    clips: RecordSettings = field(default_factory=RecordSettings)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, self.windows_per_epoch // self.batch_size)


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where training stands. ``loss``: mean of the epoch so far. ``figures``: of the validation, at an epoch's end."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    windows_per_s: float
    figures: Mapping[str, Any] | None = None

    def line(self) -> str:
        """One line for people, at an epoch's end."""
        shown = ("score_auc", "score_f1", "onset_mae_s", "offset_mae_s", "au_f1", "intensity_mae", "intensity_r")
        figures = self.figures or {}
        values = " ".join(f"{name} {figures[name]:.3f}" for name in shown if figures.get(name) is not None)
        return f"epoch {self.epoch}/{self.epochs} loss {self.loss:.3f} {values} ({self.windows_per_s:.0f} windows/s)"


@dataclass(frozen=True, slots=True)
class TrainingResult:
    weights: Path
    sha256: str
    best_epoch: int
    figures: Mapping[str, Any]


Progress = Callable[[TrainingProgress], None]


def load_training_config(path: Path) -> TrainingConfig:
    """A recipe from TOML; tables ``[windows]``, ``[augment]``, ``[loss]``. InputError: unknown key or wrong type."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The training recipe {path} cannot be read: {error}.") from error
    config: TrainingConfig = filled(TrainingConfig(), values, str(path))
    return config


def filled(default: Any, values: Mapping[str, Any], where: str) -> Any:
    """``default`` with the fields that ``values`` names; nested dataclasses are tables."""
    known = {f.name for f in fields(default)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}.")
    changes: dict[str, Any] = {}
    for name, value in values.items():
        current = getattr(default, name)
        if is_dataclass(current) and isinstance(value, Mapping):
            changes[name] = filled(current, value, f"{where} [{name}]")
        elif type(value) is type(current) or (isinstance(current, float) and type(value) is int):
            changes[name] = type(current)(value)
        elif isinstance(current, tuple) and isinstance(value, list) and all(type(v) in (int, float) for v in value):
            changes[name] = tuple(float(v) for v in value)
        else:
            raise InputError(f"{where}: {name} must be a {type(current).__name__}, not {value!r}.")
    try:
        return replace(default, **changes)
    except ValueError as error:
        raise InputError(f"{where}: {error}.") from error


def train(config: TrainingConfig, clips_dir: Path, out_dir: Path, progress: Progress | None = None) -> TrainingResult:
    """Trains on the clips under ``clips_dir``; a training that was broken off in ``out_dir`` goes on.

    Writes there ``weights.safetensors`` with its card (the best epoch's, on people held out),
    ``checkpoint.safetensors`` and ``log.jsonl``. The same config, clips, torch and thread count give the same weights,
    broken off or not. InputError: no usable clips, or ``out_dir`` holds another recipe's training.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    threads = torch.get_num_threads()
    if config.threads:
        torch.set_num_threads(config.threads)
    try:
        return _Training(config, clips_dir, out_dir, progress).run()
    finally:
        torch.set_num_threads(threads)


def held_out_clips(config: TrainingConfig, clips_dir: Path) -> list[ClipRecord]:
    """The clips of the people that ``train`` does not learn from."""
    return split_identities(load_clips(clips_dir), config.validation_fraction)[1]


def save_calibrated(weights: Path, thresholds: Thresholds, figures: Mapping[str, Any], *, half: bool = True) -> str:
    """Writes thresholds and what they score on those who chose them into a weights file; returns its SHA-256."""
    net, metadata, _ = load_network(weights)
    metadata["thresholds"] = asdict(thresholds)
    metadata["calibration"] = without_nan(figures)
    return save_weights(net, weights, metadata, half=half)


class _Training:
    """One run's state: networks, optimiser, samplers, best figures."""

    def __init__(self, config: TrainingConfig, clips_dir: Path, out_dir: Path, progress: Progress | None) -> None:
        self.config, self.out_dir, self.progress = config, out_dir, progress
        self.device = pick_device(config.device)
        self.bf16 = picks_bf16(config.precision, self.device)
        train_clips, held_out = split_identities(load_clips(clips_dir), config.validation_fraction)
        self.sampler = WindowSampler(train_clips, config.windows)
        # The figures of two epochs compare only on the same windows, without anything added.
        self.judge = WindowSampler(held_out, replace(config.windows, mix_share=0.0, rare_au_boost=0.0))
        self.judged_windows = self.judge.draw(np.random.default_rng([config.seed, 2**31]), config.validation_windows)
        torch.manual_seed(config.seed)
        self.net = _initial_network(config, train_clips)
        if not config.initial_weights and not (out_dir / CHECKPOINT).is_file():
            start_linear(self.net, self.sampler, config.augment, windows=config.linear_windows, seed=config.seed)
        self.net.to(self.device)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(_parameter_groups(self.net, config.weight_decay), lr=config.learning_rate)
        self.epoch, self.step = 0, 0
        self.best: dict[str, Any] = {"epoch": 0, "selection": -math.inf, "sha256": "", "figures": {}}
        self.data = {
            "train_clips": len(train_clips),
            "validation_clips": len(held_out),
            "train_identities": len({clip.identity for clip in train_clips}),
            "validation_identities": len({clip.identity for clip in held_out}),
        }
        self._resume()

    def run(self) -> TrainingResult:
        while self.epoch < self.config.epochs:
            self._train_epoch()
        best = self.best
        return TrainingResult(self.out_dir / WEIGHTS, best["sha256"], best["epoch"], best["figures"])

    def _recipe(self) -> dict[str, Any]:
        """What a training must have in common with the one that it resumes; the card holds all of the recipe."""
        # How and where it is computed does not make it another training.
        return {k: v for k, v in asdict(self.config).items() if k not in ("device", "threads", "precision", "clips")}

    def _resume(self) -> None:
        path = self.out_dir / CHECKPOINT
        if not path.is_file():
            return
        state = load_checkpoint(path, self.net, self.average, self.optimiser)
        if state["recipe"] != json.loads(json.dumps(self._recipe())) or state["data"] != self.data:
            raise InputError(
                f"{self.out_dir} holds a training with another recipe or other clips: name another folder or delete it."
            )
        self.epoch, self.step = state["epoch"], state["step"]
        selection = state["best"]["selection"]
        self.best = state["best"] | {"selection": -math.inf if selection is None else selection}

    def _train_epoch(self) -> None:
        config, started = self.config, time.perf_counter()
        self.epoch += 1
        seed = [config.seed, self.epoch]
        windows = self.sampler.draw(np.random.default_rng(seed), config.steps_per_epoch * config.batch_size)
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        torch.manual_seed(int(generator.initial_seed()))  # dropout
        totals: dict[str, float] = {}
        for number, batch in enumerate(self._batches(windows, generator), start=1):
            for name, value in self._train_step(batch).items():
                totals[name] = totals.get(name, 0.0) + value
            if number % 20 == 0:
                self._report(number, totals["total"] / number, number * config.batch_size, started)
        losses = {name: value / config.steps_per_epoch for name, value in totals.items()}
        rate = config.steps_per_epoch * config.batch_size / (time.perf_counter() - started)
        self._finish_epoch(losses, rate, started)

    def _batches(self, windows: Sequence[Window], generator: torch.Generator) -> Iterator[Batch]:
        with_prior = self.net.config.prior == "ewp"
        size = self.config.batch_size
        for i in range(0, len(windows), size):
            batch = self.sampler.collate(windows[i : i + size], self.net.config.frames, with_prior=with_prior)
            yield augment(batch, self.config.augment, generator).to(self.device)

    def _train_step(self, batch: Batch) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = group["pace"] * learning_rate(self.config, self.step)
        self.net.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            output = self.net(volume_of(batch.flow, batch.prior))
        losses = joint_loss(output, batch, self.config.loss)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["total"])
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip_norm)
        if not torch.isfinite(norm):
            raise InputError(
                f"Training diverged at step {self.step + 1}: check the clips for wild flow, lower learning_rate or set "
                'precision = "fp32".'
            )
        self.optimiser.step()
        self.step += 1
        update_average(self.average, self.net, min(self.config.ema_decay, (1 + self.step) / (10 + self.step)))
        return {name: float(value.detach()) for name, value in losses.items()}

    def _report(self, number: int, loss: float, done: int, started: float) -> None:
        if self.progress is not None:
            config, rate = self.config, done / (time.perf_counter() - started)
            self.progress(TrainingProgress(self.epoch, config.epochs, number, config.steps_per_epoch, loss, rate))

    def _finish_epoch(self, losses: Mapping[str, float], rate: float, started: float) -> None:
        figures = without_nan(validate(self.average, self.judge, self.judged_windows, self.device, bf16=self.bf16))
        selection = -math.inf if figures["selection"] is None else figures["selection"]
        if selection > self.best["selection"] or not self.best["epoch"]:
            digest = save_weights(self.average, self.out_dir / WEIGHTS, self._card(figures), half=self.config.half)
            self.best = {"epoch": self.epoch, "selection": selection, "sha256": digest, "figures": figures}
        entry = {"epoch": self.epoch, "step": self.step, "loss": losses, "validation": figures}
        entry |= {"windows_per_s": round(rate, 1), "seconds": round(time.perf_counter() - started, 1)}
        with (self.out_dir / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(without_nan(entry)) + "\n")
        state = {"recipe": self._recipe(), "data": self.data, "epoch": self.epoch, "step": self.step}
        state["best"] = without_nan(self.best)
        save_checkpoint(self.out_dir / CHECKPOINT, self.net, self.average, self.optimiser, state)
        if self.progress is not None:
            epochs, steps = self.config.epochs, self.config.steps_per_epoch
            self.progress(TrainingProgress(self.epoch, epochs, steps, steps, losses["total"], rate, figures))

    def _card(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        recipe = asdict(self.config)
        recipe["initial_weights"] = Path(self.config.initial_weights).name  # weights travel, a machine's paths do not
        return {
            "training": {
                "recipe": recipe,
                "epoch": self.epoch,
                "data": self.data,
                "torch": torch.__version__,
            },
            "validation": figures,
        }


def _initial_network(config: TrainingConfig, clips: Sequence[ClipRecord]) -> MicroExpressionNet:
    network = variant(config.variant)
    if network.input != "flow":
        raise InputError(
            f"Variant {config.variant!r} reads {network.input}, but training clips hold flow: choose a flow variant."
        )
    if not config.initial_weights:
        return MicroExpressionNet(network, _adjacency(config, network, clips))
    net, _, _ = load_network(Path(config.initial_weights))
    if net.config != network:
        raise InputError(f"{config.initial_weights} holds another network than variant {config.variant!r}: choose its.")
    return net


def _adjacency(
    config: TrainingConfig, network: NetworkConfig, clips: Sequence[ClipRecord]
) -> NDArray[np.float64] | None:
    """A from the labels of the training part; None lets the network take the prior."""
    if config.graph_from == "prior" or network.graph == "none":
        return None
    labels = [clip.event_au.max(axis=-1) > 0 for clip in clips if clip.events]
    if not labels:
        raise InputError('The training clips hold no event to count AUs in: set graph_from = "prior".')
    directed = adjacency_from_labels(np.concatenate(labels), smoothing=network.smoothing)
    return symmetrised(directed) if network.graph == "symmetric" else directed


def _parameter_groups(net: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels and matrices, not norms and biases; the linear path, solved already, moves slowly."""
    named = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
    linear = [p for name, p in named if name.startswith("intensity.direct")]
    others = [p for name, p in named if not name.startswith("intensity.direct")]
    return [
        {"params": [p for p in others if p.ndim >= 2], "weight_decay": weight_decay, "pace": 1.0},
        {"params": [p for p in others if p.ndim < 2], "weight_decay": 0.0, "pace": 1.0},
        {"params": linear, "weight_decay": 0.0, "pace": 0.05},
    ]


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Of step ``step`` (from 0): linear rise, then half a cosine to 1 % of the peak."""
    total = config.epochs * config.steps_per_epoch
    warmup = max(1, round(total * config.warmup_share))
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return config.learning_rate * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)


@torch.no_grad()
def update_average(average: torch.nn.Module, net: torch.nn.Module, decay: float) -> None:
    """average <- decay * average + (1 - decay) * net, running statistics included; counters are copied."""
    for mean, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


def without_nan(value: Any) -> Any:
    """JSON has no NaN: None instead, in mappings too."""
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
