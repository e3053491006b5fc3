"""STUDY.toml, slots, the store, the export, the admin page, addresses and the commands."""

import os
import random
import shutil
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
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
from studies.questionnaire.export import overview_of
from studies.questionnaire.serving import Address, admin_token
from studies.questionnaire.slots import Slot, next_slot, slots_of
from studies.questionnaire.steps import steps_of
from studies.questionnaire.store import BusyError, FullError, Store
from studies.questionnaire.study import Facts, read_study
from studies.questionnaire.texts import TEXTS, fill, texts_with
from studies.vocabulary import EMOTIONS, ORDERS

BASE = "http://127.0.0.1"


class Clock:
    now = 1_600_000_000.0

    def __call__(self) -> float:
        return self.now


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


# --- the store


def test_an_answer_is_on_disk_when_it_is_acknowledged(tmp_path: Path) -> None:
    study = make_study(tmp_path, ("fear",))
    store = Store(tmp_path / "a.sqlite3", study.design())
    person = store.begin(slots_of(study.emotions, 0), 60.0, "cookie")
    synced: list[str] = []
    store._db.set_trace_callback(synced.append)
    assert store.answer(person, {"age_band": "18-24"}, last=False)
    assert synced[0] == "BEGIN EXCLUSIVE" and synced[-1] == "COMMIT"
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    with sqlite3.connect(store.path) as other:  # another process sees it while ours is still open
        assert other.execute("SELECT answer FROM answers").fetchall() == [("18-24",)]
    other.close()
    copied = shutil.copy(store.path, tmp_path / "copy.sqlite3")  # nothing of it stands in another file
    with sqlite3.connect(copied) as other:
        assert other.execute("SELECT answer FROM answers").fetchall() == [("18-24",)]
    other.close()
    assert not store.answer(person, {"age_band": "25-30"}, last=False)
    assert store.everybody()[0][1] == {"age_band": "18-24"}
    store.close()


