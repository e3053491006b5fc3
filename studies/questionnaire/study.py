"""STUDY.toml: what is asked, of which videos. Unknown keys fail, as does every video that cannot be used."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import category

from curves.errors import InputError
from studies.questionnaire.texts import TEXTS, texts_with
from studies.vocabulary import DIMENSIONS, EMOTIONS, SCALE, VIDEOS

#: What browsers play, and how they are told.
MEDIA_TYPES: Mapping[str, str] = {".mp4": "video/mp4", ".webm": "video/webm"}

#: How the recognition score is made: the participant's own 1..5, or 1 if the emotion was named and 0 if not.
SCORES: tuple[str, ...] = ("rated", "correct")

#: What is stored for this option, whatever its words are on the page.
PREFER_NOT = TEXTS["prefer_not"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Video:
    """A file below the study's folder, of ``seconds`` > 0. Both 0 and empty: it was not looked at."""

    path: Path
    seconds: float
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a video: its length, the length of a frame, and its size in pixels, width and height."""

    seconds: float
    frame_s: float = 0.05
    size: tuple[int, int] = (0, 0)


#: Looks at a video; None: videos are not needed. May raise InputError.
Look = Callable[[Path], Facts] | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two videos of one emotion: ``videos`` by "A" and "B"."""

    emotion: str
    videos: Mapping[str, Video]


@dataclass(frozen=True, slots=True)
class Item:
    """A Likert item, 1..5. ``name``: its number within its dimension, "1" for the first."""

    dimension: str
    name: str
    text: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Attention:
    """An instructed answer. ``after``: how many pairs have been rated before it is shown."""

    text: str
    answer: int
    after: int


@dataclass(frozen=True, slots=True)
class Recognition:
    """Asked once a pair, after both ratings. ``score``: one of ``SCORES``."""

    choice: str
    rating: str
    low: str
    high: str
    score: str


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it is served. ``demographics``: options by column, apart from PREFER_NOT; ``labels``: the emotions'
    names on the page.
    """

    title: str
    consent: str
    contact: str
    language: str
    seed: int
    idle_minutes: int
    pairs: tuple[Pair, ...]
    items: tuple[Item, ...]
    attention: tuple[Attention, ...]
    recognition: Recognition
    demographics: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]
    texts: Mapping[str, str]

    @property
    def emotions(self) -> tuple[str, ...]:
        return tuple(pair.emotion for pair in self.pairs)

    def design(self, *, videos: bool = True) -> str:
        """Digests of all that answers depend on, of the questions and then of ``videos``: answers of two designs must
        not come into one table."""
        questions = {
            "seed": self.seed,
            "emotions": self.emotions,
            "consent": self.consent,
            "labels": dict(self.labels),
            "texts": {name: self.texts[name] for name in (*self.demographics, "recognition_none")},
            "items": [asdict(item) for item in self.items],
            "attention": [asdict(check) for check in self.attention],
            "recognition": asdict(self.recognition),
            "demographics": dict(self.demographics),
        }
        files = [[pair.videos[name].sha256 for name in VIDEOS] for pair in self.pairs]
        parts = (questions, files) if videos else (questions,)
        return " ".join(sha256(json.dumps(part, sort_keys=True).encode()).hexdigest() for part in parts)


_ITEMS = (
    ("clarity", "How clear is the emotion that this face shows?"),
    ("naturalness", "How natural are the movements of this face?"),
    ("authenticity", "How authentic, that is genuinely felt, is the emotion?"),
)
_LOW, _HIGH = "very low", "very high"
_RECOGNITION = {
    "choice": "Which emotion did the face in these two videos show?",
    "rating": "How well could you recognise the emotion?",
    "low": "not at all",
    "high": "very well",
    "score": SCORES[0],
}
_DEMOGRAPHICS: dict[str, list[str]] = {
    "age_band": ["18-24", "25-30", "31-40", "41-50", "51 or older"],
    "gender": ["Female", "Male", "Another gender"],
    "education": ["School", "Bachelor's degree", "Master's degree", "Doctorate", "Another"],
}
_KEYS = (
    "title", "consent", "contact", "language", "seed", "idle_minutes", "pair", "item", "attention", "recognition",
    "demographics", "labels", "texts",
)  # fmt: skip


def read_study(path: Path, look: Look) -> Study:
    """The study of a STUDY.toml.

    Raises:
        InputError: not TOML, a key unknown, missing or of the wrong kind, a video missing or outside the folder, or
            videos that cannot be compared.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); 'microexpr study init' writes one.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no TOML file: {error}.") from error
    try:
        return _study(table, path.resolve().parent, look)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error


