"""Makes the clips of the spotting benchmark: real frames, resampled once each, always alike, and encoded intra-only.

Every frame of every clip goes through one Lanczos look-up at places that are no whole pixels, whether or not anything
moves in it, then through the same noise and an encoder that treats each frame by itself with a constant quantiser. So
neither sharpness nor the codec tells when an event happens.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from spotting_footage import Stretch, of_kind
from spotting_moves import Eyes, Head, Rest, blinks, gaze_course, head_moves, lid_course, tremor, turn_course
from spotting_truth import ClipTruth, Deck, TrueEvent, all_courses, draw_events

from recognizer.synthetic.warp import displacement_field, intensities_at, inverse_field

CLIP_S = 8.0
FACE_PX = (120.0, 160.0)  # width of the face in a clip
RATES, SLOW_RATES = (30.0, 60.0, 100.0), (30.0, 30.0, 60.0)  # of held frames with events, and without
NOISE = (0.8, 2.2)  # deviation of the sensor noise that is added, grey levels
QUANTISER = 20
_LEAST_SCALE = 1.08  # of the last resampling: pictures that would shrink are averaged before
_MARGIN, _RIM = 0.35, 6.0  # picture around the face, in face widths; pixels kept free for the camera's tremor
_EYE_AUS = frozenset({5, 7})  # a blink hides them
_GRAIN = 1600  # pixels; side of the noise that frames are taken from


@dataclass(frozen=True, eq=False)
class Planes:
    """A picture as video stores it: brightness (H, W) and two planes of colour at half the resolution."""

    y: NDArray[np.uint8]
    colour: NDArray[np.uint8]

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> "Planes":
        height, width = (side // 2 * 2 for side in image.shape[:2])
        flat = cv2.cvtColor(np.ascontiguousarray(image[:height, :width]), cv2.COLOR_RGB2YUV_I420)
        halves = flat[height:].reshape(2, height // 2, width // 2)
        return cls(flat[:height], np.ascontiguousarray(halves.transpose(1, 2, 0)))

    def flat(self) -> NDArray[np.uint8]:
        """(1.5 H, W): the planes below each other."""
        return np.vstack([self.y, self.colour.transpose(2, 0, 1).reshape(-1, self.y.shape[1])])


@dataclass(frozen=True, eq=False)
class Plan:
    """One clip to be made: footage, length, what happens in it. ``first``: where in the footage's way to and fro it
    begins."""

    row: str
    stretch: Stretch
    fps: float
    face_px: float
    noise: float
    rest: Rest
    events: tuple[TrueEvent, ...] = ()
    other: dict[str, list[list[float]]] = field(default_factory=dict)
    first: int = 0

    def truth(self, file: str) -> ClipTruth:
        seconds = len(self.rest.lids) / self.fps
        stretch = self.stretch
        source = f"{stretch.video.name} {stretch.times_s[0]:.2f}..{stretch.times_s[-1]:.2f}"
        return ClipTruth(
            file, self.row, stretch.kind, source, self.fps, seconds, self.face_px, self.events, dict(self.other)
        )


def plans(stretches: Sequence[Stretch], clips: int, seed: int) -> Iterator[Plan]:
    """All clips: ``clips`` of each row with events and of the controls, a third as many of each distractor.

    Each row draws from a stream of its own, so that a row stays as it is when another changes.
    """
    near, held = _in_turn(of_kind(stretches, "near-neutral")), _in_turn(of_kind(stretches, "held"))
    talking = _in_turn(of_kind(stretches, "speech", "laughter"))
    few = -(-clips // 3)
    makers: dict[str, tuple[Callable[..., Plan], list[Stretch], int]] = {
        "inserted": (_played, near, clips),
        "talking": (_played, talking, clips),
        "neutral": (_control, near, clips),
        "speech": (_control, of_kind(talking, "speech"), few),
        "laughter": (_control, of_kind(talking, "laughter"), few),
        "blinks": (_distractor, held, few),
        "gaze": (_distractor, held, few),
        "turns": (_distractor, held, few),
        "neutral-static": (_control, held, few),
        "static": (_static, held, clips),
    }
    for place, (row, (make, footage, count)) in enumerate(makers.items()):
        random = np.random.default_rng([seed, place])
        deck = Deck(random)
        for number in range(count if footage else 0):
            yield make(row, footage[number % len(footage)], number, random, deck)


def _in_turn(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The videos take turns, so that a few clips show as many people as there are."""
    videos = dict.fromkeys(stretch.video for stretch in stretches)
    of_each = [[stretch for stretch in stretches if stretch.video == video] for video in videos]
    return [stretch for turn in zip_longest(*of_each) for stretch in turn if stretch is not None]


def _beginning(random: np.random.Generator, stretch: Stretch) -> int:
    return int(random.integers(0, max(1, 2 * len(stretch.times_s) - 2)))


