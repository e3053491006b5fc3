"""Clips of a tiny made-up face: what a script promises, what moves where, what a camera does."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.errors import InputError, SetupError
from curves.values import DEFAULT_AUS, MIDLINE_AUS
from recognizer.synthetic import actions, camera, facekit, render
from recognizer.synthetic.distractors import smooth_noise
from recognizer.synthetic.envelope import Envelope, draw_envelope
from recognizer.synthetic.facekit import FaceKit, Part
from recognizer.synthetic.generate import SceneSettings, Studio, generate_clip
from recognizer.synthetic.priors import load_priors
from recognizer.synthetic.render import Pose, Puppet, View
from recognizer.synthetic.scenario import draw_script

# Where a shape moves the made-up face, by the start of its name: x, y (cm), direction.
_PLACES = {
    "brow": ((3.0, 5.5), (0.0, 0.6, 0.0)),
    "eye": ((3.2, 3.5), (0.0, 0.3, 0.0)),
    "cheek": ((4.0, 1.0), (0.0, 0.6, 0.1)),
    "nose": ((1.5, 0.0), (0.0, 0.8, 0.0)),
    "mouth": ((2.2, -3.5), (0.6, 0.6, 0.0)),
    "jaw": ((0.0, -6.0), (0.0, -2.0, 0.0)),
}


def _shape_names() -> tuple[str, ...]:
    named = {name for action in actions._table()["action"] for side in ("left", "right") for name in action[side]}
    return tuple(sorted(named | set(actions.DISTRACTORS)))


def _landmarks() -> np.ndarray:
    """68 points (x, y): jaw, brows, nose, eyes, outer and inner lips, laid out as ovals and lines."""

    def oval(centre: tuple[float, float], radii: tuple[float, float], degrees: np.ndarray) -> np.ndarray:
        return np.stack(
            [centre[0] + radii[0] * np.cos(np.radians(degrees)), centre[1] + radii[1] * np.sin(np.radians(degrees))], 1
        )

    brow = np.array([[5.5, 5.0], [4.7, 5.8], [3.7, 6.0], [2.4, 6.0], [1.2, 5.7]])
    mirror = np.array([-1.0, 1.0])
    eye = np.array([180.0, 120, 60, 0, -60, -120])
    return np.concatenate(
        [
            oval((0, 2), (7.3, 9.5), np.linspace(170, 370, 17)),
            brow * mirror,
            brow[::-1],
            np.c_[np.zeros(4), np.linspace(3.5, 0.5, 4)],
            np.c_[np.linspace(-1.2, 1.2, 5), np.full(5, -1.0)],
            oval((-3.1, 3.4), (1.3, 0.4), eye),
            oval((3.1, 3.4), (1.3, 0.4), eye),
            oval((0, -3.5), (2.5, 0.9), np.linspace(180, -150, 12)),
            oval((0, -3.5), (2.2, 0.2), np.linspace(180, -135, 8)),
        ]
    )


@pytest.fixture(scope="module")
def kit() -> FaceKit:
    """A dome of 61 x 61 points, 17 cm wide, with a bump for each shape that the tables name."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-8.5, 8.5, 61), np.linspace(-11, 12, 61)))
    z = 11 - 0.1 * x**2 - 0.03 * y**2
    points = np.stack([x, y, z], axis=1)
    cell = (np.arange(60)[:, None] * 61 + np.arange(60)).ravel()
    triangles = np.concatenate([np.stack([cell, cell + 1, cell + 62], 1), np.stack([cell, cell + 62, cell + 61], 1)])
    fields = []
    for name in _shape_names():
        (cx, cy), direction = next(place for start, place in _PLACES.items() if name.startswith(start))
        sign = -1.0 if name.endswith("_R") else 1.0
        cx = 0.0 if name[-2:] not in ("_L", "_R") else sign * cx
        falloff = np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / 0.8**2)
        fields.append(falloff[:, None] * np.array(direction) * [sign, 1, 1])
    landmarks = [int(np.argmin(((points[:, :2] - at) ** 2).sum(1))) for at in _landmarks()]
    return FaceKit(
        neutral=points.astype(np.float32),
        triangles=triangles.astype(np.int32),
        part=np.zeros(len(points), np.uint8),
        landmarks=np.array(landmarks, np.int32),
        expression_names=_shape_names(),
        expressions=np.array(fields, np.float32),
        identities=np.stack([0.1 * points, 0.05 * points * [1, 0, 0]]).astype(np.float32),
    )


