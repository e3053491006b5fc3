"""Which page comes when: a pure function of the study and of a participant's slot."""

from collections.abc import Mapping
from dataclasses import dataclass

from studies.questionnaire.slots import Slot
from studies.questionnaire.study import PREFER_NOT, Study, Video
from studies.questionnaire.texts import fill
from studies.vocabulary import SCALE


@dataclass(frozen=True, slots=True)
class Question:
    """One question with one answer. ``key``: what the answer is stored under; never shown. ``options``: value, label.

    ``scale``: options in a row between ``low`` and ``high``.
    """

    key: str
    text: str
    options: tuple[tuple[str, str], ...]
    scale: bool = False
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One page. ``stage``: its name on the admin page. ``video``: what must be seen before it can be answered."""

    stage: str
    heading: str
    questions: tuple[Question, ...]
    video: Video | None = None

    def read(self, form: Mapping[str, str]) -> dict[str, str]:
        """The answers of a form, by key; those that are missing, or none of the options, are left out."""
        given = {question: form.get(f"q{index}", "") for index, question in enumerate(self.questions)}
        return {question.key: value for question, value in given.items() if value in dict(question.options)}


def rating_key(emotion: str, video: str, dimension: str, item: str) -> str:
    return f"rating/{emotion}/{video}/{dimension}/{item}"


def recognised_key(emotion: str) -> str:
    return f"recognised/{emotion}"


def recognition_key(emotion: str) -> str:
    return f"recognition/{emotion}"


def attention_key(index: int) -> str:
    return f"attention/{index}"


def steps_of(study: Study, slot: Slot) -> tuple[Step, ...]:
    """All pages between consent and thanks."""
    steps = [_demographics(study)]
    for pair, emotion in enumerate(slot.emotions, start=1):
        steps += [_video(study, emotion, video, pair, part) for part, video in enumerate(slot.order, start=1)]
        steps.append(_recognition(study, emotion, pair))
        steps += [
            Step("attention check", study.texts["attention_heading"], (_scale(attention_key(index), check.text),))
            for index, check in enumerate(study.attention)
            if check.after == pair
        ]
    return tuple(steps)


def _scale(key: str, text: str, low: str = "", high: str = "") -> Question:
    values = range(SCALE[0], SCALE[1] + 1)
    return Question(key, text, tuple((str(value), str(value)) for value in values), True, low, high)


def _demographics(study: Study) -> Step:
    questions = tuple(
        Question(
            name,
            study.texts[name],
            (*((option, option) for option in options), (PREFER_NOT, study.texts["prefer_not"])),
        )
        for name, options in study.demographics.items()
    )
    return Step("about you", study.texts["demographics_heading"], questions)


def _video(study: Study, emotion: str, video: str, pair: int, part: int) -> Step:
    shown = next(one for one in study.pairs if one.emotion == emotion).videos[video]
    questions = tuple(
        _scale(rating_key(emotion, video, item.dimension, item.name), item.text, item.low, item.high)
        for item in study.items
    )
    heading = fill(study.texts["video_heading"], pair=pair, pairs=len(study.pairs), part=part)
    return Step(f"pair {pair}", heading, questions, shown)


def _recognition(study: Study, emotion: str, pair: int) -> Step:
    asked = study.recognition
    options = (*study.labels.items(), ("none", study.texts["recognition_none"]))
    questions = (
        Question(recognised_key(emotion), asked.choice, options),
        _scale(recognition_key(emotion), asked.rating, asked.low, asked.high),
    )
    heading = fill(study.texts["recognition_heading"], pair=pair, pairs=len(study.pairs))
    return Step(f"pair {pair}", heading, questions)