def _looks(random: np.random.Generator) -> dict[str, float]:
    return {"face_px": float(random.uniform(*FACE_PX)), "noise": float(random.uniform(*NOISE))}


def _static(row: str, stretch: Stretch, number: int, random: np.random.Generator, deck: Deck) -> Plan:
    fps = RATES[number % len(RATES)]
    times = np.arange(round(CLIP_S * fps)) / fps
    events = draw_events(random, CLIP_S, deck)
    taken = [(event.onset_s, event.offset_s) for event in events if event.aus & _EYE_AUS]
    shut = blinks(random, CLIP_S, taken)
    still = Rest.still(len(times))
    rest = Rest(
        tremor(random, len(times), fps),
        head_moves(random, len(times), fps),
        still.turn,
        lid_course(shut, times),
        still.gaze,
    )
    return Plan(row, stretch, fps, **_looks(random), rest=rest, events=tuple(events), other=_told("blinks", shut))


def _played(row: str, stretch: Stretch, number: int, random: np.random.Generator, deck: Deck) -> Plan:
    del number
    rest, first = Rest.still(round(CLIP_S * stretch.fps)), _beginning(random, stretch)
    events = tuple(draw_events(random, CLIP_S, deck))
    return Plan(row, stretch, stretch.fps, **_looks(random), rest=rest, events=events, first=first)


def _control(row: str, stretch: Stretch, number: int, random: np.random.Generator, deck: Deck) -> Plan:
    """Footage without events; a held frame trembles, so that it is more than a picture."""
    del deck
    fps = SLOW_RATES[number % len(SLOW_RATES)] if stretch.kind == "held" else stretch.fps
    count = round(CLIP_S * fps)
    still = Rest.still(count)
    if stretch.kind == "held":
        moves = head_moves(random, count, fps)
        still = Rest(tremor(random, count, fps), moves, still.turn, still.lids, still.gaze)
    return Plan(row, stretch, fps, **_looks(random), rest=still, first=_beginning(random, stretch))


def _distractor(row: str, stretch: Stretch, number: int, random: np.random.Generator, deck: Deck) -> Plan:
    """A held frame in which one everyday movement happens, and nothing else but the camera's tremor."""
    del deck
    fps = SLOW_RATES[number % len(SLOW_RATES)]
    times = np.arange(round(CLIP_S * fps)) / fps
    rest = Rest.still(len(times))
    camera, (lids, gaze, turn) = tremor(random, len(times), fps), (rest.lids, rest.gaze, rest.turn)
    if row == "blinks":
        moves = blinks(random, CLIP_S, [])
        lids = lid_course(moves, times)
    elif row == "gaze":
        gaze, moves = gaze_course(random, times)
        lids = np.clip(3.0 * gaze[:, 1], 0.0, 1.0)  # the lid follows an eye that looks down
    else:
        turn, moves = turn_course(random, times)
    moved = Rest(camera, rest.head, turn, lids, gaze)
    return Plan(row, stretch, fps, **_looks(random), rest=moved, other=_told(row, moves))


def _told(name: str, intervals: Sequence[tuple[float, float]]) -> dict[str, list[list[float]]]:
    return {name: [[round(first, 4), round(last, 4)] for first, last in intervals]}