def _study(table: dict[str, Any], folder: Path, look: Look) -> Study:
    _only(table, _KEYS, "the file")
    texts = texts_with(_words(table, "texts"))
    pairs = _pairs(_tables(table, "pair"), folder, look)
    labels = {emotion: emotion.capitalize() for emotion in EMOTIONS} | _words(table, "labels")
    _only(labels, EMOTIONS, "[labels]")
    _unique([*labels.values(), texts["recognition_none"]], "[labels] with [texts] recognition_none")
    default = {"text": "To show that you read every question, please choose 2 here.", "answer": 2}
    checks = _tables(table, "attention") or [{**default, "after": (len(pairs) + 1) // 2}]
    return Study(
        title=_take(table, "title", str),
        consent=_take(table, "consent", str),
        contact=_take(table, "contact", str),
        language=_language(_take(table, "language", str, "en")),
        seed=_number(table, "seed", 0, 2**32 - 1, 0),
        idle_minutes=_number(table, "idle_minutes", 1, 10**6, 60),
        pairs=pairs,
        items=_items(_tables(table, "item")),
        attention=tuple(_attention(check, len(pairs)) for check in checks),
        recognition=_recognition(_words(table, "recognition")),
        demographics=_demographics(_take(table, "demographics", dict, {}), (PREFER_NOT, texts["prefer_not"])),
        labels=labels,
        texts=texts,
    )


def _language(tag: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", tag):
        raise InputError(f"language is '{tag}'; it must be a tag as in HTML, such as en, de or pt-BR.")
    return tag


def _pairs(entries: Sequence[dict[str, Any]], folder: Path, look: Look) -> tuple[Pair, ...]:
    if not entries:
        raise InputError("it needs at least one [[pair]] with emotion, a and b.")
    pairs = tuple(_pair(entry, folder, look) for entry in entries)
    _unique([pair.emotion for pair in pairs], "emotion")
    seen: dict[str, str] = {}
    for pair in pairs:
        for video in pair.videos.values():
            if video.sha256 in seen:
                raise InputError(f"{seen[video.sha256]} and {video.path.name} are the same video; each is shown once.")
            if video.sha256:
                seen[video.sha256] = video.path.name
    return pairs


def _pair(entry: dict[str, Any], folder: Path, look: Look) -> Pair:
    _only(entry, ("emotion", "a", "b"), "[[pair]]")
    emotion = _take(entry, "emotion", str)
    if emotion not in EMOTIONS:
        raise InputError(f"the emotion '{emotion}' is not known; known are {', '.join(EMOTIONS)}.")
    names = {video: _take(entry, video.lower(), str) for video in VIDEOS}
    if look is None:
        return Pair(emotion, {video: Video(folder / name, 0.0, "") for video, name in names.items()})
    paths = {video: _file(name, folder) for video, name in names.items()}
    a, b = (look(paths[video]) for video in VIDEOS)
    if abs(a.seconds - b.seconds) > 1.01 * max(a.frame_s, b.frame_s) or a.size != b.size:
        found = " and ".join(f"{one.seconds:.2f} s of {one.size[0]} x {one.size[1]} pixels" for one in (a, b))
        raise InputError(f"the videos of {emotion} are {found}; A and B must be as long and as large as each other.")
    return Pair(emotion, {video: _video(paths[video], facts) for video, facts in zip(VIDEOS, (a, b), strict=True)})


def _file(name: str, folder: Path) -> Path:
    try:
        path = (folder / name).resolve()
        found = path.is_file()
    except (OSError, ValueError):
        raise InputError(f"a file cannot have the name {name[:60]!r}; rename the video.") from None
    if not path.is_relative_to(folder):
        raise InputError(f"the video {name!r} lies outside the study's folder; copy it there.")
    if path.suffix.lower() not in MEDIA_TYPES:
        raise InputError(f"the video {name!r} is neither .mp4 nor .webm; browsers play these.")
    if not found:
        raise InputError(f"there is no video {name!r} in the study's folder.")
    return path


def _video(path: Path, facts: Facts) -> Video:
    if not facts.seconds > 0:
        raise InputError(f"the video {path.name!r} has no length; make it anew.")
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(2**20):
            digest.update(block)
    return Video(path, facts.seconds, digest.hexdigest())


def _items(entries: Sequence[dict[str, Any]]) -> tuple[Item, ...]:
    items: list[Item] = []
    for entry in entries or [{"dimension": dimension, "text": text} for dimension, text in _ITEMS]:
        _only(entry, ("dimension", "text", "low", "high"), "[[item]]")
        dimension = _take(entry, "dimension", str)
        if dimension not in DIMENSIONS:
            raise InputError(f"the dimension '{dimension}' is not known; known are {', '.join(DIMENSIONS)}.")
        number = 1 + sum(item.dimension == dimension for item in items)
        low, high = _take(entry, "low", str, _LOW), _take(entry, "high", str, _HIGH)
        items.append(Item(dimension, str(number), _take(entry, "text", str), low, high))
    return tuple(items)


def _attention(entry: dict[str, Any], pairs: int) -> Attention:
    _only(entry, ("text", "answer", "after"), "[[attention]]")
    answer = _number(entry, "answer", *SCALE)
    return Attention(_take(entry, "text", str), answer, _number(entry, "after", 1, pairs))


def _recognition(own: Mapping[str, str]) -> Recognition:
    _only(own, tuple(_RECOGNITION), "[recognition]")
    recognition = Recognition(**{**_RECOGNITION, **own})
    if recognition.score not in SCORES:
        raise InputError(f"[recognition] score is '{recognition.score}'; it can be {' or '.join(SCORES)}.")
    return recognition


def _demographics(own: dict[str, Any], prefer_not: Sequence[str]) -> dict[str, tuple[str, ...]]:
    _only(own, tuple(_DEMOGRAPHICS), "[demographics]")
    found: dict[str, tuple[str, ...]] = {}
    for name, default in _DEMOGRAPHICS.items():
        options = _take(own, name, list, default)
        if not options or not all(isinstance(option, str) and option.strip() for option in options):
            raise InputError(f"[demographics] {name} must be a list of words.")
        if any(category(letter) in {"Cc", "Zl", "Zp"} for option in options for letter in option):
            raise InputError(f"[demographics] {name} has an option of more than one line; write it in one.")
        _unique(options, f"[demographics] {name}")
        found[name] = tuple(option for option in options if option not in prefer_not)
    return found


def _only(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where} has the key '{key}', which is not known; known are {', '.join(known)}.")


def _unique(words: Sequence[str], what: str) -> None:
    twice = next((word for word in words if list(words).count(word) > 1), None)
    if twice is not None:
        raise InputError(f"{what} has '{twice}' more than once.")


def _take(table: Mapping[str, Any], key: str, kind: type[_T], default: _T | None = None) -> _T:
    value = table.get(key, default)
    if value is None:
        raise InputError(f"the key '{key}' is missing.")
    if not isinstance(value, kind) or (isinstance(value, str) and not value.strip()):
        words = {str: "a text that is not empty", dict: "a table", list: "a list", int: "a whole number"}
        raise InputError(f"'{key}' must be {words[kind]}.")
    return value


def _number(table: Mapping[str, Any], key: str, low: int, high: int, default: int | None = None) -> int:
    value = _take(table, key, int, default)
    if isinstance(value, bool) or not low <= value <= high:
        raise InputError(f"'{key}' must be a whole number from {low} to {high}.")
    return value


def _words(table: Mapping[str, Any], key: str) -> dict[str, str]:
    own = _take(table, key, dict, {})
    return {name: _take(own, name, str) for name in own}


def _tables(table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = _take(table, key, list, [])
    if not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"'{key}' must be written as [[{key}]].")
    return entries
