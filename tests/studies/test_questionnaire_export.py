"""The export, as the analysis reads it, and the admin page behind its token."""

import io
import re
from pathlib import Path

import pandas as pd
from questionnaire_samples import SECONDS, TOKEN, TestClient, Visitor, field, make_study, write_study
from typer.testing import CliRunner

from curves.errors import InputError
from microexpr.study import app as study_commands
from studies.questionnaire.export import tables_of
from studies.questionnaire.store import Store
from studies.questionnaire.web import create_app
from studies.results import safe_cells
from studies.tables import read_table
from studies.validation import read_ratings
from studies.vocabulary import RATING_COLUMNS, SESSION_COLUMNS

BASE = "http://127.0.0.1"


class Clock:
    now = 1_600_000_000.0

    def __call__(self) -> float:
        return self.now


def finished(folder: Path, more: str = "", people: int = 2) -> tuple[Store, TestClient]:
    """A study with ``people`` who are done, one who is at it and one who dropped out."""
    clock, study = Clock(), make_study(folder / "study", ("fear", "anger"), more)
    store = Store(folder / "data" / "answers.sqlite3", study.design(), clock=clock)
    app = create_app(study, store, TOKEN)

    def visitor() -> Visitor:
        def wait() -> None:
            clock.now += SECONDS

        return Visitor(TestClient(app, base_url=BASE), wait)

    visitor().begin()
    clock.now += 3601
    for _ in range(people):
        visitor().whole()
    here = visitor()
    here.step(here.begin())
    return store, TestClient(app, base_url=BASE)


def log_in(client: TestClient, token: str = TOKEN) -> str:
    csrf = field(client.get("/admin").text, "csrf")
    return str(client.post("/admin/login", data={"csrf": csrf, "token": token}).text)


def test_the_export_is_what_the_analysis_reads(tmp_path: Path) -> None:
    more = '[[item]]\ndimension = "clarity"\ntext = "One?"\n[[item]]\ndimension = "clarity"\ntext = "Two?"\n'
    store, client = finished(tmp_path, more)
    store.close()
    study_file = tmp_path / "study" / "STUDY.toml"
    arguments = ["export", str(study_file), "--out", str(tmp_path / "out"), "--data", str(tmp_path / "data")]
    done = CliRunner().invoke(study_commands, arguments)
    assert done.exit_code == 0, done.exception
    assert "participants: 2 complete, 0 active, 2 dropped out, 0 withdrawn" in done.stdout  # by the clock of today
    ratings = read_ratings(tmp_path / "out" / "ratings.csv", tmp_path / "out" / "sessions.csv")
    assert ratings.items == ("1", "2") and len(ratings.people) == 2 and len(ratings.cells) == 2 * 2 * 2
    assert not len(ratings.rejected)
    again = CliRunner().invoke(study_commands, arguments)
    assert isinstance(again.exception, InputError) and "overwrite" in str(again.exception)
    del client


def test_an_export_needs_the_questions_and_no_videos(tmp_path: Path) -> None:
    store, _ = finished(tmp_path, people=1)
    store.close()
    study_file = tmp_path / "study" / "STUDY.toml"
    for video in study_file.parent.glob("*.mp4"):
        video.unlink()
    arguments = ["export", str(study_file), "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(study_commands, arguments)
    assert done.exit_code == 0, done.exception
    study_file.write_text(study_file.read_text(encoding="utf-8").replace("seed = 3", "seed = 4"), encoding="utf-8")
    done = CliRunner().invoke(study_commands, [*arguments, "--overwrite"])
    assert isinstance(done.exception, InputError) and "other questions" in str(done.exception)


def test_an_export_without_answers_says_so(tmp_path: Path) -> None:
    path = write_study(tmp_path, ("fear",))
    done = CliRunner().invoke(study_commands, ["export", str(path), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, InputError) and "no answers" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_incomplete_ones_are_exported_only_when_asked_for(tmp_path: Path) -> None:
    store, _ = finished(tmp_path)
    study = make_study(tmp_path / "study", ("fear", "anger"))
    assert len(tables_of(study, store).sessions) == 2
    everybody = tables_of(study, store, incomplete=True)
    assert len(everybody.sessions) == 4 and everybody.sessions["duration_s"].isna().sum() == 2
    assert set(everybody.ratings["participant_id"]) < set(everybody.sessions["participant_id"])
    store.close()


def test_formulas_in_options_stay_words(tmp_path: Path) -> None:
    formula = "=HYPERLINK(1)"
    store, client = finished(tmp_path, f'[demographics]\nage_band = ["a", "b", "{formula}", "d"]\n', people=1)
    log_in(client)
    table = pd.read_csv(io.StringIO(client.get("/admin/ratings.csv").text))
    assert set(table["age_band"]) == {"'" + formula}
    store.close()


def test_admin_shows_live_counts_and_drop_outs(tmp_path: Path) -> None:
    store, client = finished(tmp_path)
    page = log_in(client)
    tiles = re.findall(r"<strong>(\d+)</strong> (\w+ ?\w*)", page)
    assert tiles == [("2", "complete"), ("1", "active"), ("1", "dropped out"), ("0", "withdrawn")]
    assert re.search(r"Pair 1</th><td>1</td><td>0</td>", page) and re.search(r"About you</th><td>0</td><td>1", page)
    rows = [re.findall(r"<td>(\d+)</td>", row) for row in re.findall(r"(?:A|B) first</th>(.*?)</tr>", page)]
    assert [sum(int(row[column]) for row in rows) for column in range(3)] == [2, 1, 1]
    store.close()


def test_admin_is_closed_without_the_token(tmp_path: Path) -> None:
    store, client = finished(tmp_path, people=1)
    [person] = [person for person in store.people() if person.finished_at is not None]
    for path in ("/admin", "/admin/ratings.csv", f"/admin/ratings.csv?token={TOKEN}", f"/admin?token={TOKEN}"):
        answer = client.get(path)
        assert answer.status_code == 401 and person.id not in answer.text and "first</th>" not in answer.text
    for wrong in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä"):
        assert client.get("/admin", headers={"Authorization": f"Bearer {wrong}".encode()}).status_code == 401
        assert "This is not the token" in log_in(client, wrong)
    before = client.cookies["admin"]
    assert "Progress of the study" in log_in(client)
    assert client.cookies["admin"] != before
    client.post("/admin/logout", data={"csrf": field(client.get("/admin").text, "csrf")})
    assert client.get("/admin").status_code == 401
    store.close()


def test_programs_bring_the_token_in_a_header(tmp_path: Path) -> None:
    store, client = finished(tmp_path, people=1)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for name, columns in (("ratings", RATING_COLUMNS), ("sessions", SESSION_COLUMNS)):
        answer = client.get(f"/admin/{name}.csv", headers=headers)
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
        (tmp_path / f"{name}.csv").write_text(answer.text, encoding="utf-8")
        table = read_table(tmp_path / f"{name}.csv", columns)
        assert len(table) == (12 if name == "ratings" else 1)
    assert client.get("/admin/secret.csv", headers=headers).status_code == 404
    assert client.get("/admin/ratings.csv").text == "The token is missing or not the right one.\n"
    assert safe_cells(table).equals(table)
    store.close()


def test_admin_forgets_the_oldest_login(tmp_path: Path) -> None:
    store, client = finished(tmp_path, people=0)
    assert "Progress" in log_in(client)
    for _ in range(20):
        log_in(TestClient(client.app, base_url=BASE))
    assert client.get("/admin").status_code == 401
    store.close()
