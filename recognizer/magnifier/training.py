"""Training of the magnifier: seeded, resumable, logged (paper 002, section 4, on rendered faces)."""

import copy
import json
import math
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from curves.errors import InputError
from recognizer.checkpoints import load_checkpoint, save_checkpoint
from recognizer.magnifier.examples import ExampleConfig, Examples, draw_examples
from recognizer.magnifier.faces import Faces, load_faces, render_faces
from recognizer.magnifier.losses import MagnifierLoss, flow_losses, size_loss, truth_loss
from recognizer.magnifier.network import Magnifier, MagnifierConfig, moved, octave_shares
from recognizer.magnifier.ratio import ratio_table, render_test, write_table
from recognizer.magnifier.weights import load_magnifier, save_magnifier
from recognizer.training import filled, update_average

WEIGHTS, CHECKPOINT, LOG = "magnifier.safetensors", "magnifier-checkpoint.safetensors", "magnifier-log.jsonl"
FACES, TABLE = "magnifier-faces.safetensors", "magnifier-mmr.csv"


@dataclass(frozen=True, slots=True)
class MagnifierRecipe:
    """A recipe. ``people``: rendered, from seed ``first_seed`` on, with ``expressions`` frames each; the last
    ``held_out`` of them choose the best step and are not learned from. ``test_people``, from ``test_seed`` on, are
    for the table of ratios alone. The rate rises over the first ``warmup`` steps, then falls as a cosine.
    """

    seed: int = 0
    people: int = 240
    first_seed: int = 0
    expressions: int = 6
    held_out: int = 24
    test_people: int = 40
    test_seed: int = 1_000_000
    steps: int = 3000
    batch_size: int = 8
    learning_rate: float = 1e-3
    warmup: int = 50
    clip_norm: float = 1.0
    ema_decay: float = 0.995
    validate_every: int = 200
    validation_examples: int = 192
    threads: int = 1
    network: MagnifierConfig = field(default_factory=MagnifierConfig)
    examples: ExampleConfig = field(default_factory=ExampleConfig)
    loss: MagnifierLoss = field(default_factory=MagnifierLoss)

    def __post_init__(self) -> None:
        if not 0 < self.held_out < self.people:
            raise ValueError(f"held_out must be from 1 to people - 1, not {self.held_out}")
        ranges = (range(self.first_seed, self.first_seed + self.people), self.test_seed, self.test_people)
        if ranges[0].start < self.test_seed + self.test_people and self.test_seed < ranges[0].stop:
            raise ValueError("test people must have seeds of their own: change test_seed")


@dataclass(frozen=True, slots=True)
class MagnifierProgress:
    """Where training stands: ``stage``, ``done`` of ``total``; ``line`` for people after each validation."""

    stage: str
    done: int
    total: int
    line: str | None = None


Progress = Callable[[MagnifierProgress], None]


def load_recipe(path: Path) -> MagnifierRecipe:
    """A recipe from TOML with tables ``[network]``, ``[examples]``, ``[loss]``. InputError: unknown key, wrong type."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The magnifier's recipe {path} cannot be read: {error}.") from error
    recipe: MagnifierRecipe = filled(MagnifierRecipe(), values, str(path))
    return recipe


def train_magnifier(recipe: MagnifierRecipe, facekit: Path, out_dir: Path, progress: Progress) -> dict[str, Any]:
    """Renders the people, trains, and measures the ratios on people never seen; returns the card.

    Writes to ``out_dir`` the weights of the best validation with their card, the table of ratios, the log, the
    rendered faces and a checkpoint; what lies there of the same recipe is gone on with. InputError: ``out_dir`` holds
    another recipe's training.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(recipe.threads)
    try:
        faces = _faces(recipe, facekit, out_dir, progress)
        training = MagnifierTraining(recipe, faces, out_dir, progress)
        training.run()
        return _measure(recipe, facekit, out_dir, progress)
    finally:
        torch.set_num_threads(threads)


def _faces(recipe: MagnifierRecipe, facekit: Path, out_dir: Path, progress: Progress) -> Faces:
    seeds = range(recipe.first_seed, recipe.first_seed + recipe.people)
    path = out_dir / FACES
    if path.is_file():
        faces = load_faces(path)
        if set(faces.seeds.tolist()) <= set(seeds) and faces.moved.shape[1] == recipe.expressions:
            return faces
        raise InputError(f"{path} holds other people than the recipe asks for: name another folder or delete it.")
    faces = render_faces(
        facekit, seeds, recipe.expressions, lambda done, total: progress(MagnifierProgress("render", done, total))
    )
    faces.save(path)
    return faces


