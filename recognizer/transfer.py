"""The motion of one clip given to the face of another person: more clips to train on (paper 003, section IV-I).

The paper moves a face by an image animation network that is told where the facial prior's keypoints lie. Here it is
geometry. The keypoints of both faces (``recognizer.face.prior``, with points of the outline that hold the rest in
place) say which place of the driver's face is which of the target's. The driver's flow is read there, scaled by the
faces' sizes, and smoothed with each place weighted by the prior map: what happens at the keypoints is carried on,
what bare skin between them seems to do counts less. Then the target's first frame is warped by it, frame by frame.
Smoothing weakens motion, and so does measuring it; both losses are measured and made good, so that the flow found in
the new frames is as strong as the one found in the driver's.

Both crops are aligned to one canonical face, eyes at the same places; a person's own shape is found by the landmark
network on the first crop. Samples without crops lie in the canonical shape by definition of their alignment.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from curves.errors import InputError, NoFaceError
from recognizer.face.align import CROP, canonical_face, face_mask
from recognizer.face.landmarks import LandmarkNet, region_of_landmarks
from recognizer.face.motion import GRID, FlowMeter
from recognizer.face.prior import keypoints, prior_map
from recognizer.samples import Sample
from recognizer.synthetic.warp import warp_image
from recognizer.systems import Example

#: Beside the keypoints: outline, eye corners, tip of the nose.
_HELD = (10, 297, 284, 389, 454, 361, 397, 378, 152, 149, 172, 132, 234, 162, 54, 67, 33, 133, 362, 263, 4)
_STIFFNESS = 2.0  # px^2 of landmark noise that the map between the faces smooths over
_BASE_WEIGHT = 0.25  # of a place far from all keypoints, beside 1 on the prior map's peak
_SMOOTHING = 1.0  # grid points, as when flow is measured
_PRESENCE = 0.5
_MOST_GAIN = 1.5

Points = NDArray[np.float64]


def generated_examples(
    train: Sequence[Example],
    count: int,
    seed: int,
    *,
    crops: bool = True,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Example]:
    """``count`` new examples from pairs of ``train``, a training part: driver and target both come from there.

    Pairs are drawn without repetition among all ordered pairs of clips of different subjects (n^2 - n if each clip has
    a subject of its own); label and AUs are the driver's, the subject is the target's. ``crops``: False leaves the
    pictures out, half the memory (25 kB a frame with them). ``progress`` is told which clips show no face: they give
    no pair. Raises InputError for samples without flow, or where there are fewer pairs than asked for; ValueError for
    examples that are generated already.
    """
    if any(example.generated for example in train):
        raise ValueError("generated_examples: expected real examples, got generated ones among them")
    shapes = _shapes([example.sample for example in train], progress)
    usable = [example for example, points in zip(train, shapes, strict=True) if points is not None]
    known = [points for points in shapes if points is not None]
    made = []
    for driver, target in draw_pairs([(e.sample.dataset, e.sample.subject) for e in usable], count, seed):
        sample = _transferred(usable[driver].sample, usable[target].sample, known[driver], known[target], crops)
        made.append(usable[driver]._replace(sample=sample, generated=True))
    return made


def _shapes(samples: Sequence[Sample], progress: Callable[[str], None]) -> list[Points | None]:
    found: list[Points | None] = []
    for sample in samples:
        try:
            found.append(face_points(sample))
        except NoFaceError as error:
            progress(str(error))
            found.append(None)
    return found


def draw_pairs(subjects: Sequence[tuple[str, str]], count: int, seed: int) -> list[tuple[int, int]]:
    """``count`` different (driver, target) positions whose ``subjects`` differ, uniformly drawn.

    InputError if there are fewer; ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"count: expected 0 or more, got {count}")
    order = sorted(range(len(subjects)), key=lambda i: (subjects[i], i))
    names = [subjects[i] for i in order]
    first = {name: names.index(name) for name in set(names)}
    own = {name: names.count(name) for name in first}
    ends = np.cumsum([0] + [len(names) - own[name] for name in names])
    if count > ends[-1]:
        raise InputError(
            f"{count} generated clips were asked for, but the training part has only {ends[-1]} pairs of clips of "
            "different subjects: ask for fewer."
        )
    pairs = []
    for number in Random(seed).sample(range(int(ends[-1])), count):  # noqa: S311  # not for secrets
        driver = int(np.searchsorted(ends, number, side="right")) - 1
        other = number - int(ends[driver])
        target = other if other < first[names[driver]] else other + own[names[driver]]
        pairs.append((order[driver], order[target]))
    return pairs


def transfer(driver: Sample, target: Sample, *, crops: bool = True) -> Sample:
    """``target``'s face with ``driver``'s motion: the driver's times, apex, emotion and AUs, the target's subject.

    ``flow`` is the carried motion itself; ``crops`` (where ``target`` has any, unless False) are its first frame
    warped by it. ``onset_apex`` is None: it is made from flow and apex. Raises InputError for a driver without flow,
    NoFaceError where a first crop shows no face, SetupError without the landmark model.
    """
    return _transferred(driver, target, face_points(driver), face_points(target), crops)


