"""The questionnaire in a real browser: Debian's chromium, driven by Playwright.

Without chromium these tests are skipped; MICROEXPR_BROWSER=needed makes them fail instead.
"""

import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from questionnaire_samples import MOST_STEPS, SECONDS, TOKEN, Visitor, make_study, serving

from studies.questionnaire.export import tables_of
from studies.questionnaire.store import Store
from studies.questionnaire.study import Study
from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("MICROEXPR_BROWSER") != "needed",
        reason="no chromium here; on Debian: apt-get install chromium",
    ),
]

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}


class Live(NamedTuple):
    """A study that is being served, and its answers."""

    base: str
    study: Study
    store: Store


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, as tests in containers are.
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=PHONE, has_touch=True)
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@contextmanager
def live_study(folder: Path, emotions: tuple[str, ...]) -> Iterator[Live]:
    study = make_study(folder / "study", emotions)
    store = Store(folder / "data" / "answers.sqlite3", study.design())
    with serving(study, store) as base:
        yield Live(base, study, store)
    store.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with live_study(tmp_path, ("fear", "anger")) as served:
        yield served


def watch_by_mouse(page: Page) -> None:
    if page.locator("video").count():
        expect(page.locator("#next")).to_be_disabled()
        page.get_by_role("button", name="Play the video").click()
        expect(page.locator("#next")).to_be_enabled()
        expect(page.get_by_role("status")).to_contain_text("You have seen the whole video")


def answer_by_mouse(page: Page, place: int) -> None:
    """Clicks the option at ``place`` of each question, and goes on to the next page."""
    step = page.locator("input[name=step]").input_value()
    for group in page.get_by_role("group").all():
        group.get_by_role("radio").nth(place).check()
    page.get_by_role("button", name="Next").click()
    expect(page.locator(f"input[name=step][value='{step}']")).to_have_count(0)


def begin_by_mouse(page: Page, base: str) -> None:
    page.goto(base)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="About you")).to_be_visible()