@pytest.fixture(scope="module")
def studio(kit: FaceKit):
    try:
        made = Studio(kit, inner_px=192)
    except SetupError as error:
        pytest.skip(f"nothing here can render: {error}")
    with made:
        yield made


def test_every_au_moves_its_own_side(kit: FaceKit) -> None:
    basis = actions.action_basis(kit)
    assert basis.shape == (38, len(kit.neutral), 3)
    size = np.linalg.norm(basis, axis=2)
    middle = (size * kit.neutral[:, 0]).sum(1) / size.sum(1)
    for index, au in enumerate(DEFAULT_AUS):
        left, right = middle[2 * index : 2 * index + 2]
        if au in MIDLINE_AUS - {16, 24, 38}:  # these have two half shapes in the kit
            assert abs(left) < 0.2 and abs(right) < 0.2
        else:
            assert left > 0.5 and right < -0.5, f"AU{au}"


def test_a_kit_without_a_shape_is_refused(kit: FaceKit) -> None:
    with pytest.raises(InputError, match="no shape 'mouthSneeze'"):
        kit.shape("mouthSneeze")


def test_shapes_that_do_not_fit_are_refused(kit: FaceKit) -> None:
    with pytest.raises(ValueError, match="part: expected shape"):
        FaceKit(kit.neutral, kit.triangles, kit.part[1:], kit.landmarks, (), kit.expressions[:0], kit.identities)
    with pytest.raises(ValueError, match="identity coefficients: expected 2"):
        facekit.identity_mesh(kit, [1.0])


