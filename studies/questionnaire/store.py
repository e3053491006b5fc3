"""Answers that survive: durable when ``answer`` returns, and gone when ``withdraw`` does.

One SQLite file and, while something is written, its journal; no -wal, which keeps what was deleted for as long as
somebody reads. All functions block and may be called by any thread; other processes may read and write beside. Each may
raise BusyError, and has done nothing then.
"""

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from curves.errors import InputError
from studies.questionnaire.slots import Slot, next_slot

#: Letters and digits that are not taken for one another; 12 of them are 59 bits, too many to guess.
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS study (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS participants (
  id TEXT PRIMARY KEY, cookie TEXT NOT NULL UNIQUE, code TEXT NOT NULL UNIQUE,
  video_order TEXT NOT NULL, emotions TEXT NOT NULL, position INTEGER NOT NULL DEFAULT 0,
  begun_at REAL NOT NULL, seen_at REAL NOT NULL, finished_at REAL, shown_at REAL, fetched_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  participant TEXT NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
  question TEXT NOT NULL, answer TEXT NOT NULL, answered_at REAL NOT NULL, PRIMARY KEY (participant, question)
) WITHOUT ROWID;
"""
_COLUMNS = "id, code, video_order, emotions, position, begun_at, seen_at, finished_at, shown_at, fetched_at"


#: How long to try for the file while another process reads it, and how long at a time: only then others have to wait.
_PATIENCE_S, _TRY_S, _PAUSE_S = 3.0, 0.1, 0.02


class BusyError(Exception):
    """Another process kept the file for longer than we wait; nothing was done."""


class FullError(Exception):
    """No more participants fit: somebody may be playing with the server, or serves another study from the file."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Who is asked. ``position``: pages answered. ``shown_at``, ``fetched_at``: when the page of that position was
    first served, and its video first asked for; None: not yet. All times in seconds since 1970.
    """

    id: str
    code: str
    slot: Slot
    position: int
    begun_at: float
    seen_at: float
    finished_at: float | None
    shown_at: float | None
    fetched_at: float | None

    def status(self, now: float, idle_s: float) -> str:
        """ "complete", "active", or "dropped out": nothing heard for ``idle_s``; who comes back is active again."""
        if self.finished_at is not None:
            return "complete"
        return "active" if now - self.seen_at <= idle_s else "dropped out"


class Store:
    """The answers of one study in ``path``. ``design``: of the study, or its beginning; ``clock``: seconds since 1970.

    Raises InputError: the file cannot be used, or holds answers to another design.
    """

    def __init__(self, path: Path, design: str, *, clock: Callable[[], float] = time.time, most: int = 100_000) -> None:
        self.path, self.clock, self._most, self._design = path, clock, most, design
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its journal the same rights
            self._db = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
            # Of the journals that leave nothing behind, TRUNCATE is the one that FULL syncs to disk at its end.
            for pragma in ("journal_mode = TRUNCATE", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {pragma}").close()
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT; PRAGMA busy_timeout = {round(1000 * _TRY_S)};")
            known = self._agree(design)
        except BusyError as error:
            raise InputError(f"{path} is in use by another program; close that, and try again.") from error
        except (OSError, sqlite3.Error) as error:
            raise InputError(
                f"{path} cannot be used for answers ({error}); choose another folder with --data."
            ) from error
        if not known["design"].startswith(design):
            self.close()
            raise InputError(
                f"{path} holds answers to other questions, videos or seeds than these; restore the study's files, or "
                "begin anew with another --data."
            )
        #: Signs forms and the addresses of videos.
        self.secret: bytes = known["secret"].encode()

    def _agree(self, design: str) -> dict[str, str]:
        """What is known of the study, its design among it: ours, if nobody has come yet."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO study VALUES ('secret', ?), ('withdrawn', '0')", (secrets.token_hex(32),))
            if db.execute("SELECT NOT EXISTS (SELECT 1 FROM participants)").fetchone()[0]:
                db.execute("INSERT OR REPLACE INTO study VALUES ('design', ?)", (design,))
            return dict(db.execute("SELECT name, value FROM study").fetchall())

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # --- participants

    def begin(self, slots: Sequence[Slot], idle_s: float, cookie: str) -> Participant:
        """A new participant in the slot that balances best, or the one who has begun with this cookie, which is stored
        only as a digest: who taps twice is one person. Raises FullError.
        """
        now = self.clock()
        with self._writing() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM participants WHERE cookie = ?", (_digest(cookie),)).fetchone()  # noqa: S608
            if row is not None:
                return _participant(row)
            people = [_participant(row) for row in db.execute(f"SELECT {_COLUMNS} FROM participants")]  # noqa: S608
            if not people:
                db.execute("UPDATE study SET value = ? WHERE name = 'design'", (self._design,))
            [design] = db.execute("SELECT value FROM study WHERE name = 'design'").fetchone()
            if len(people) >= self._most or design != self._design:
                raise FullError
            taken: dict[Slot, int] = {}
            for person in people:
                if person.status(now, idle_s) != "dropped out":
                    taken[person.slot] = taken.get(person.slot, 0) + 1
            slot = next_slot(slots, taken)
            # A random id: it tells neither when somebody came nor, being another word than the code, how to withdraw.
            person = Participant(f"P{secrets.token_hex(5)}", _new_code(), slot, 0, now, now, None, None, None)
            db.execute(
                "INSERT INTO participants (id, cookie, code, video_order, emotions, begun_at, seen_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (person.id, _digest(cookie), person.code, slot.order, ",".join(slot.emotions), now, now),
            )
        return person

    def find(self, cookie: str) -> Participant | None:
        """Whose cookie it is."""
        return self._one("cookie = ?", _digest(cookie))

    def find_code(self, code: str) -> Participant | None:
        """Whose code it is, however they typed it: small letters and gaps do not matter."""
        plain = "".join(letter for letter in code.upper() if letter in _ALPHABET)
        return self._one("code = ?", "-".join(plain[start : start + 4] for start in (0, 4, 8)))

    def _one(self, where: str, value: str) -> Participant | None:
        with self._reading() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM participants WHERE {where}", (value,)).fetchone()  # noqa: S608
        return None if row is None else _participant(row)

    # --- pages

    def shown(self, person: Participant) -> None:
        """The page of ``person.position`` is being served; the first time counts."""
        self._mark("shown_at", person)

    def fetched(self, person: Participant) -> None:
        """The video of that page is being fetched; the first time counts."""
        self._mark("fetched_at", person)

    def _mark(self, column: str, person: Participant) -> None:
        now = self.clock()
        with self._writing() as db:
            db.execute(
                f"UPDATE participants SET seen_at = ?, {column} = COALESCE({column}, ?) WHERE id = ? AND position = ?",  # noqa: S608
                (now, now, person.id, person.position),
            )

    def answer(self, person: Participant, answers: Mapping[str, str], *, last: bool) -> bool:
        """Stores the answers of the page ``person.position`` and moves on; False, and nothing stored, if that page was
        answered already. On disk when this returns. ``last``: the participant is done with it.
        """
        now = self.clock()
        with self._writing() as db:
            moved = db.execute(
                "UPDATE participants SET position = position + 1, seen_at = ?, finished_at = ?, shown_at = NULL, "
                "fetched_at = NULL WHERE id = ? AND position = ? AND finished_at IS NULL",
                (now, now if last else None, person.id, person.position),
            ).rowcount
            if moved:
                rows = [(person.id, question, answer, now) for question, answer in answers.items()]
                db.executemany("INSERT INTO answers VALUES (?, ?, ?, ?)", rows)
        return bool(moved)

    def withdraw(self, person: Participant) -> None:
        """Deletes all that is stored of the participant, and overwrites where it stood, before this returns; one more
        is counted as withdrawn, without a name."""
        with self._writing() as db:
            if db.execute("DELETE FROM participants WHERE id = ?", (person.id,)).rowcount:
                db.execute("UPDATE study SET value = value + 1 WHERE name = 'withdrawn'")
                _rewrite(db)

    # --- for the researcher

    def everybody(self) -> list[tuple[Participant, dict[str, str]]]:
        """All participants by id, each with their answers."""
        with self._reading() as db:
            people = [_participant(row) for row in db.execute(f"SELECT {_COLUMNS} FROM participants")]  # noqa: S608
            answers = db.execute("SELECT participant, question, answer FROM answers").fetchall()
        given: dict[str, dict[str, str]] = {person.id: {} for person in people}
        for identity, question, answer in answers:
            given[identity][question] = answer
        return [(person, given[person.id]) for person in sorted(people, key=lambda person: person.id)]

    def people(self) -> list[Participant]:
        with self._reading() as db:
            return [_participant(row) for row in db.execute(f"SELECT {_COLUMNS} FROM participants")]  # noqa: S608

    def withdrawn(self) -> int:
        """How many have withdrawn."""
        with self._reading() as db:
            return int(db.execute("SELECT value FROM study WHERE name = 'withdrawn'").fetchone()[0])

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction("DEFERRED")

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """On disk when it ends. Exclusive from its start, so that only the start can find the file in use."""
        return self._transaction("EXCLUSIVE")

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        self._open(kind)
        try:
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        finally:
            self._lock.release()

    def _open(self, kind: str) -> None:
        """Begins a transaction; holds the lock from then on, and not while it waits for other processes."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            self._lock.acquire()
            try:
                self._db.execute(f"BEGIN {kind}")
                self._db.execute("SELECT count(*) FROM study").fetchone()  # a deferred one begins with this
                return
            except sqlite3.Error as error:
                busy = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if busy and self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._lock.release()
                if not busy:
                    raise
                if time.monotonic() > deadline:
                    raise BusyError from error
            time.sleep(_PAUSE_S)


def _rewrite(db: sqlite3.Connection) -> None:
    """Makes both tables anew, in the transaction: a page that was split or joined may keep copies of rows, and
    secure_delete overwrites these only when the page is given up."""
    rows = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in ("participants", "answers")}  # noqa: S608
    for name in reversed(rows):
        db.execute(f"DROP TABLE {name}")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    for name, held in rows.items():
        if held:
            db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(held[0]))})", held)  # noqa: S608


def _participant(row: Sequence[object]) -> Participant:
    identity, code, order, emotions, *rest = row
    slot = Slot(str(order), tuple(str(emotions).split(",")))
    return Participant(str(identity), str(code), slot, *rest)  # type: ignore[arg-type]  # as the table has it


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def _digest(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()
