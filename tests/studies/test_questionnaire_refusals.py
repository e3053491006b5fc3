"""The participants' pages, by HTTP: what is deleted, and what is refused."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from questionnaire_desk import BASE, Desk, to_video
from questionnaire_samples import TOKEN, TestClient, field, make_study

from studies.questionnaire.export import overview_of
from studies.questionnaire.store import Store
from studies.questionnaire.web import create_app


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


# --- withdrawal


def traces(desk: Desk, *words: str) -> list[str]:
    """Files of the data folder that hold one of the words, wherever in them."""
    folder = desk.store.path.parent
    return [path.name for path in folder.iterdir() if any(word.encode() in path.read_bytes() for word in words)]


def test_who_withdraws_is_gone_to_the_last_byte(desk: Desk) -> None:
    stays, leaves = desk.visitor(), desk.visitor()
    stays.whole()
    kept = {person.id for person in desk.store.people()}
    page = to_video(leaves)
    [gone] = [person for person in desk.store.people() if person.id not in kept]
    assert traces(desk, gone.id, gone.code)
    assert "/withdraw" in page
    form = {"csrf": field(leaves.client.get("/withdraw").text, "csrf")}
    answer = leaves.client.post("/withdraw", data=form)
    assert "Your answers are deleted" in answer.text
    assert traces(desk, gone.id, gone.code) == []
    assert "session" not in leaves.client.cookies
    assert {person.id for person in desk.store.people()} == kept
    overview = overview_of(desk.study, desk.store)
    assert overview.withdrawn == 1 and overview.total("complete") == 1
    assert "Before you begin" in leaves.client.get("/").text


def test_the_code_withdraws_from_anywhere(desk: Desk) -> None:
    page = desk.visitor().whole()
    [code] = set(re.findall(r"Your code: ([\w-]+)", page))
    client = desk.client()
    csrf = field(client.get("/withdraw").text, "csrf")
    wrong = client.post("/withdraw", data={"csrf": csrf, "code": "AAAA-<b>-AAAA"})
    assert wrong.status_code == 422 and "no answers under this code" in wrong.text and "<b>" not in wrong.text
    assert len(desk.store.people()) == 1
    typed = f" {code.replace('-', ' ').lower()} "
    assert "deleted" in client.post("/withdraw", data={"csrf": csrf, "code": typed}).text
    assert desk.store.people() == []


def test_what_could_not_be_deleted_is_not_said_to_be(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.questionnaire.store._PATIENCE_S", 0.1)
    leaves = desk.visitor()
    page = leaves.begin()
    form = {"csrf": field(leaves.client.get("/withdraw").text, "csrf")}
    reader = sqlite3.connect(desk.store.path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM answers").fetchall()
    refused = leaves.client.post("/withdraw", data=form)
    assert refused.status_code == 503 and "Nothing could be deleted" in refused.text
    busy = leaves.send(leaves.form(page))
    assert busy.status_code == 503 and "try again" in busy.text
    reader.close()
    assert "Your answers are deleted" in leaves.client.post("/withdraw", data=form).text
    assert desk.store.people() == []


def test_another_person_begins_anew_on_the_same_device(desk: Desk) -> None:
    visitor = desk.visitor()
    page = visitor.whole()
    visitor.client.post("/another", data={"csrf": field(page, "csrf")})
    assert "Thank you" in visitor.whole()
    assert len(desk.store.people()) == 2


# --- what is refused


@pytest.mark.parametrize("path", ["/begin", "/answer", "/another", "/withdraw", "/admin/login", "/admin/logout"])
def test_a_form_of_another_site_is_refused(desk: Desk, path: str) -> None:
    visitor = desk.visitor()
    to_video(visitor)
    visitor.client.get("/admin")
    stranger = desk.client()
    csrf = field(stranger.get("/").text, "csrf")
    before = desk.store.everybody()
    for form in ({}, {"csrf": ""}, {"csrf": csrf}):
        assert visitor.client.post(path, data={**form, "agree": "yes"}).status_code in (403, 415)
    assert desk.store.everybody() == before
    assert TestClient(desk.app, base_url=BASE).post(path, data={"csrf": csrf}).status_code == 403  # no cookie


def test_large_and_odd_forms_are_refused(desk: Desk) -> None:
    client = desk.client()
    form = {"csrf": field(client.get("/").text, "csrf")}
    assert client.post("/begin", data={**form, "more": "x" * 20_000}).status_code == 413
    assert client.post("/begin", data={**form, **{f"f{n}": "x" for n in range(200)}}).status_code == 400
    assert client.post("/begin", json=form).status_code == 415
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/begin", content=b"csrf=\xff", headers=kind).status_code == 400
    assert client.get("/begin").status_code == 405
    assert client.get("/nowhere").status_code == 404 and "no such page" in client.get("/nowhere").text


def test_every_answer_carries_the_safe_headers(desk: Desk) -> None:
    visitor = desk.visitor()
    page = to_video(visitor)
    [media] = re.findall(r'<video src="([^"]+)"', page)
    for path in ("/", "/withdraw", "/admin", "/nowhere", "/static/style.css", "/favicon.ico", media):
        headers = visitor.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';"), path
        assert headers["x-content-type-options"] == "nosniff"
    assert visitor.client.get("/").headers["cache-control"] == "no-store"
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', page)
    assert addresses and all(address.startswith(("/", "#")) for address in addresses)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page)


def test_what_the_researcher_wrote_is_escaped(desk: Desk) -> None:
    page = desk.client().get("/").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "Faces &amp; &lt;b&gt;" in page


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_the_servers_alone(desk: Desk, secure: bool) -> None:
    app = create_app(desk.study, desk.store, TOKEN, secure=secure)
    client = TestClient(app, base_url="https://127.0.0.1")
    for path in ("/", "/admin"):
        answer: httpx.Response = client.get(path)
        [cookie] = answer.headers.get_list("set-cookie")
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and ("Secure" in cookie) == secure


def test_a_full_study_takes_nobody(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study", ("fear",))
    store = Store(tmp_path / "a.sqlite3", study.design(), most=1)
    app = create_app(study, store, TOKEN)
    for expected in (200, 503):
        client = TestClient(app, base_url=BASE)
        form = {"csrf": field(client.get("/").text, "csrf"), "agree": "yes"}
        assert client.post("/begin", data=form).status_code == expected
    store.close()
