"""The participants' pages, by HTTP: the flow, play-through, blinding."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from questionnaire_desk import BASE, Desk, to_video
from questionnaire_samples import MOST_STEPS, SECONDS, TOKEN, TestClient, field

from studies.questionnaire.export import tables_of
from studies.questionnaire.store import Store
from studies.questionnaire.web import create_app
from studies.vocabulary import DIMENSIONS, ORDERS, RATING_COLUMNS, SESSION_COLUMNS


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


# --- the flow


def test_a_session_becomes_the_tables_of_the_schema(desk: Desk) -> None:
    page = desk.visitor().whole()
    assert "Thank you" in page
    tables = tables_of(desk.study, desk.store)
    assert list(tables.ratings.columns) == list(RATING_COLUMNS)
    assert list(tables.sessions.columns) == [*SESSION_COLUMNS, "duration_s"]
    cells = tables.ratings.groupby(["emotion", "video", "dimension"]).size()
    assert len(cells) == 2 * 2 * len(DIMENSIONS) and (cells == 1).all()
    assert set(tables.ratings["rating"]) == {3} and set(tables.ratings["recognition_score"]) == {3}
    assert set(tables.ratings["age_band"]) == {"31-40"}
    session = tables.sessions.iloc[0]
    assert session["attention_check_passed"] == "false"  # 3 was chosen where 2 was asked for
    assert session["duration_s"] == pytest.approx(4 * SECONDS)


def test_each_rating_lands_where_it_was_given(desk: Desk) -> None:
    """Ratings that tell emotion, video and dimension apart, sent blindly page by page, found again by the slot."""
    sent: dict[str, list[list[str]]] = {}
    for _ in range(2):
        visitor = desk.visitor()
        page, own = visitor.step(visitor.begin()), []
        [person] = [person for person in desk.store.people() if person.id not in sent]
        for _ in range(MOST_STEPS):
            if 'name="step"' not in page:
                break
            visitor.watch(page)
            form = visitor.form(page)
            if "<video" in page:
                ratings = [str(1 + (3 * len(own) + index) % 5) for index in range(3)]
                form |= {f"q{index}": rating for index, rating in enumerate(ratings)}
                own.append(ratings)
            page = visitor.send(form).text
        sent[person.id] = own
    table = tables_of(desk.study, desk.store).ratings
    found = table.set_index(["participant_id", "emotion", "video", "dimension"])["rating"]
    assert {person.slot.order for person in desk.store.people()} == set(ORDERS)
    for person in desk.store.people():
        shown = [(emotion, video) for emotion in person.slot.emotions for video in person.slot.order]
        for (emotion, video), given in zip(shown, sent[person.id], strict=True):
            assert [str(found[person.id, emotion, video, dimension]) for dimension in DIMENSIONS] == given


def test_who_names_the_emotion_is_right(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more='[recognition]\nscore = "correct"\n')
    visitor = desk.visitor()
    page = visitor.begin()
    for _ in range(MOST_STEPS):
        if 'name="step"' not in page:
            break
        visitor.watch(page)
        page = visitor.send(visitor.form(page, lambda values: "fear" if "fear" in values else values[0])).text
    tables = tables_of(desk.study, desk.store)
    assert tables.recognition.set_index("emotion")["correct"].to_dict() == {"fear": 1, "anger": 0}
    assert tables.ratings.groupby("emotion")["recognition_score"].unique().map(list).to_dict() == {
        "fear": [1], "anger": [0],
    }  # fmt: skip
    desk.store.close()


def test_who_begins_twice_is_one_participant(desk: Desk) -> None:
    """Two taps, or two windows: both see the first page, whichever comes first."""
    client = desk.client()
    form = {"csrf": field(client.get("/").text, "csrf"), "agree": "yes"}
    before = {"Cookie": f"session={client.cookies['session']}"}
    assert "About you" in client.post("/begin", data=form).text
    assert "About you" in client.post("/begin", data=form).text
    again = desk.client().post("/begin", data=form, headers=before, follow_redirects=False)
    assert again.status_code == 303
    assert len(desk.store.people()) == 1


def test_declining_stores_nothing(desk: Desk) -> None:
    client = desk.client()
    page = client.get("/").text
    declined = client.post("/begin", data={"csrf": field(page, "csrf"), "agree": "no"})
    assert "Nothing has been stored" in declined.text
    assert desk.store.people() == []


def test_a_reload_shows_the_same_page_and_a_second_answer_does_not_count(desk: Desk) -> None:
    visitor = desk.visitor()
    page = to_video(visitor)
    assert visitor.client.get("/").text == page
    visitor.watch(page)
    first, second = visitor.form(page), visitor.form(page, lambda values: values[0])
    after = visitor.send(first).text
    assert visitor.send(second).text == after  # as by the back button
    [(person, answers)] = desk.store.everybody()
    assert person.position == 2
    assert {value for key, value in answers.items() if key.startswith("rating/")} == {"3"}


def test_answers_survive_a_restart(desk: Desk) -> None:
    visitor = desk.visitor()
    page = to_video(visitor)
    store = Store(desk.store.path, desk.study.design(), clock=desk.clock)  # another process, as after a crash
    other = TestClient(create_app(desk.study, store, TOKEN), base_url=BASE, cookies=visitor.client.cookies)
    assert other.get("/").text == page
    store.close()


def test_missing_answers_are_named_and_given_ones_are_kept(desk: Desk) -> None:
    visitor = desk.visitor()
    page = visitor.begin()
    form = visitor.form(page)
    del form["q1"]
    refused = visitor.send(form | {"q2": "no such option"})
    assert refused.status_code == 422
    assert refused.text.count('<li><a href="#q') == 2 and 'role="alert"' in refused.text
    assert refused.text.count(" checked>") == 1
    assert "<title>Error: About you | " in refused.text and "<title>About you | " in page
    assert re.findall(r'id="(\w+)"[^>]* autofocus>', refused.text) == ["q1_0"]  # the first of those missing
    assert visitor.client.get("/answer").url.path == "/"
    assert desk.store.everybody()[0][1] == {}


# --- play-through and blinding


def test_a_rating_before_the_video_has_ended_is_refused(desk: Desk) -> None:
    visitor = desk.visitor()
    page = to_video(visitor)
    form = visitor.form(page)
    desk.clock.now += 3600
    visitor.client.head(re.findall(r'<video src="([^"]+)"', page)[0])
    assert visitor.send(form).status_code == 422  # never fetched, however long it took
    page = to_video(other := desk.visitor())
    other.client.get(re.findall(r'<video src="([^"]+)"', page)[0])
    desk.clock.now += SECONDS / 2
    refused = other.send(other.form(page))
    assert refused.status_code == 422 and "watch the whole video" in refused.text
    desk.clock.now += SECONDS / 2
    assert other.send(other.form(page)).status_code == 200
    assert {person.position for person in desk.store.people()} == {1, 2}


def test_the_next_button_waits_for_the_video(desk: Desk) -> None:
    visitor = desk.visitor()
    page = to_video(visitor)
    assert '<button class="main" id="next" disabled' in page
    visitor.watch(page)
    form = visitor.form(page)
    del form["q1"]
    assert '<button class="main" id="next" disabled' in visitor.send(form).text  # the page knows of no play yet


def test_nothing_on_the_page_tells_a_from_b(desk: Desk) -> None:
    """Pages of an A and a B video differ in the numbers of the step and in signed words only."""
    seen = set()
    for _ in range(2):
        visitor = desk.visitor()
        page = to_video(visitor)
        assert not re.search(r"anger|fear|_a\b|_b\b|rating/", page, re.IGNORECASE)
        media = visitor.client.get(re.findall(r'<video src="([^"]+)"', page)[0])
        assert "content-disposition" not in media.headers
        [code] = re.findall(r"Your code: ([\w-]+)", page)
        seen.add(re.sub(r"[0-9a-f]{32}", "SIGNED", page.replace(code, "CODE")))
    assert len({person.slot.order for person in desk.store.people()}) == 2
    assert len(seen) == 1


def test_the_tag_of_one_video_differs_for_each_participant(desk: Desk) -> None:
    tags = set()
    for _ in range(5):
        visitor = desk.visitor()
        media = visitor.client.get(re.findall(r'<video src="([^"]+)"', to_video(visitor))[0])
        tags.add(media.headers["etag"])
        part = visitor.client.get(media.url, headers={"Range": "bytes=0-9", "If-Range": media.headers["etag"]})
        assert part.status_code == 206
        assert media.headers["last-modified"].endswith("1970 00:00:00 GMT")
    assert len(tags) == 5 > len({person.slot for person in desk.store.people()})  # two saw the same video


def test_videos_come_in_ranges_and_only_the_one_of_now(desk: Desk) -> None:
    visitor = desk.visitor()
    page = to_video(visitor)
    [media] = re.findall(r'<video src="([^"]+)"', page)
    part = visitor.client.get(media, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.headers["content-range"].startswith("bytes 10-19/")
    [person] = desk.store.people()
    video = next(one for one in desk.study.pairs if one.emotion == person.slot.emotions[0]).videos[person.slot.order[0]]
    assert part.content == video.path.read_bytes()[10:20]
    assert visitor.client.get(media).headers["content-type"] == "video/mp4"
    assert desk.client().get(media).status_code == 404  # somebody else
    desk.pass_video()
    visitor.send(visitor.form(page))
    assert visitor.client.get(media).status_code == 404  # answered


@pytest.mark.parametrize(
    "path",
    [
        "/media/..%2fSTUDY.toml",
        "/media/fear_a.mp4",
        "/static/..%2fstore.py",
        "/static/../store.py",
        "/static/%2e%2e/web.py",
    ],
)
def test_no_path_leads_elsewhere(desk: Desk, path: str) -> None:
    visitor = desk.visitor()
    to_video(visitor)
    assert visitor.client.get(path).status_code == 404
