"""A questionnaire on a clock that the test turns, and who visits it."""

from pathlib import Path

from questionnaire_samples import SECONDS, TOKEN, TestClient, Visitor, make_study

from studies.questionnaire.store import Store
from studies.questionnaire.study import Study
from studies.questionnaire.web import create_app

BASE = "http://127.0.0.1"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A study on a clock that the test turns."""

    def __init__(self, folder: Path, emotions: tuple[str, ...] = ("fear", "anger"), more: str = "") -> None:
        self.clock = Clock()
        self.study: Study = make_study(folder / "study", emotions, more)
        self.store = Store(folder / "data" / "answers.sqlite3", self.study.design(), clock=self.clock)
        self.app = create_app(self.study, self.store, TOKEN)

    def client(self) -> TestClient:
        return TestClient(self.app, base_url=BASE)

    def visitor(self) -> Visitor:
        return Visitor(self.client(), self.pass_video)

    def pass_video(self) -> None:
        self.clock.now += SECONDS


def to_video(visitor: Visitor) -> str:
    """The first page with a video."""
    page = visitor.step(visitor.begin())
    assert "<video" in page
    return page