class Camera:
    """Where a clip's pixels lie in the footage: the face's surroundings, enlarged by a factor that is no whole one."""

    def __init__(self, points: NDArray[np.float64], size: tuple[int, int], face_px: float) -> None:
        """``points`` (n, 468, 2) of all frames of (height, width) ``size``; ``face_px``: width of the face wanted."""
        wide = float(np.ptp(points[..., 0], axis=1).mean())
        low = np.maximum(points.min(axis=(0, 1)) - _MARGIN * wide, 0.0).astype(int)
        high = np.minimum(points.max(axis=(0, 1)) + _MARGIN * wide, (size[1], size[0])).astype(int)
        self._box = np.s_[low[1] : high[1], low[0] : high[0]]
        self._corner = low
        self._reduced = max(1.0, wide * _LEAST_SCALE / face_px)
        self.scale = face_px * self._reduced / wide
        inside = (high - low) / self._reduced * self.scale - 2 * _RIM
        self.size = (int(inside[0]) // 2 * 2, int(inside[1]) // 2 * 2)  # width, height
        self._grid = np.mgrid[: self.size[1], : self.size[0]].astype(np.float32)

    def picture(self, image: NDArray[np.uint8]) -> Planes:
        """The part of a frame that is needed, averaged to at most the size at which it is shown."""
        part = np.ascontiguousarray(image[self._box])
        if self._reduced == 1.0:
            return Planes.of(part)
        size = (round(part.shape[1] / self._reduced), round(part.shape[0] / self._reduced))
        return Planes.of(np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8))

    def places(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the footage in that picture."""
        return np.asarray((points - self._corner + 0.5) / self._reduced - 0.5)

    def look_up(self, tremor_px: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """x and y in the picture of each pixel of the clip."""
        shift = (_RIM + np.clip(tremor_px, -_RIM, _RIM) + 0.37) / self.scale
        rows, columns = self._grid
        return columns / np.float32(self.scale) + np.float32(shift[0]), rows / np.float32(self.scale) + np.float32(
            shift[1]
        )


def frames_of(plan: Plan, random: np.random.Generator) -> Iterator[Planes]:
    """The clip's frames."""
    footage, points = plan.stretch.images(), plan.stretch.points
    camera = Camera(points, (footage[0].shape[0], footage[0].shape[1]), plan.face_px)
    images, points = [camera.picture(image) for image in footage], camera.places(points)
    count = len(plan.rest.lids)
    intensities = intensities_at(list(all_courses(plan.events)), np.arange(count) / plan.fps)
    shape = (images[0].y.shape[0], images[0].y.shape[1])
    held = _Held(images[0], points[0], plan.stretch.depth) if len(images) == 1 else None
    forth_and_back = [*range(len(images)), *range(len(images) - 2, 0, -1)]
    grain = np.float32(plan.noise) * random.standard_normal((_GRAIN, _GRAIN), dtype=np.float32)
    for number in range(count):
        index = forth_and_back[(plan.first + number) % len(forth_and_back)]
        field = displacement_field(points[index], intensities[number], shape)
        if held is not None:
            field += held.head.field(plan.rest.head[number], plan.rest.turn[number])
        x, y = _traced(field, *camera.look_up(plan.rest.camera[number]))
        seen = _resampled(images[index], x, y)
        if held is not None:
            held.paint(seen, x, y, float(plan.rest.lids[number]), plan.rest.gaze[number])
        yield Planes(_noisy(seen.y, grain, random), seen.colour)


class _Held:
    """What only a single still picture has: a head that is moved, and eyes that are painted."""

    def __init__(self, picture: Planes, points: NDArray[np.float64], depth: NDArray[np.float64]) -> None:
        self.head = Head(points, depth, (picture.y.shape[0], picture.y.shape[1]))
        self._bright = Eyes(picture.y[..., None], points)
        self._colour = Eyes(picture.colour, _halved(points))

    def paint(
        self, seen: Planes, x: NDArray[np.float32], y: NDArray[np.float32], lids: float, gaze: NDArray[np.float64]
    ) -> None:
        if lids > 0.0 or gaze.any():
            self._bright.paint(seen.y[..., None], x, y, lids, gaze)
            self._colour.paint(seen.colour, *_coarse(x, y), lids, gaze)


def _halved(points: Any) -> Any:
    """Places in the colour planes, whose pixels lie in the middle of four."""
    return (points - 0.5) / 2


def _coarse(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the pixels of the clip's colour planes look in the picture's."""
    return tuple(_halved((part[::2, ::2] + part[1::2, 1::2]) / 2) for part in (x, y))  # type: ignore[return-value]


def _resampled(picture: Planes, x: NDArray[np.float32], y: NDArray[np.float32]) -> Planes:
    bright = cv2.remap(picture.y, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101)
    colour = cv2.remap(picture.colour, *_coarse(x, y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return Planes(np.asarray(bright, np.uint8), np.asarray(colour, np.uint8))


def _traced(
    field: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where what lies at (x, y) after the displacement came from."""
    back = inverse_field(field)
    moved = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return x + moved[..., 0], y + moved[..., 1]


def _noisy(image: NDArray[np.uint8], grain: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    """Noise in brightness: another part of ``grain`` in each frame, which is much faster than drawing it anew."""
    height, width = image.shape[:2]
    top, left = random.integers(0, _GRAIN - height), random.integers(0, _GRAIN - width)
    noisy = image + grain[top : top + height, left : left + width]
    return np.clip(np.rint(noisy, out=noisy), 0, 255, out=noisy).astype(np.uint8)


def write_clip(path: Path, frames: Iterator[Planes], fps: float) -> None:
    """H.264 in which each frame stands alone, all at the same quantiser."""
    with av.open(f"file:{path}", "w") as container:
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
                stream.height, stream.width, stream.pix_fmt = *frame.y.shape, "yuv420p"
                stream.options = {"qp": str(QUANTISER), "g": "1", "preset": "ultrafast", "aq-mode": "0"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.flat(), format="yuv420p")))
        container.mux(stream.encode(None))


def make(plan: Plan, number: int, folder: Path, seed: int) -> ClipTruth:
    """Writes one clip into ``folder``; motion measured in an older one of that name goes."""
    truth = plan.truth(f"{plan.row}{number:03}.mp4")
    (folder / truth.file).with_suffix(".npz").unlink(missing_ok=True)
    write_clip(folder / truth.file, frames_of(plan, np.random.default_rng([seed, 1000, number])), plan.fps)
    return truth