def test_many_at_once_get_places_of_their_own(tmp_path: Path) -> None:
    """Twelve people, each of whom taps twice."""
    study = make_study(tmp_path, ("fear", "anger"))
    store = Store(tmp_path / "a.sqlite3", study.design())
    slots = slots_of(study.emotions, 0)
    threads = [threading.Thread(target=store.begin, args=(slots, 60.0, f"cookie {n % 12}")) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(person.slot for person in store.people()) == dict.fromkeys(slots, 3)
    assert len({person.code for person in store.people()}) == 12
    store.close()


def test_a_reader_delays_writers_and_never_the_deletion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process reads: nothing is deleted, which is said, and own reads go on; afterwards nothing is left."""
    monkeypatch.setattr("studies.questionnaire.store._PATIENCE_S", 0.3)
    study = make_study(tmp_path, ("fear",))
    store = Store(tmp_path / "data" / "a.sqlite3", study.design())
    person = store.begin(slots_of(study.emotions, 0), 60.0, "cookie")
    other = sqlite3.connect(store.path)
    other.execute("BEGIN")
    other.execute("SELECT * FROM participants").fetchall()
    with ThreadPoolExecutor(1) as pool:
        tried = pool.submit(store.withdraw, person)
        while not tried.done():
            assert [one.id for one in store.people()] == [person.id]
    with pytest.raises(BusyError):
        tried.result()
    other.close()
    store.withdraw(person)
    assert store.people() == [] and store.withdrawn() == 1
    assert not any(person.id.encode() in path.read_bytes() for path in store.path.parent.iterdir())
    store.close()


def test_of_two_studies_in_one_file_the_first_to_ask_stays(tmp_path: Path) -> None:
    """Both servers start while nobody has come."""
    stores = [Store(tmp_path / "a.sqlite3", design) for design in ("one", "two")]
    stores[0].begin(slots_of(("fear",), 0), 60.0, "1")
    with pytest.raises(FullError):
        stores[1].begin(slots_of(("fear",), 0), 60.0, "2")
    stores[0].begin(slots_of(("fear",), 0), 60.0, "3")
    for store in stores:
        store.close()
    with pytest.raises(InputError, match="answers to other questions"):
        Store(tmp_path / "a.sqlite3", "two")


def test_nobody_of_many_who_withdraw_leaves_a_trace(tmp_path: Path) -> None:
    """Pages of the file are split and joined many times, which leaves copies behind."""
    store, draw = Store(tmp_path / "data" / "a.sqlite3", "x"), random.Random(0)  # noqa: S311  # repeatable
    for number in range(60):
        store.begin(slots_of(("fear",), 0), 3600.0, f"cookie {number}")
    left: list[str] = []
    for turn in range(900):
        person = draw.choice(store.people())
        store.answer(person, {f"{turn}/{n}": "x" * draw.randint(1, 60) for n in range(3)}, last=False)
        if turn % 30 == 29:
            store.withdraw(person)
            held = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
            left += [word for word in (person.id, person.code) if word.encode() in held]
    assert left == []
    assert len(store.people()) == store.withdrawn() == 30
    assert all(len(answers) == 3 * person.position for person, answers in store.everybody())
    store.close()


def test_who_drops_out_leaves_the_place_to_another(tmp_path: Path) -> None:
    clock, study = Clock(), make_study(tmp_path, ("fear", "anger"))
    store = Store(tmp_path / "a.sqlite3", study.design(), clock=clock)
    slots = slots_of(study.emotions, 0)
    first = store.begin(slots, 60.0, "1")
    clock.now += 61
    assert store.begin(slots, 60.0, "2").slot == first.slot
    assert store.begin(slots, 60.0, "3").slot.order != first.slot.order
    store.shown(first)  # back again
    assert overview_of(study, store).total("active") == 3
    store.close()


def test_answers_of_another_design_are_refused(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study", ("fear",))
    Store(tmp_path / "a.sqlite3", "other").close()  # nobody has come yet: any design will do
    store = Store(tmp_path / "a.sqlite3", study.design())
    store.begin(slots_of(study.emotions, 0), 60.0, "cookie")
    store.close()
    Store(tmp_path / "a.sqlite3", make_study(tmp_path / "study", ("fear",), '[texts]\nnext = "Go"\n').design()).close()
    prefer_not = make_study(tmp_path / "study", ("fear",), '[texts]\nprefer_not = "Rather not"\n')
    Store(tmp_path / "a.sqlite3", prefer_not.design()).close()
    last = steps_of(prefer_not, slots_of(("fear",), 0)[0])[0].questions[0].options[-1]
    assert last == ("Prefer not to say", "Rather not")  # what is stored stays the same
    for more in ('[labels]\nanger = "Rage"\n', '[texts]\ngender = "Passport?"\n'):
        other = make_study(tmp_path / "study", ("fear",), more)
        with pytest.raises(InputError, match="answers to other questions"):
            Store(tmp_path / "a.sqlite3", other.design())
    with pytest.raises(InputError, match="answers to other questions"):
        Store(tmp_path / "a.sqlite3", make_study(tmp_path / "study", ("fear", "anger")).design())
    (tmp_path / "study" / "fear_b.mp4").write_bytes(b"another video")
    with pytest.raises(InputError, match="answers to other questions"):
        Store(tmp_path / "a.sqlite3", make_study_again(tmp_path / "study").design())
    (tmp_path / "b.sqlite3").write_bytes(b"no database at all, but long enough to be looked at" * 9)
    with pytest.raises(InputError, match="cannot be used for answers"):
        Store(tmp_path / "b.sqlite3", "any")


def make_study_again(folder: Path) -> object:
    (folder / "STUDY.toml").write_text(study_text(("fear",)), encoding="utf-8")
    return read_study(folder / "STUDY.toml", lambda _path: Facts(SECONDS))


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


def test_a_full_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite3", "x", most=0)
    with pytest.raises(FullError):
        store.begin(slots_of(("fear",), 0), 60.0, "cookie")
    store.close()
