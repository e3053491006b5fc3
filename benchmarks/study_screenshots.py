"""Draws the pictures of docs/questionnaire.md: pages of a questionnaire, photographed in chromium.

    python benchmarks/study_screenshots.py STUDY.toml docs/img

STUDY.toml: with videos, as ``microexpr study stimuli --all-emotions`` makes it. Needs chromium (tests/browser.sh) and
the extras ``study`` and ``dev``. Answers go to a temporary folder.
"""

import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from microexpr.study_serve import facts_of
from studies.questionnaire.serving import Address, config_of
from studies.questionnaire.store import Store
from studies.questionnaire.study import read_study

TOKEN = "only-for-the-pictures"  # noqa: S105
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1120, "height": 760}
COLOURS = 64


@contextmanager
def served(study_file: Path, folder: Path) -> Iterator[str]:
    study = read_study(study_file, facts_of)
    store = Store(folder / "answers.sqlite3", study.design())
    server = uvicorn.Server(config_of(study, store, TOKEN, Address(port=0)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            store.close()


def photograph(page: Page, file: Path) -> None:
    """The whole page in few colours."""
    picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def begin(browser: Browser, base: str, viewport: dict[str, int]) -> Page:
    page = browser.new_context(viewport=viewport).new_page()  # type: ignore[arg-type]  # width and height
    page.set_default_timeout(30_000)
    page.goto(base)
    return page


def agree(page: Page) -> None:
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="About you")).to_be_visible()


def answer(page: Page, places: tuple[int, ...] = (3, 2, 3)) -> None:
    """Watches where there is a video, and answers the page without leaving it."""
    if page.locator("video").count():
        page.get_by_role("button", name="Play the video").click()
        expect(page.locator("#next")).to_be_enabled(timeout=30_000)
    for group, place in zip(page.get_by_role("group").all(), places, strict=False):
        group.get_by_role("radio").nth(place).check()


def go_on(page: Page) -> None:
    step = page.locator("input[name=step]").input_value()
    page.get_by_role("button", name="Next").click()
    expect(page.locator(f"input[name=step][value='{step}']")).to_have_count(0)


def session(page: Page, out: Path, name: str) -> None:
    """A whole session; pictures of consent, a rating page and thanks."""
    photograph(page, out / f"study_consent_{name}.png")
    agree(page)
    while page.locator("input[name=step]").count():
        answer(page)
        if page.locator("input[name=step]").input_value() == "2":
            # A face that shows something: the middle of the video, where it stops when it is sought.
            sought = "video => new Promise(done => { video.onseeked = done; video.currentTime = video.duration / 2; })"
            page.locator("video").evaluate(sought)
            photograph(page, out / f"study_rating_{name}.png")
        go_on(page)
    photograph(page, out / f"study_thanks_{name}.png")


def main(study_file: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(study_file, Path(folder)) as base,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"]) as browser,
    ):
        for name, viewport in (("phone", PHONE), ("laptop", LAPTOP)):
            session(begin(browser, base, viewport), out, name)
        for steps in (0, 1, 2, 3):  # people who are still at it
            page = begin(browser, base, LAPTOP)
            agree(page)
            for _ in range(steps):
                answer(page)
                go_on(page)
        page.goto(f"{base}/admin")
        page.get_by_label("Admin token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Progress of the study")).to_be_visible()
        photograph(page, out / "study_admin_laptop.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