def session_by_mouse(page: Page, base: str, place: int = 2) -> None:
    begin_by_mouse(page, base)
    for _ in range(MOST_STEPS):
        if not page.locator("input[name=step]").count():
            break
        watch_by_mouse(page)
        answer_by_mouse(page, place)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_a_whole_session_by_mouse(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    asked: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    session_by_mouse(page, live.base)
    tables = tables_of(live.study, live.store)
    assert len(tables.ratings) == 2 * len(VIDEOS) * len(DIMENSIONS) and set(tables.ratings["rating"]) == {3}
    assert len(tables.sessions) == 1
    assert troubles == []
    assert all(address.startswith(live.base + "/") for address in asked) and any("/media/" in one for one in asked)
    assert [cookie["name"] for cookie in context.cookies()] == ["session"]


def test_a_whole_session_by_keyboard(context: BrowserContext, live: Live) -> None:
    """Tab, space, arrows and enter alone; what has the focus is always to be seen."""
    page = context.new_page()
    page.goto(live.base)
    tab_to(page, "input[name=agree]")
    page.keyboard.press("Space")
    tab_to(page, "button.main")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="About you")).to_be_visible()
    for _ in range(MOST_STEPS):
        if not page.locator("input[name=step]").count():
            break
        page.wait_for_load_state()  # with the style sheet, which makes the outlines
        step = page.locator("input[name=step]").input_value()
        if page.locator("video").count():
            tab_to(page, "#play")
            page.keyboard.press("Space")
            expect(page.locator("#next")).to_be_enabled()
        for index in range(page.get_by_role("group").count()):
            tab_to(page, f"input[name=q{index}]")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
        tab_to(page, "#next")
        page.keyboard.press("Enter")
        expect(page.locator(f"input[name=step][value='{step}']")).to_have_count(0)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert set(tables_of(live.study, live.store).ratings["rating"]) == {3}


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is at ``selector``; each stop on the way has an outline."""
    for _ in range(40):
        page.keyboard.press("Tab")
        outlined = page.evaluate(
            "() => { const at = document.activeElement; const shown = at.closest('.options label') || at;"
            " return at === document.body || getComputedStyle(shown).outlineStyle !== 'none'; }"
        )
        assert outlined, page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def test_a_reload_and_the_back_button_lose_and_double_nothing(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    begin_by_mouse(page, live.base)
    answer_by_mouse(page, 1)
    watch_by_mouse(page)
    first = page.locator("h1").inner_text()
    page.reload()
    expect(page.locator("h1")).to_have_text(first)
    expect(page.locator("#next")).to_be_disabled()  # what was seen before the reload is not known to the page
    watch_by_mouse(page)
    answer_by_mouse(page, 2)
    second = page.locator("h1").inner_text()
    assert second != first
    page.go_back()
    expect(page.locator("h1")).to_have_text(second)
    other = context.new_page()  # a second window goes on where the first one is
    other.goto(live.base)
    expect(other.locator("h1")).to_have_text(second)
    watch_by_mouse(other)
    answer_by_mouse(other, 3)
    watch_by_mouse(page)
    answer_by_mouse(page, 0)  # the stale window's answer does not count
    [(person, answers)] = live.store.everybody()
    assert person.position == 3
    given = [value for key, value in answers.items() if key.startswith("rating/")]
    assert Counter(given) == {"3": 3, "4": 3}


def test_items_have_names_and_a_jump_to_the_end_opens_nothing(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    begin_by_mouse(page, live.base)
    answer_by_mouse(page, 1)
    for item in live.study.items:  # as a screen reader says it
        group = page.get_by_role("group", name=item.text, exact=True)
        for name in ("1 (very low)", "2", "3", "4", "5 (very high)"):
            expect(group.get_by_role("radio", name=name, exact=True)).to_have_count(1)
    ended = (
        "video => new Promise(done => { video.onended = () => setTimeout(done); "
        "video.play().then(() => { video.currentTime = video.duration - 0.05; }); })"
    )
    page.locator("video").evaluate(ended)
    expect(page.locator("#next")).to_be_disabled()
    page.get_by_role("button", name="Play it again").click()
    expect(page.locator("#next")).to_be_enabled()


def test_what_was_jumped_over_is_missed(context: BrowserContext, live: Live) -> None:
    """Of four seconds, 0.3 in the middle were not played; then 0.04, as browsers differ."""
    page = context.new_page()
    begin_by_mouse(page, live.base)
    answer_by_mouse(page, 1)
    end_with_gap = """(video, gap) => {
      const [starts, ends] = [[0, 2 + gap], [2, 4]];
      const played = { length: 2, start: (part) => starts[part], end: (part) => ends[part] };
      Object.defineProperties(video, {
        duration: { value: 4, configurable: true }, played: { value: played, configurable: true } });
      video.dispatchEvent(new Event("ended"));
    }"""
    page.locator("video").evaluate(end_with_gap, 0.3)
    expect(page.locator("#next")).to_be_disabled()
    page.locator("video").evaluate(end_with_gap, 0.04)
    expect(page.locator("#next")).to_be_enabled()


def test_a_video_that_failed_before_the_script_ran_is_told(context: BrowserContext, live: Live) -> None:
    page, held = context.new_page(), list[Route]()
    begin_by_mouse(page, live.base)
    page.route("**/media/**", lambda route: route.abort())
    page.route("**/video.js", lambda route: held.append(route))  # noqa: PLW0108  # Playwright reads its signature
    for group in page.get_by_role("group").all():
        group.get_by_role("radio").first.check()
    page.get_by_role("button", name="Next").click(no_wait_after=True)
    page.wait_for_function("document.querySelector('video')?.error")
    held[0].continue_()
    expect(page.get_by_role("status")).to_contain_text("could not be loaded")


def test_begin_waits_after_a_tap(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    page.goto(live.base)
    page.get_by_role("checkbox").check()
    tapped = page.get_by_role("button", name="Begin").evaluate(
        "button => new Promise(done => { button.form.onsubmit = () => false; "  # as if the network was slow
        "button.click(); setTimeout(() => done(button.disabled), 20); })"
    )
    assert tapped


def test_withdrawing_ends_the_session(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    begin_by_mouse(page, live.base)
    answer_by_mouse(page, 1)
    page.get_by_role("link", name="Withdraw and delete my answers").click()
    page.get_by_role("button", name="Delete my answers").click()
    expect(page.get_by_role("heading", name="Your answers are deleted")).to_be_visible()
    assert live.store.people() == [] and context.cookies() == []


def test_twenty_sessions_at_once(browser: Browser, tmp_path: Path) -> None:
    """Eighteen by HTTP and two in the browser, all through a whole study at the same time."""
    with live_study(tmp_path, EMOTIONS[:3]) as live, ThreadPoolExecutor(18) as pool:
        barrier = threading.Barrier(19)

        def by_http(_number: int) -> bool:
            with httpx.Client(base_url=live.base, timeout=60) as client:
                barrier.wait()
                return "Thank you" in patient_session(client)

        sessions = [pool.submit(by_http, number) for number in range(18)]
        contexts = [browser.new_context(viewport=LAPTOP) for _ in range(2)]
        pages = [context.new_page() for context in contexts]
        barrier.wait()
        for page in pages:
            page.set_default_timeout(30_000)
            begin_by_mouse(page, live.base)
        for _ in range(MOST_STEPS):
            at = [page for page in pages if page.locator("input[name=step]").count()]
            for page in at:
                watch_by_mouse(page)
                answer_by_mouse(page, 2)
        assert all(session.result() for session in sessions)
        for context in contexts:
            context.close()
        tables = tables_of(live.study, live.store)
        assert len(tables.sessions) == 20 and len(tables.ratings) == 20 * 3 * 2 * len(DIMENSIONS)
        assert Counter(tables.sessions["order"]) == {"AB": 10, "BA": 10}
        assert not tables.ratings.duplicated(["participant_id", "emotion", "video", "dimension"]).any()


def patient_session(client: httpx.Client) -> str:
    """A whole session; a rating that comes too soon is sent again until the video's time is over."""
    visitor = Visitor(client, wait=lambda: None)
    page = visitor.begin()
    for _ in range(MOST_STEPS):
        if 'name="step"' not in page:
            return page
        visitor.watch(page)
        form, moment = visitor.form(page), threading.Event()
        answer = visitor.send(form)
        while answer.status_code == 422:
            moment.wait(SECONDS / 4)
            answer = visitor.send(form)
        page = answer.text
    raise AssertionError(page)


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical, and where."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html']}" for one in violations for node in one["nodes"]
        if one["impact"] in ("serious", "critical")
    ]  # fmt: skip