def test_the_file_reader_keeps_what_is_drawn_and_renumbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(26719, 3)).astype(np.float32)
    points[[100, 200, 300]] = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]  # faces +z: kept
    points[[400, 500, 600]] = [[0, 0, 0], [0, 1, 0], [1, 0, 0]]  # faces -z: dropped
    triangles = np.array([[100, 200, 300], [400, 500, 600], [100, 200, 15000]], np.int32)  # 15000: gums, dropped
    expressions = np.zeros((1, 26719, 3), np.float32)
    expressions[0, 200] = 7.0
    np.savez(
        tmp_path / "ict_facekit.npz",
        neutral=points,
        tri=triangles,
        expr_delta=expressions,
        expr_names=np.array(["smile"]),
        id_delta=np.zeros((1, 26719, 3), np.float16),
    )
    with pytest.raises(InputError, match=r"vertex_indices\.json is missing"):
        facekit.load_facekit(tmp_path)
    (tmp_path / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": [300] * 68}))
    loaded = facekit.load_facekit(tmp_path)
    assert loaded.triangles.tolist() == [[0, 1, 2]]
    np.testing.assert_array_equal(loaded.neutral, points[[100, 200, 300]])
    assert loaded.shape("smile")[1, 0] == 7.0 and loaded.landmarks[0] == 2
    assert loaded.identities.dtype == np.float32 and (loaded.part == Part.SKIN).all()


def test_personal_fields_stay_close_to_the_table(kit: FaceKit) -> None:
    basis = actions.action_basis(kit)
    personal = actions.personal_basis(kit, basis, np.random.default_rng(3))
    for plain, own in zip(basis, personal, strict=True):
        likeness = (plain * own).sum() / np.linalg.norm(plain) / np.linalg.norm(own)
        assert likeness > 0.9
        assert 0.5 < np.linalg.norm(own) / np.linalg.norm(plain) < 1.5


def test_normals_of_a_plane_point_out_of_it() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    normals = facekit.vertex_normals(square, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    np.testing.assert_allclose(normals, np.tile([0, 0, 1], (4, 1)))


def test_a_puppet_is_linear_in_its_weights(kit: FaceKit) -> None:
    basis = actions.action_basis(kit)
    puppet = Puppet(kit, np.zeros(2), basis)
    weights = np.zeros(38)
    weights[[4, 17]] = 0.2, -0.1
    moved = puppet.at(weights)
    np.testing.assert_allclose(moved[:, :3], kit.neutral + 0.2 * basis[4] - 0.1 * basis[17], atol=1e-5)
    true_normals = facekit.vertex_normals(moved[:, :3].copy(), kit.triangles)
    unmoved = np.abs(puppet.at(np.zeros(38))[:, 3:] - true_normals).max()
    assert np.abs(moved[:, 3:] - true_normals).max() < 0.2 * unmoved


def test_envelope_holds_its_times() -> None:
    envelope = Envelope(1.0, 0.2, 0.1, 0.3, 1.4, 0.7)
    values = envelope.at(np.array([0.9, 1.0, 1.2, 1.25, 1.3, 1.6, 2.0]))
    np.testing.assert_allclose(values, [0, 0, 1, 1, 1, 0, 0], atol=1e-12)
    assert envelope.end_s == pytest.approx(1.6)


@given(st.integers(0, 10_000), st.floats(0.03, 0.4), st.floats(0.03, 0.4), st.floats(0, 0.06))
def test_drawn_envelopes_stay_inside_their_event(seed: int, rise: float, fall: float, jitter: float) -> None:
    envelope = draw_envelope(np.random.default_rng(seed), 1.0, rise, fall, jitter_s=jitter)
    assert envelope.start_s >= 1.0 - 1e-9 and envelope.end_s <= 1.0 + rise + fall + 0.021
    values = envelope.at(np.linspace(0.9, 2, 500))
    assert values.min() >= 0 and values.max() <= 1


_STRENGTH = np.full(38, 0.1)


@settings(max_examples=60)
@given(st.integers(0, 100_000))
def test_scripts_tell_the_truth(seed: int) -> None:
    script = draw_script(np.random.default_rng(seed), SceneSettings(), load_priors(), _STRENGTH)
    times, intensity = script.times_s, script.intensity()
    assert (np.diff(times) > 0).all() and times[0] == 0 and 2.2 < times[-1] < 4.0
    assert intensity.shape == (len(times), 19, 2) and intensity.min() >= 0 and intensity.max() <= 1
    assert len(script.distraction.poses) == len(times)
    for event in script.events:
        assert 0 <= event.onset_s <= event.apex_s <= event.offset_s <= times[-1] + 0.1
        assert 0.05 <= event.offset_s - event.onset_s <= 0.55
        motion = 0.1 * event.peaks
        for au in event.envelopes:
            if DEFAULT_AUS[au] in MIDLINE_AUS:
                assert event.peaks[au, 0] == event.peaks[au, 1]
                motion[au] *= 2
        assert 0.0099 <= motion.max() <= 0.0401
    for first, second in zip(script.events, script.events[1:], strict=False):
        assert first.offset_s < second.onset_s


def test_events_begin_where_they_become_visible() -> None:
    priors = load_priors()
    for seed in range(25):
        settings_ = SceneSettings(events=(0, 1, 0), macro=0, fps=(1000.0,), fps_weight=(1.0,), variable_rate=0)
        script = draw_script(np.random.default_rng(seed), settings_, priors, _STRENGTH)
        event, total = script.events[0], script.intensity().max((1, 2))
        midline = script.intensity()[:, [au in MIDLINE_AUS for au in DEFAULT_AUS]]
        if midline.any():
            continue  # their share of the motion is not their share of the intensity
        visible = script.times_s[total >= 0.05 * total.max()]
        assert visible[0] == pytest.approx(event.onset_s, abs=0.002)
        assert visible[-1] == pytest.approx(event.offset_s, abs=0.003)


def test_all_aus_emotions_and_sides_come_up() -> None:
    priors = load_priors()
    settings_ = SceneSettings(events=(0, 0, 1), fps=(24.0,), fps_weight=(1.0,))
    aus, emotions, lone = np.zeros(19), np.zeros(7), 0
    for seed in range(150):
        for event in draw_script(np.random.default_rng(seed), settings_, priors, _STRENGTH).events:
            present = event.peaks.max(1) > 0
            aus += present
            emotions[event.emotion] += 1
            lone += bool((event.peaks.min(1) < 0.2 * event.peaks.max(1))[present].any())
    assert aus.min() >= 0.025 * emotions.sum(), "a rare AU is hardly seen"
    assert emotions.min() > 0 and 0.08 < lone / emotions.sum() < 0.5


def test_calm_clips_have_no_event_and_settings_are_checked() -> None:
    calm = SceneSettings(events=(1, 0, 0), macro=0, distraction=0)
    script = draw_script(np.random.default_rng(0), calm, load_priors(), _STRENGTH)
    assert not script.events and not script.intensity().any() and not script.distraction.weights.any()
    assert set(script.distraction.poses) == {Pose()}
    with pytest.raises(ValueError, match=r"scene macro: expected 0\.\.1"):
        SceneSettings(macro=1.5)
    with pytest.raises(ValueError, match="reduction"):
        SceneSettings(reduction=(0.8, 0.4))


def test_speech_masks_the_mouth_only() -> None:
    talk = SceneSettings(speech=1.0)
    script = draw_script(np.random.default_rng(5), talk, load_priors(), _STRENGTH)
    known = script.intensity_known()
    speaking = script.distraction.speaking
    assert speaking.any()
    assert not known[speaking][:, DEFAULT_AUS.index(25)].any()
    assert known[:, DEFAULT_AUS.index(4)].all() and known[~speaking].all()


def test_smooth_noise_is_seeded_and_smooth() -> None:
    times = np.arange(0, 3, 0.01)
    one, two = (smooth_noise(np.random.default_rng(1), times, 2.0) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert np.abs(np.diff(one)).max() < 2 * np.pi * 2.0 * 0.01 * 6 / np.sqrt(3)


def test_projection_knows_left_up_and_turns() -> None:
    view = View(size_px=200)
    points = np.array([[3.0, 3.0, 10.0], [-3.0, 3.0, 10.0], [0.0, 0.0, 13.0], [0.0, 6.0, 10.0]])
    at = render.project(points, Pose(), view)
    assert at[0, 0] > 100 > at[1, 0], "the subject's left is on the image's right"
    assert at[3, 1] < at[2, 1], "up is up"
    assert render.project(points, Pose(yaw=10), view)[2, 0] > at[2, 0] + 5, "turned to the subject's left"
    assert render.project(points, Pose(pitch=10), view)[2, 1] < at[2, 1] - 5, "looking up"
    assert render.project(points, Pose(roll=10), view)[3, 0] > at[3, 0] + 2, "tilted to the subject's left"
    moved = render.project(points, Pose(shift_x=0.1, shift_y=0.05), view) - at
    np.testing.assert_allclose(moved, np.tile([20.0, 10.0], (4, 1)), atol=1e-9)


def test_noise_light_and_compression_change_a_picture_a_little() -> None:
    rng = np.random.default_rng(0)
    frame = np.full((64, 64, 3), 120, np.uint8)
    frame[16:48, 16:48] = [200, 150, 120]
    frames = [frame] * 8
    brighter = next(camera.expose([frame], [1.1], camera.Camera(), rng))
    assert brighter[0, 0, 0] == round(255 * np.sqrt((120 / 255) ** 2 * 1.1))
    noisy = list(camera.expose(frames, [1.0] * 8, camera.Camera(noise=3.0), rng))
    assert np.std(noisy[0].astype(float) - frame) == pytest.approx(3.0, rel=0.05)
    assert (noisy[0] != noisy[1]).any()
    for codec, quality in (("h264", 23), ("mpeg4", 4), ("none", 0)):
        out = list(camera.compress(frames, camera.Camera(codec=codec, quality=quality), 29.97))
        assert len(out) == 8 and out[0].shape == frame.shape
        assert np.abs(out[-1].astype(int) - frame)[24:40, 24:40].mean() < 6


def test_the_subjects_left_moves_on_the_images_right(studio: Studio) -> None:
    intensity = np.zeros((2, 19, 2))
    intensity[1, DEFAULT_AUS.index(12), 0] = 1.0
    view = View(size_px=128)
    done = studio.sequence(1, intensity, [Pose()] * 2, view=view, vertices=range(0, 3721, 10))
    change = np.abs(done.frames[1].astype(int) - done.frames[0]).sum(2)
    assert change[:, 64:].sum() > 5 * change[:, :64].sum()
    shift = np.linalg.norm(done.points[1] - done.points[0], axis=1)
    assert shift.max() > 1 and done.points[0][shift.argmax(), 0] > 64


def test_pixels_move_as_projected(studio: Studio, kit: FaceKit) -> None:
    poses = [Pose(), Pose(shift_x=0.02, shift_y=-0.01)]
    done = studio.sequence(2, np.zeros((2, 19, 2)), poses, view=View(size_px=192), vertices=kit.landmarks.tolist())
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in done.frames)
    points = done.points[0].astype(np.float32)[:, None]
    tracked, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, None)
    error = np.linalg.norm(tracked[:, 0] - done.points[1], axis=1)[found[:, 0] == 1]
    assert np.median(error) < 0.1


def test_a_clip_is_what_its_truth_says_and_comes_twice(studio: Studio) -> None:
    small = SceneSettings(size_px=96, reduction=(1, 1), duration_s=(0.9, 1.0), fps=(24.0,), fps_weight=(1.0,))
    first, second = studio.clip(7, small), None
    frames = np.stack(list(first.frames))
    second = studio.clip(7, small)
    truth = first.truth
    assert frames.shape == (len(truth.times_s), 96, 96, 3) and frames.dtype == np.uint8
    assert truth.intensity.shape == (len(frames), 19, 2) and truth.intensity_known.shape == (len(frames), 19)
    assert len(truth.onset_apex_offset) == len(truth.event_emotion) == len(truth.event_au)
    np.testing.assert_array_equal(frames, np.stack(list(second.frames)))
    other = studio.clip(7, small, identity_seed=8)
    assert other.truth.identity == "synthetic-8"
    np.testing.assert_array_equal(other.truth.intensity, truth.intensity)
    assert np.abs(next(other.frames).astype(int) - frames[0]).mean() > 2


def test_a_camera_further_away_shows_the_same_face_smaller(studio: Studio) -> None:
    near = SceneSettings(size_px=96, reduction=(1, 1), camera_noise=0, duration_s=(0.9, 1.0))
    large, small = next(studio.clip(7, near).frames), next(studio.clip(7, replace(near, reduction=(0.5, 0.5))).frames)
    assert large.shape == (96, 96, 3) and small.shape == (48, 48, 3)
    halved = cv2.resize(large, (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - halved).mean() < 1.5


@pytest.mark.usefixtures("studio")
def test_one_clip_by_itself(kit: FaceKit) -> None:
    small = SceneSettings(size_px=64, duration_s=(0.9, 1.0), fps=(24.0,), fps_weight=(1.0,))
    clip = generate_clip(kit, 3, small)
    assert len(list(clip.frames)) == len(clip.truth.times_s)


def test_a_sequence_checks_its_lengths(studio: Studio) -> None:
    with pytest.raises(ValueError, match=r"intensity: expected shape \(2, 19, 2\)"):
        studio.sequence(1, np.zeros((3, 19, 2)), [Pose()] * 2)


def test_rendering_without_opengl_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    moderngl = pytest.importorskip("moderngl")

    def broken(**_: object) -> None:
        raise RuntimeError("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", broken)
    with pytest.raises(SetupError, match="install"):
        render.open_context()
    monkeypatch.setitem(__import__("sys").modules, "moderngl", None)
    with pytest.raises(SetupError, match=r"pip install microexpr\[render\]"):
        render.open_context()