def _transferred(driver: Sample, target: Sample, driver_points: Points, target_points: Points, crops: bool) -> Sample:
    if driver.flow is None:
        raise InputError(f"{driver.dataset}/{driver.clip} has no flow, so its motion cannot be given to another face.")
    flow = carry(driver.flow, driver_points, target_points)
    pictures = None if target.crops is None or not crops else _warped(target.crops[0], flow)
    return replace(
        driver,
        clip=f"{driver.dataset}/{driver.clip} on {target.dataset}/{target.clip}",
        dataset=target.dataset,
        subject=target.subject,
        flow=flow.astype(np.float16),
        crops=pictures,
        onset_apex=None,
    )


def face_points(sample: Sample) -> Points:
    """(468, 2) the person's own face mesh in crop pixels, from the first crop; the canonical one without crops.

    NoFaceError where the crop shows no face.
    """
    rough = canonical_face()
    if sample.crops is None:
        return rough[:, :2].copy()
    picture = np.repeat(sample.crops[0][..., None], 3, axis=-1)
    points, presence = LandmarkNet().predict(picture, region_of_landmarks(rough))
    if presence < _PRESENCE:
        raise NoFaceError(f"{sample.dataset}/{sample.clip}: its first frame shows no face, so no motion can go there.")
    return points[:, :2].astype(np.float64)


def carry(flow: NDArray[np.floating], driver_points: Points, target_points: Points) -> NDArray[np.float32]:
    """The flow (N, 2, 56, 56) of a face with mesh ``driver_points`` (468, 2) as the face of ``target_points`` would
    show it, crop pixels."""
    xs, ys = np.ascontiguousarray(_places_on_driver(driver_points, target_points).transpose(2, 0, 1))
    scale = _size(target_points) / _size(driver_points)
    near = prior_map(target_points)
    weight = _BASE_WEIGHT + near / near.max()
    share = face_mask(GRID) / cv2.GaussianBlur(weight, (0, 0), _SMOOTHING)
    moved, result = np.empty(flow.shape, np.float32), np.empty(flow.shape, np.float32)
    for frame, plain, out in zip(flow, moved, result, strict=True):
        for axis in (0, 1):
            plane = scale[axis] * np.ascontiguousarray(frame[axis], np.float32)
            plain[axis] = cv2.remap(plane, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            out[axis] = cv2.GaussianBlur(plain[axis] * weight, (0, 0), _SMOOTHING) * share
    return result * _loss(moved * face_mask(GRID), result)


def _loss(wanted: NDArray[np.float32], got: NDArray[np.float32]) -> np.float32:
    """How much stronger ``got`` should be to be as strong as ``wanted``, in [1, 1.5]; 1 where nothing moves."""
    both = float((wanted * got).sum())
    return np.float32(np.clip(float((wanted * wanted).sum()) / both, 1.0, _MOST_GAIN) if both > 0.0 else 1.0)


def _places_on_driver(driver_points: Points, target_points: Points) -> NDArray[np.float32]:
    """(56, 56, 2): for each grid point of the target's face the place on the driver's, in grid points: a thin plate
    spline through keypoints and outline (Bookstein 1989)."""
    source, goal = _landmarks(target_points), _landmarks(driver_points)
    spline = RBFInterpolator(source, goal - source, kernel="thin_plate_spline", smoothing=_STIFFNESS)
    centres = (np.arange(GRID) + 0.5) * (CROP / GRID) - 0.5
    grid = np.stack(np.meshgrid(centres, centres), axis=-1)
    places = grid + spline(grid.reshape(-1, 2)).reshape(grid.shape)
    return ((places + 0.5) * (GRID / CROP) - 0.5).astype(np.float32)


def _landmarks(points: Points) -> Points:
    return np.concatenate([keypoints(points), points[list(_HELD), :2]])


def _size(points: Points) -> Points:
    """(2,): width and height of a face, as the spread of its keypoints and outline."""
    spread: Points = _landmarks(points).std(axis=0)
    return spread


def _warped(still: NDArray[np.uint8], flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(N, 112, 112): ``still`` (112, 112) moved so that the flow measured in it is ``flow`` (N, 2, 56, 56)."""
    greatest = flow[int(np.abs(flow).mean(axis=(1, 2, 3)).argmax())]
    measured = FlowMeter(still).to(_moved(still, greatest))[0]
    gain = _loss(greatest, measured * face_mask(GRID))
    return np.stack([_moved(still, gain * field) for field in flow])


def _moved(still: NDArray[np.uint8], field: NDArray[np.float32]) -> NDArray[np.uint8]:
    full = cv2.resize(np.ascontiguousarray(field.transpose(1, 2, 0)), (CROP, CROP), interpolation=cv2.INTER_LINEAR)
    return warp_image(still, full)
