"""STUDY.toml, slots, pages and addresses."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from certificates import certificate
from hypothesis import example, given
from hypothesis import strategies as st
from questionnaire_samples import SECONDS, make_study, study_text, write_study
from typer.testing import CliRunner

from curves.errors import InputError
from microexpr.study import app as study_commands
from microexpr.study_serve import facts_of
from studies.orders import order_list
from studies.questionnaire.serving import Address, admin_token
from studies.questionnaire.slots import Slot, next_slot, slots_of
from studies.questionnaire.steps import steps_of
from studies.questionnaire.study import Facts, read_study
from studies.questionnaire.texts import TEXTS, fill, texts_with
from studies.vocabulary import EMOTIONS, ORDERS

# --- STUDY.toml


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "at least one [[pair]]"),
        ("title = [", "no TOML file"),
        (study_text(("fear",)).replace("seed = 3", "sead = 3"), "the key 'sead', which is not known"),
        (study_text(("fear",)).replace("seed = 3", "seed = -1"), "'seed' must be a whole number from 0"),
        (study_text(("fear",)).replace("seed = 3", "seed = true"), "'seed' must be a whole number"),
        (study_text(("fear",)).replace('"fear"', '"joy"'), "the emotion 'joy' is not known"),
        (study_text(("fear", "fear")), "emotion has 'fear' more than once"),
        (study_text(()), "at least one [[pair]]"),
        (study_text(("fear",)).replace("fear_b.mp4", "../outside.mp4"), "lies outside the study's folder"),
        (study_text(("fear",)).replace("fear_b.mp4", "/etc/passwd"), "lies outside the study's folder"),
        (study_text(("fear",)).replace("fear_b.mp4", "fear_c.mp4"), "there is no video 'fear_c.mp4'"),
        (study_text(("fear",)).replace("fear_b.mp4", "STUDY.toml"), "neither .mp4 nor .webm"),
        (study_text(("fear",), '[[item]]\ndimension = "clarity"\n'), "the key 'text' is missing"),
        (study_text(("fear",), '[[item]]\ndimension = "beauty"\ntext = "?"\n'), "'beauty' is not known"),
        (study_text(("fear",), '[[attention]]\ntext = "2"\nanswer = 6\nafter = 1\n'), "'answer' must be"),
        (study_text(("fear",), '[[attention]]\ntext = "2"\nanswer = 2\nafter = 2\n'), "'after' must be"),
        (study_text(("fear",), '[attention]\ntext = "2"\n'), "'attention' must be a list"),
        (study_text(("fear",), '[recognition]\nscore = "felt"\n'), "rated or correct"),
        (study_text(("fear",), '[demographics]\nage = ["1"]\n'), "the key 'age', which is not known"),
        (study_text(("fear",), "[demographics]\ngender = [1]\n"), "must be a list of words"),
        (study_text(("fear",), '[labels]\njoy = "Joy"\n'), "the key 'joy', which is not known"),
        (study_text(("fear",), '[labels]\nanger = "Fear"\n'), "has 'Fear' more than once"),
        (study_text(("fear",)).replace("seed = 3", 'language = "en please"'), "a tag as in HTML"),
        (study_text(("fear",), '[demographics]\ngender = ["An\\nother"]\n'), "more than one line"),
        (study_text(("fear",)).replace("fear_b.mp4", "fear_a.mp4"), "fear_a.mp4 are the same video"),
        (study_text(("fear",)).replace("fear_b.mp4", "fear\\u0000.mp4"), "a file cannot have the name"),
        (study_text(("fear",)).replace("fear_b.mp4", "f" * 300 + ".mp4"), "a file cannot have the name"),
        (study_text(("fear",), '[texts]\nnext = ""\n'), "'next' must be a text"),
        (study_text(("fear",), '[texts]\nprogress = "Page {page}"\n'), "must have the same places"),
    ],
)
def test_a_study_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    write_study(tmp_path / "study", ("fear",))
    (tmp_path / "outside.mp4").write_bytes((tmp_path / "study" / "fear_a.mp4").read_bytes())
    path = tmp_path / "study" / "STUDY.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_study(path, lambda _path: Facts(1.0))
    assert says in str(caught.value) and str(caught.value).startswith("STUDY.toml: ") == (text != "title = [")
    assert "\n" not in str(caught.value)


def test_a_mark_at_the_start_of_the_file_is_skipped(tmp_path: Path) -> None:
    path = write_study(tmp_path, ("fear",))
    path.write_text(study_text(("fear",)), encoding="utf-8-sig")  # as Notepad writes it
    assert read_study(path, lambda _path: Facts(1.0)).emotions == ("fear",)


@pytest.mark.parametrize("other", [Facts(1.06), Facts(1.0, size=(320, 240))])
def test_a_and_b_must_be_alike(tmp_path: Path, other: Facts) -> None:
    path = write_study(tmp_path, ("fear",))
    facts = {"fear_a.mp4": Facts(1.0), "fear_b.mp4": other}
    with pytest.raises(InputError, match="as long and as large"):
        read_study(path, lambda video: facts[video.name])
    facts["fear_b.mp4"] = Facts(1.05)  # a frame
    read_study(path, lambda video: facts[video.name])


def test_what_is_not_filled_in_is_not_served(tmp_path: Path) -> None:
    path = write_study(tmp_path, ("fear",))
    path.write_text(study_text(("fear",)).replace("First.", "FILL IN: who we are."), encoding="utf-8")
    done = CliRunner().invoke(study_commands, ["serve", str(path), "--port", "0"])
    assert isinstance(done.exception, InputError) and "consent still says FILL IN" in str(done.exception)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = write_study(tmp_path / "study", ("fear",))
    inside = path.with_name("fear_a.mp4")
    inside.rename(tmp_path / "outside.mp4")
    inside.symlink_to(tmp_path / "outside.mp4")
    with pytest.raises(InputError, match="outside"):
        read_study(path, lambda _path: Facts(1.0))


def test_the_example_is_a_study(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    made = CliRunner().invoke(study_commands, ["init", str(folder)])
    assert made.exit_code == 0
    (folder / "videos").mkdir()
    for emotion in EMOTIONS:
        for name in "ab":
            (folder / "videos" / f"{emotion}_{name}.mp4").write_bytes(f"{emotion} {name}".encode())
    study = read_study(folder / "STUDY.toml", lambda _path: Facts(4.0))
    assert study.emotions == EMOTIONS and len(study.items) == 3 and len(study.attention) == 2
    assert study.texts == TEXTS
    again = CliRunner().invoke(study_commands, ["init", str(folder)])
    assert isinstance(again.exception, InputError)


def test_the_length_of_a_video_is_its_own(tmp_path: Path) -> None:
    path = write_study(tmp_path, ("fear",)).with_name("fear_a.mp4")
    assert facts_of(path).seconds == pytest.approx(SECONDS, abs=0.06)
    path.write_bytes(b"no video")
    with pytest.raises(InputError, match="cannot be read as a video"):
        facts_of(path)


def test_a_video_that_browsers_do_not_play_is_refused(tmp_path: Path) -> None:
    import av  # noqa: PLC0415

    path = tmp_path / "old.mp4"
    for codec, pixels, sound, says in (
        ("mpeg4", "yuv420p", False, "mpeg4; browsers play"),
        ("libx264", "yuv444p", False, "other pixels"),
        ("libx264", "yuv420p", True, "has sound"),
        ("libx264", "yuv420p", False, ""),
    ):
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=20)
            stream.width, stream.height, stream.pix_fmt = 32, 16, pixels
            if sound:
                audio = container.add_stream("aac", rate=44100)
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
                silence.rate = 44100
                container.mux([*audio.encode(silence), *audio.encode(None)])
            container.mux(stream.encode(av.VideoFrame(32, 16, pixels)))
            container.mux(stream.encode(None))
        if says:
            with pytest.raises(InputError, match=says):
                facts_of(path)
        else:
            assert facts_of(path).size == (32, 16) and facts_of(path).frame_s == pytest.approx(0.05)


def test_texts_keep_their_places() -> None:
    assert texts_with({"next": "Weiter"})["next"] == "Weiter"
    assert fill("{a} of {b} {c}", a="{b}", b=2) == "{b} of 2 {c}"


# --- who sees what


@given(
    emotions=st.lists(st.sampled_from(EMOTIONS), min_size=1, unique=True),
    seed=st.integers(0, 2**32 - 1),
    stays=st.lists(st.booleans(), max_size=60),
)
@example(emotions=["anger"], seed=0, stays=[True])
def test_orders_stay_balanced_whoever_leaves(emotions: list[str], seed: int, stays: list[bool]) -> None:
    """Among those who stay, AB and BA differ by one at most when each leaves before the next comes."""
    slots, taken = slots_of(emotions, seed), Counter[Slot]()
    for stay in stays:
        slot = next_slot(slots, taken)
        taken[slot] += stay
        counts = [sum(taken[one] for one in slots if one.order == order) for order in ORDERS]
        assert abs(counts[0] - counts[1]) <= 1
    for order in ORDERS:
        rows = [taken[slot] for slot in slots if slot.order == order]
        assert max(rows) - min(rows) <= 1


def test_without_drop_outs_the_first_block_is_that_of_the_plan() -> None:
    slots, taken = slots_of(EMOTIONS, 5), Counter[Slot]()
    for planned in order_list(12, EMOTIONS, 5):
        slot = next_slot(slots, taken)
        assert slot == Slot(planned.order, planned.emotions)
        taken[slot] += 1
    assert len(set(slots)) == 12


def test_each_page_asks_what_the_slot_says(tmp_path: Path) -> None:
    study = make_study(tmp_path, ("fear", "anger"))
    steps = steps_of(study, Slot("BA", ("anger", "fear")))
    assert [step.video.path.name for step in steps if step.video] == [
        "anger_b.mp4", "anger_a.mp4", "fear_b.mp4", "fear_a.mp4",
    ]  # fmt: skip
    keys = [question.key for step in steps for question in step.questions]
    assert len(set(keys)) == len(keys) == 3 + 4 * 3 + 2 * 2 + 1


# --- where it is served


def test_beyond_this_machine_needs_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "here")
    for host in ("127.0.0.1", "::1", "localhost"):
        assert not Address(host=host).secure
    for host in ("0.0.0.0", "::", "192.168.0.7", "study.example"):  # noqa: S104
        with pytest.raises(InputError, match="--tls-cert"):
            Address(host=host)
        assert Address(host=host, behind_proxy=True).secure
        assert Address(host=host, certificate=cert, key=key).secure
    with pytest.raises(InputError, match="needs its key"):
        Address(certificate=cert)
    with pytest.raises(InputError, match="no certificate"):
        Address(certificate=key, key=cert)


def test_the_admin_token_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token.txt"
    token = admin_token(path)
    assert len(token) >= 32 and admin_token(path) == token
    if os.name != "nt":
        assert path.stat().st_mode & 0o077 == 0
    path.write_text("short\n", encoding="utf-8")
    with pytest.raises(InputError, match="at least 16"):
        admin_token(path)