def test_axe_finds_nothing_serious_on_any_page(context: BrowserContext, tmp_path: Path) -> None:
    """Nor does a page need to be scrolled sideways, on a phone or on a laptop."""
    with live_study(tmp_path, ("fear",)) as live:
        look_at_every_page(context.new_page(), live)


def look_at_every_page(page: Page, live: Live) -> None:
    seen = Counter[str]()

    def look(name: str) -> None:
        assert serious(page) == [], name
        for viewport in (LAPTOP, PHONE):
            page.set_viewport_size(viewport)  # type: ignore[arg-type]  # width and height
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, (name, viewport)
        seen[name] += 1

    page.goto(live.base)
    look("consent")
    page.goto(f"{live.base}/withdraw")
    look("withdraw by code")
    page.get_by_role("textbox").fill("no code")
    page.get_by_role("button", name="Delete my answers").click()
    look("unknown code")
    begin_by_mouse(page, live.base)
    page.locator("form").evaluate("form => form.submit()")  # past the browser's own check
    expect(page.get_by_role("alert")).to_be_visible()
    look("missing answers")
    for _ in range(MOST_STEPS):
        if not page.locator("input[name=step]").count():
            break
        look(page.title())
        watch_by_mouse(page)
        answer_by_mouse(page, 2)
    look("thanks")
    page.goto(f"{live.base}/withdraw")
    look("withdraw")
    page.goto(f"{live.base}/nowhere")
    look("no such page")
    page.goto(f"{live.base}/admin")
    look("login")
    page.get_by_label("Admin token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Progress of the study")).to_be_visible()
    look("admin")
    assert len(seen) == 14, seen


def test_the_admin_page_counts_live(context: BrowserContext, live: Live) -> None:
    page = context.new_page()
    page.goto(f"{live.base}/admin")
    page.get_by_label("Admin token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    active = page.locator(".tiles li").nth(1)
    expect(active).to_have_text("0 active")
    begin_by_mouse(context.new_page(), live.base)
    expect(active).to_have_text("1 active", timeout=15_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="ratings.csv").click()
    assert download.value.suggested_filename == "ratings.csv"
    assert download.value.path().read_text(encoding="utf-8").startswith("participant_id,")
