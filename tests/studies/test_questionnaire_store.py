"""The store of answers: on disk when acknowledged, gone when withdrawn, one study a file."""

import random
import shutil
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from questionnaire_samples import SECONDS, make_study, study_text

from curves.errors import InputError
from studies.questionnaire.export import overview_of
from studies.questionnaire.slots import slots_of
from studies.questionnaire.steps import steps_of
from studies.questionnaire.store import BusyError, FullError, Store
from studies.questionnaire.study import Facts, read_study


class Clock:
    now = 1_600_000_000.0

    def __call__(self) -> float:
        return self.now


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


def test_a_full_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite3", "x", most=0)
    with pytest.raises(FullError):
        store.begin(slots_of(("fear",), 0), 60.0, "cookie")
    store.close()