def _measure(recipe: MagnifierRecipe, facekit: Path, out_dir: Path, progress: Progress) -> dict[str, Any]:
    """The table of ratios, as CSV and in the card."""
    net, metadata, _ = load_magnifier(out_dir / WEIGHTS)
    calibrate(net, held_out_examples(recipe, load_faces(out_dir / FACES)))
    seeds = range(recipe.test_seed, recipe.test_seed + recipe.test_people)
    people = render_test(facekit, seeds, lambda done, total: progress(MagnifierProgress("test people", done, total)))
    rows = ratio_table(net, people, recipe.seed)
    write_table(rows, out_dir / TABLE)
    metadata["mmr"] = [asdict(row) for row in rows]
    kept = {name: value for name, value in metadata.items() if name not in ("format", "config")}
    digest = save_magnifier(net, out_dir / WEIGHTS, kept)
    return {"sha256": digest, **metadata}


def held_out_examples(recipe: MagnifierRecipe, faces: Faces) -> Examples:
    """Warped pairs of the people held out, other ones than those which chose the best step."""
    rng = np.random.default_rng([recipe.seed, 2**31 + 1])
    held_out = split_people(faces, recipe.held_out)[1]
    return draw_examples(held_out, rng, 2 * recipe.validation_examples, replace(recipe.examples, rendered=0.0))


@torch.no_grad()
def calibrate(net: Magnifier, examples: Examples) -> None:
    """Sets the network's ``scale``: at each octave its movement is, by least squares, as large as the true one.

    A network that guesses under noise moves too little (see ``size_loss``), the more so the larger the factor.
    """
    net.scale.fill_(1.0)
    field, truth = _in_parts(net, examples), examples.truth
    shares = octave_shares(examples.alpha)
    together = (shares * (field * truth).sum(1, keepdim=True)).sum(dim=(0, 2, 3))
    alone = (shares * truth.square().sum(1, keepdim=True)).sum(dim=(0, 2, 3))
    known = alone > 1.0  # around a factor of 1 there is nothing to measure
    net.scale.copy_(torch.where(known, alone / together.clamp(min=1e-6), torch.ones_like(alone)).clamp(0.7, 1.5))


def split_people(faces: Faces, held_out: int) -> tuple[Faces, Faces]:
    """(learned from, held out): the last ``held_out`` people are the second part."""
    parts = (slice(None, -held_out), slice(-held_out, None))
    first, second = (Faces(faces.still[p], faces.rest[p], faces.moved[p], faces.seeds[p]) for p in parts)
    return first, second


