"""For tests of the questionnaire: studies with tiny videos, a server on a free port, a participant who clicks."""

import functools
import html
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import httpx
import numpy as np
import uvicorn

from studies.questionnaire.serving import Address, config_of
from studies.questionnaire.store import Store
from studies.questionnaire.study import Facts, Study, read_study
from studies.vocabulary import EMOTIONS

with warnings.catch_warnings():  # starlette would rather have the successor of httpx
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient  # noqa: F401

TOKEN = "a-token-for-tests-only"  # noqa: S105
SECONDS = 0.5
LOOPBACK = Address(port=0)
MOST_STEPS = 50


@functools.cache
def video_bytes(seed: int) -> bytes:
    """A video of ``SECONDS``, H.264 in MP4, its picture made from ``seed``."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(20))
            stream.width, stream.height, stream.pix_fmt = 160, 160, "yuv420p"
            for index in range(int(SECONDS * 20)):
                picture = np.full((160, 160, 3), 90 + (37 * seed) % 80, np.uint8)
                picture[40 : 60 + 5 * index, 40:120] = (180, 140, 120)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))
        return path.read_bytes()


def study_text(emotions: tuple[str, ...] = EMOTIONS, more: str = "") -> str:
    pairs = "".join(f'[[pair]]\nemotion = "{name}"\na = "{name}_a.mp4"\nb = "{name}_b.mp4"\n' for name in emotions)
    return (
        'title = "Faces & <b>words</b>"\nconsent = "First.\\n\\nSecond <script>alert(1)</script>."\n'
        f'contact = "someone@university.example"\nseed = 3\n{pairs}{more}'
    )


def write_study(folder: Path, emotions: tuple[str, ...] = EMOTIONS, more: str = "") -> Path:
    """A folder with STUDY.toml and its videos, all different; the path of STUDY.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, emotion in enumerate(emotions):
        for part, name in enumerate("ab"):
            (folder / f"{emotion}_{name}.mp4").write_bytes(video_bytes(2 * index + part))
    path = folder / "STUDY.toml"
    path.write_text(study_text(emotions, more), encoding="utf-8")
    return path


def make_study(folder: Path, emotions: tuple[str, ...] = EMOTIONS, more: str = "") -> Study:
    return read_study(write_study(folder, emotions, more), lambda _path: Facts(SECONDS))


@contextmanager
def serving(study: Study, store: Store, address: Address = LOOPBACK) -> Iterator[str]:
    """The questionnaire on a free port, as the command runs it; its base address."""
    server = uvicorn.Server(config_of(study, store, TOKEN, address))
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        scheme = "http" if address.certificate is None else "https"
        try:
            yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


def options(page: str) -> dict[str, list[str]]:
    """The values of each group of radio buttons."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="radio" name="(q\d+)" id="[^"]*" value="([^"]*)"', page):
        found.setdefault(name, []).append(html.unescape(value))
    return found


class Visitor:
    """A participant by HTTP. ``wait``: lets the seconds of a video pass."""

    def __init__(self, client: httpx.Client, wait: Callable[[], None]) -> None:
        self.client, self.wait = client, wait

    def begin(self) -> str:
        page = self.client.get("/").text
        form = {"csrf": field(page, "csrf"), "agree": "yes"}
        return self.client.post("/begin", data=form, follow_redirects=True).text

    def watch(self, page: str) -> None:
        media = re.search(r'<video src="([^"]+)"', page)
        if media:
            assert self.client.get(media[1]).status_code == 200
            self.wait()

    def form(self, page: str, pick: Callable[[list[str]], str] = lambda values: values[2]) -> dict[str, str]:
        answers = {name: pick(values) for name, values in options(page).items()}
        return {"csrf": field(page, "csrf"), "step": field(page, "step"), **answers}

    def send(self, form: dict[str, str]) -> httpx.Response:
        return self.client.post("/answer", data=form, follow_redirects=True)

    def step(self, page: str) -> str:
        """Answers a page; the next one."""
        self.watch(page)
        return self.send(self.form(page)).text

    def whole(self) -> str:
        """A whole session; the page of thanks."""
        page = self.begin()
        for _ in range(MOST_STEPS):
            if 'name="step"' not in page:
                return page
            page = self.step(page)
        raise AssertionError(page)
