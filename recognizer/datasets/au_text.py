"""Read what coders wrote into the AU cell of a label sheet: one grammar for all sets.

    cell    := group { separator group }          separator: + , ; & "and", a blank; Chinese and full-width forms too
    group   := item { "or" item }                 "or" binds closer than the separator
    item    := ["ref"] "(" cell ")" | term | word
    term    := {prefix ["/"]} number {letter ["/"]} ["?"] ["(" letter ")"]

Prefixes: AU; L, R (the subject's left, right), A (both sides, one stronger), T, B (top, bottom lip), AD (action
descriptor), M (head movement). Letters after the number: intensity, A (trace) to E (maximum). "A/L12": it is open
whether one side or both move. "10A/B": it is open how strongly. "AU4(k)": a code that its set tells to ignore.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from curves.values import Side
from recognizer.datasets.labels import AUMark, Code, Part

#: A number of FACS: action units, descriptors and head movements lie in this range.
_HIGHEST = 99
_EMPTY = frozenset({"", "?", "/", "\\", "-", "--", "none", "nan", "null", "n/a", "na", "unknown"})

_TERM = re.compile(
    r"(?P<prefix>(?:(?:AU|AD|[LRABTM])[/\s]*)*)"
    r"(?P<number>[0-9]+)"
    r"(?P<letters>[A-E](?:\s*[/-]\s*[A-E])*(?![A-Z0-9]))?"
    r"\s*(?P<doubt>\?)?"
    r"(?P<tail>\s*\(\s*[A-Z]\s*\))?",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_WORD = re.compile(r"[^\W\d_]+", re.IGNORECASE)
_SEPARATORS = frozenset("+,;&|、")


@dataclass(frozen=True, slots=True)
class AUReading:
    """What a cell says. ``aus``: codes that are certain, in order of the cell, each once; None where the cell is empty
    or a question mark. ``maybe``: groups of which one (or, of a group of one, perhaps none) is there. ``reference``:
    codes within ``ref(...)``: the face before the movement, not the movement. ``ignored``: codes that the set tells to
    ignore. ``unread``: what is not of the grammar, such as words."""

    aus: tuple[AUMark, ...] | None
    maybe: tuple[tuple[AUMark, ...], ...] = ()
    reference: tuple[AUMark, ...] = ()
    ignored: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


class _Token(NamedTuple):
    kind: str  # term, or, ref, (, ), +, word
    text: str
    match: re.Match[str] | None = None


class _Item(NamedTuple):
    """What one side of an "or" says: codes, and whether it was marked with a question mark."""

    marks: tuple[AUMark, ...]
    doubt: bool = False


@dataclass(slots=True)
class _Findings:
    certain: list[AUMark] = field(default_factory=list)
    maybe: list[tuple[AUMark, ...]] = field(default_factory=list)
    reference: list[AUMark] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_aus(cell: Any) -> AUReading:
    """The AUs of a sheet's cell: text, a number (a single AU arrives as one) or nothing. Never raises: what is not of
    the grammar is in ``unread``."""
    text = _text_of(cell)
    if isinstance(cell, date):  # a spreadsheet took 4-12 for a day: its numbers are not what the coder wrote
        return AUReading(None, unread=(text,))
    if text.lower() in _EMPTY:
        return AUReading(None)
    if text == "0":  # "no AU", or "not coded": no set says which
        return AUReading(None, unread=(text,))
    parser = _Parser(list(_tokens(text)))
    parser.cell()
    found = parser.found
    certain = tuple(dict.fromkeys(found.certain))
    said = certain or found.maybe or found.reference or found.ignored
    return AUReading(
        certain if said else None,
        tuple(dict.fromkeys(found.maybe)),
        tuple(dict.fromkeys(found.reference)),
        tuple(found.ignored),
        tuple(found.unread),
    )


def _text_of(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    return re.sub(r"^([0-9]+)\.0$", r"\1", text)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _token_at(text, at)
        yield token
        at += len(token.text)


def _token_at(text: str, at: int) -> _Token:
    if text[at] in "()":
        return _Token(text[at], text[at])
    if text[at] in _SEPARATORS:
        return _Token("+", text[at])
    if decimal := _DECIMAL.match(text, at):  # 12.5 is no AU, and neither 12 nor 5 can be taken from it
        return _Token("word", decimal[0])
    if term := _TERM.match(text, at):
        return _Token("term", term[0], term)
    if word := _WORD.match(text, at):
        kind = {"or": "or", "ref": "ref", "and": "+"}.get(word[0].lower(), "word")
        return _Token(kind, word[0])
    return _Token("word", text[at])


class _Parser:
    """Recursive descent over the tokens; collects into ``found``."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self.found = _Findings()

    def _peek(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else ""

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def cell(self, *, inner: bool = False) -> None:
        """Groups up to the end, or, where ``inner``, up to the bracket that closes this one."""
        after_group = False
        while kind := self._peek():
            if kind == ")" and inner:
                return
            if kind in ("+", ")", "or"):
                token = self._next()
                parts = kind == "+" and after_group and self._peek() not in ("", ")")
                if not parts:  # "12+": what was to stand beside it is missing
                    self.found.unread.append(token.text)
                after_group = False
            else:
                self._group()
                after_group = True

    def _group(self) -> None:
        items = [item for item in [self._item()] if item]
        several = False
        while self._peek() == "or" and self._at + 1 < len(self._tokens):
            several = True
            self._next()
            if self._peek() in ("+", ")", "or", ""):
                break
            items += [item for item in [self._item()] if item]
        if several and len(items) > 1:
            self._weigh(items)
        else:
            for item in items:
                self._place(item)

    def _place(self, item: _Item) -> None:
        if item.doubt:
            self.found.maybe += [(mark,) for mark in item.marks]
        else:
            self.found.certain += item.marks

    def _weigh(self, items: list[_Item]) -> None:
        """Alternatives. An AU that each of them names is there, whichever of them is right."""
        everywhere = [
            mark
            for mark in items[0].marks
            if all(any(_same(mark, other) for other in item.marks) and not item.doubt for item in items)
        ]
        for mark in everywhere:
            options = [other for item in items for other in item.marks if _same(mark, other)]
            self.found.certain.append(_common(options))
        rest = tuple(
            mark for item in items for mark in item.marks if not any(_same(mark, other) for other in everywhere)
        )
        if rest:
            self.found.maybe.append(tuple(dict.fromkeys(rest)))

    def _item(self) -> _Item | None:
        token = self._next()
        if token.kind == "term" and token.match is not None:
            return self._term(token.match)
        if token.kind == "ref" and self._peek() == "(":
            self._next()
            inner = self._bracket()
            self.found.reference += [*inner.certain, *(mark for group in inner.maybe for mark in group)]
            return None
        if token.kind == "(":
            inner = self._bracket()
            self.found.maybe += inner.maybe
            self.found.reference += inner.reference
            return _Item(tuple(inner.certain))
        self.found.unread.append(token.text)
        return None

    def _bracket(self) -> _Findings:
        """What stands up to the closing bracket, or to the end where none closes; words and ignored codes are the
        whole cell's."""
        outer, self.found = self.found, _Findings()
        self.cell(inner=True)
        if self._peek() == ")":
            self._next()
        inner, self.found = self.found, outer
        outer.ignored += inner.ignored
        outer.unread += inner.unread
        return inner

    def _term(self, match: re.Match[str]) -> _Item | None:
        number = int(match["number"])
        if match["tail"]:
            self.found.ignored.append(match[0].strip())
            return None
        if number == 0:  # "0": the coder says that there is none
            self.found.ignored.append(match[0].strip())
            return None
        if number > _HIGHEST:
            self.found.unread.append(match[0].strip())
            return None
        return _Item((_mark(match, number),), doubt=bool(match["doubt"]))


def _mark(match: re.Match[str], number: int) -> AUMark:
    prefix = re.findall(r"AU|AD|[LRABTM]", match["prefix"].upper())
    letters = re.findall(r"[A-E]", (match["letters"] or "").upper())
    sides = {name for name in prefix if name in ("L", "R", "A")}
    open_side = len(sides) > 1 and "/" in match["prefix"]
    side = Side.BOTH
    if sides == {"L"}:
        side = Side.LEFT
    elif sides == {"R"}:
        side = Side.RIGHT
    return AUMark(
        au=number,
        side=side,
        intensity="/".join(letters) or None,
        part=Part.TOP if "T" in prefix else Part.BOTTOM if "B" in prefix else Part.WHOLE,
        code=Code.DESCRIPTOR if "AD" in prefix else Code.MOVEMENT if "M" in prefix else Code.UNIT,
        asymmetric="A" in prefix and not open_side,
        side_open=open_side,
    )


def _same(a: AUMark, b: AUMark) -> bool:
    return (a.au, a.code) == (b.au, b.code)


def _common(options: list[AUMark]) -> AUMark:
    """One code as several alternatives name it: what they do not agree on is open."""
    first = options[0]
    one_side = len({mark.side for mark in options}) == 1
    letters = sorted({letter for mark in options for letter in (mark.intensity or "").split("/") if letter})
    return AUMark(
        au=first.au,
        side=first.side if one_side else Side.BOTH,
        intensity="/".join(letters) or None,
        part=first.part if len({mark.part for mark in options}) == 1 else Part.WHOLE,
        code=first.code,
        asymmetric=one_side and all(mark.asymmetric for mark in options),
        side_open=not one_side or any(mark.side_open for mark in options),
    )