class MagnifierTraining:
    """One run's state: network, its moving average, optimiser, best validation."""

    def __init__(self, recipe: MagnifierRecipe, faces: Faces, out_dir: Path, progress: Progress) -> None:
        self.recipe, self.out_dir, self.progress = recipe, out_dir, progress
        self.faces, held_out = split_people(faces, recipe.held_out)
        rng = np.random.default_rng([recipe.seed, 2**31])
        self.judged = draw_examples(held_out, rng, recipe.validation_examples, replace(recipe.examples, rendered=0.0))
        torch.manual_seed(recipe.seed)
        self.net = Magnifier(recipe.network)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=recipe.learning_rate)
        self.step = 0
        self.best: dict[str, Any] = {"step": 0, "figures": {}}
        self.totals: dict[str, float] = {}
        self._resume()

    def run(self) -> None:
        """All steps that are left."""
        started, first = time.perf_counter(), self.step
        while self.step < self.recipe.steps:
            self.train_step()
            self.progress(MagnifierProgress("train", self.step, self.recipe.steps))
            if self.step % self.recipe.validate_every == 0 or self.step == self.recipe.steps:
                self._validate((time.perf_counter() - started) / (self.step - first))

    def train_step(self) -> dict[str, float]:
        """One batch, drawn from the recipe's seed and the step's number: a training broken off goes on as it was."""
        recipe = self.recipe
        batch = draw_examples(
            self.faces, np.random.default_rng([recipe.seed, self.step]), recipe.batch_size, recipe.examples
        )
        for group in self.optimiser.param_groups:
            group["lr"] = _rate(recipe, self.step)
        losses = example_losses(self.net, batch, recipe.loss)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["total"])
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), recipe.clip_norm)
        if not torch.isfinite(norm):
            raise InputError(f"Training diverged at step {self.step + 1}: lower learning_rate.")
        self.optimiser.step()
        self.step += 1
        update_average(self.average, self.net, min(recipe.ema_decay, (1 + self.step) / (10 + self.step)))
        values = {name: float(value.detach()) for name, value in losses.items()}
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + value
        return values

    def _validate(self, seconds: float) -> None:
        recipe = self.recipe
        figures = judge(self.average, self.judged)
        best = self.best["figures"]
        if not best or figures["truth_px"] < best["truth_px"]:
            self.best = {"step": self.step, "figures": figures}
            training = {"recipe": asdict(recipe), "step": self.step, "torch": torch.__version__}
            training |= {"people": len(self.faces.seeds), "held_out": recipe.held_out}
            save_magnifier(self.average, self.out_dir / WEIGHTS, {"training": training, "validation": figures})
        since = (self.step - 1) % recipe.validate_every + 1
        losses = {name: value / since for name, value in self.totals.items()}
        self.totals = {}
        entry = {"step": self.step, "loss": losses, "validation": figures, "seconds_a_step": round(seconds, 3)}
        with (self.out_dir / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        state = {"recipe": asdict(recipe), "step": self.step, "best": self.best}
        save_checkpoint(self.out_dir / CHECKPOINT, self.net, self.average, self.optimiser, state)
        line = f"step {self.step}/{recipe.steps} loss {losses['total']:.3f} error {figures['truth_px']:.3f} px"
        line += f" (flow alone {figures['flow_alone_px']:.3f}), size {figures['size']:.2f}"
        self.progress(MagnifierProgress("train", self.step, recipe.steps, line))

    def _resume(self) -> None:
        path = self.out_dir / CHECKPOINT
        if not path.is_file():
            return
        state = load_checkpoint(path, self.net, self.average, self.optimiser)
        if state["recipe"] != json.loads(json.dumps(asdict(self.recipe))):
            raise InputError(f"{self.out_dir} holds a training with another recipe: name another folder or delete it.")
        self.step, self.best = state["step"], state["best"]


def example_losses(net: Magnifier, batch: Examples, weights: MagnifierLoss) -> dict[str, Tensor]:
    """The truth for the warped pairs, equations 1 to 3 for the rendered ones and as many warped ones (all, where none
    is rendered): next to the truth they add little but cost as much as the network. ``total`` is minimised."""
    field = net(batch.rest, batch.frame, batch.flow, batch.alpha)
    known, count = len(batch.truth), len(batch.rest)
    part = slice(max(0, 2 * known - count) if known < count else 0, None)
    frame = batch.frame[part]
    losses = flow_losses(batch.rest[part], frame, moved(frame, field[part]), batch.alpha[part], weights)
    losses["truth"] = truth_loss(field[:known], batch.truth)
    losses["size"] = size_loss(field[:known], batch.truth)
    losses["total"] = losses["total"] + weights.truth * losses["truth"] + weights.size * losses["size"]
    return losses


@torch.no_grad()
def judge(net: Magnifier, examples: Examples) -> dict[str, float]:
    """Errors of the displacement on warped stills, crop pixels, root mean square over points: of the network
    (``truth_px``), of the measured flow alone (``flow_alone_px``), of doing nothing (``nothing_px``). ``size``: 1 where
    each picture moves as much as it should, 0 where none moves (see ``size_loss``)."""
    alone = Magnifier(net.config)  # untrained, it passes the flow on
    fields = {"truth_px": _in_parts(net, examples), "flow_alone_px": _in_parts(alone, examples)}
    fields["nothing_px"] = torch.zeros_like(examples.truth)
    truth = examples.truth
    figures = {name: float((field - truth).square().mean().sqrt()) for name, field in fields.items()}
    figures["size"] = 1.0 - float(size_loss(fields["truth_px"], truth))
    return {name: round(value, 5) for name, value in figures.items()}


def _in_parts(net: Magnifier, examples: Examples, size: int = 16) -> Tensor:
    inputs = (examples.rest, examples.frame, examples.flow, examples.alpha)
    return torch.cat([net(*parts) for parts in zip(*(torch.split(t, size) for t in inputs), strict=True)])


def _rate(recipe: MagnifierRecipe, step: int) -> float:
    """Linear rise, then half a cosine to 1 % of the peak."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return recipe.learning_rate * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, done))) / 2)


def summary(card: Mapping[str, Any]) -> list[str]:
    """The table of ratios in lines for people."""
    return [
        f"alpha {row['alpha']:g}, noise {row['noise']:g}: measured {row['mean']:.2f} (SD {row['sd']:.2f}, "
        f"{row['n']} synthetic people never trained on; rendered truth {row['truth']:.2f})"
        for row in card["mmr"]
    ]
