"""Takes that survive: whole or not there, with a sequence number for every change.

An upload is written as it comes, so that memory is bounded, and is invisible until its commit, which is one
transaction. What a dead process left of uploads is removed when the store opens. All functions block; any thread may
call them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection

from curves.errors import InputError
from unreal_bridge import database
from unreal_bridge.errors import BridgeError
from unreal_bridge.wire import pb

#: Bytes of an upload that are kept in memory before they are written; also of a take read in one go.
BATCH_BYTES = 2**20


@dataclass(frozen=True)
class StoreSettings:
    """Bounds of a store, and how it opens.

    max_take_bytes: of all parts of one take.
    max_store_bytes: of the whole file; None: as much as the disk holds.
    new_id: it gets another id as it opens: after it was restored from a backup, whose sequence numbers come twice.
    """

    max_take_bytes: int = 2**30
    max_store_bytes: int | None = None
    new_id: bool = False


@dataclass(frozen=True)
class Change:
    """The last thing that happened to a take. Deleted: ``summary`` and ``content_id`` are None."""

    take_id: str
    sequence: int
    summary: pb.TakeSummary | None
    content_id: int | None


class Store:
    """The takes in a directory. One process has it open at a time; ``close`` when done.

    Raises InputError (the directory cannot be used, or is in use) and BridgeError (disk full, or not to be read).
    """

    def __init__(self, directory: Path, settings: StoreSettings = StoreSettings()) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{directory} cannot be made ({error.strerror}); choose another folder.") from error
        self.settings = settings
        #: Called after each change, in the thread that made it.
        self.on_change: Callable[[], None] = lambda: None
        self._path = directory / database.FILE_NAME
        self._owned = database.own(directory)
        try:
            self._writer = database.open_database(self._path, max_bytes=settings.max_store_bytes)
            with database.translated(self._path):
                self._reader = database.connect(self._path)
        except BaseException:
            self._owned.close()
            raise
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        if settings.new_id:
            with self._writing() as writer:
                writer.execute("UPDATE store SET store_id = new_store_id()")
        with self._reading() as reader:
            self.store_id: str = reader.execute("SELECT store_id FROM store").fetchone()[0]

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            for connection in (self._reader, self._writer, self._owned):
                connection.close()

    # --- writing

    def begin(self, take_id: str, *, replace: bool = False) -> "Upload":
        """A new upload, still empty."""
        return Upload(self, take_id, replace=replace)

    def delete(self, take_id: str) -> int:
        """Deletes a take; the sequence of the change. BridgeError NOT_FOUND."""
        with self._writing() as writer:
            row = writer.execute("SELECT content_id FROM takes WHERE take_id = ?", (take_id,)).fetchone()
            if row is None or row[0] is None:
                raise _not_found(take_id)
            sequence = _next_sequence(writer)
            writer.execute(
                "UPDATE takes SET sequence = ?, summary = NULL, sha256 = NULL, content_id = NULL WHERE take_id = ?",
                (sequence, take_id),
            )
            writer.execute("DELETE FROM contents WHERE id = ?", row)
        self.on_change()
        return sequence

    # --- reading

    def last_sequence(self) -> int:
        with self._reading() as reader:
            return int(reader.execute("SELECT sequence FROM store").fetchone()[0])

    def get(self, take_id: str) -> Change:
        """The take's summary and content. BridgeError NOT_FOUND."""
        with self._reading() as reader:
            row = reader.execute(
                "SELECT take_id, sequence, summary, content_id FROM takes WHERE take_id = ? AND summary IS NOT NULL",
                (take_id,),
            ).fetchone()
        if row is None:
            raise _not_found(take_id)
        return _change(row)

    def list(self, limit: int, *, before: int | None = None) -> tuple[pb.TakeSummary, ...]:
        """Summaries, newest first, of sequences below ``before``."""
        with self._reading() as reader:
            rows = reader.execute(
                "SELECT summary FROM takes WHERE summary IS NOT NULL AND sequence < ? ORDER BY sequence DESC LIMIT ?",
                (2**63 - 1 if before is None else before, limit),
            ).fetchall()
        return tuple(pb.TakeSummary.FromString(row[0]) for row in rows)

    def changes(self, since: int, *, prefix: str = "", limit: int = 100) -> tuple[Change, ...]:
        """Changes after ``since`` in order, of takes whose id begins with ``prefix``; overtaken ones are left out."""
        with self._reading() as reader:
            rows = reader.execute(
                "SELECT take_id, sequence, summary, content_id FROM takes "
                "WHERE sequence > ? AND substr(take_id, 1, ?) = ? ORDER BY sequence LIMIT ?",
                (since, len(prefix), prefix, limit),
            ).fetchall()
        return tuple(map(_change, rows))

    def parts(self, content_id: int, start: int = 0) -> tuple[bytes, ...]:
        """Parts from position ``start`` on, about BATCH_BYTES of them; empty after the last.

        BridgeError ABORTED: the take was replaced or deleted since its content_id was read.
        """
        with self._reading() as reader:
            found: list[bytes] = []
            size = 0
            for row in reader.execute(
                "SELECT data FROM parts WHERE content_id = ? AND position >= ? ORDER BY position", (content_id, start)
            ):
                found.append(row[0])
                size += len(row[0])
                if size >= BATCH_BYTES:
                    break
            if not found and reader.execute("SELECT 1 FROM contents WHERE id = ?", (content_id,)).fetchone() is None:
                raise BridgeError("ABORTED", "The take was replaced or deleted while it was being read; read it anew.")
        return tuple(found)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._write_lock, database.translated(self._path), database.transaction(self._writer):
            yield self._writer

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._read_lock, database.translated(self._path):
            yield self._reader


class Upload:
    """A take on its way in: ``add`` its parts, then ``commit``; or ``abandon``, which leaves nothing behind.

    One thing at a time: what is called while another call is at work waits for it.
    """

    def __init__(self, store: Store, take_id: str, *, replace: bool) -> None:
        self._store, self._take_id, self._replace = store, take_id, replace
        self._waiting: list[bytes] = []
        self._waiting_bytes = self._written = self.bytes = 0
        self._content_id: int | None = None
        self._digest = sha256()
        self._lock = threading.Lock()
        self._over = False

    def add(self, part: bytes) -> None:
        """The next part. BridgeError RESOURCE_EXHAUSTED: too large, or the disk is full."""
        with self._lock:
            self._check_open()
            self._add(part)

    def commit(self, digest: bytes, summary: pb.TakeSummary) -> tuple[pb.TakeSummary, bool]:
        """Makes the take visible and durable; its summary, and whether it was there already.

        ``summary`` says what the parts say; id, digest, sequence, size and time are filled in here.

        BridgeError DATA_LOSS: the digest is not that of the parts. ALREADY_EXISTS: another take has this id.
        """
        with self._lock:
            self._check_open()
            made, already = self._commit(digest, summary)
            self._over = True
        if not already:
            self._store.on_change()
        return made, already

    def abandon(self) -> None:
        """Removes what was written; harmless after a commit."""
        with self._lock:
            self._over = True
            self._discard()

    def _check_open(self) -> None:
        if self._over:
            raise BridgeError("ABORTED", f"The upload of {self._take_id} is over; send the take again.")

    def _add(self, part: bytes) -> None:
        self.bytes += len(part)
        limit = self._store.settings.max_take_bytes
        if self.bytes > limit:
            raise BridgeError("RESOURCE_EXHAUSTED", f"The take is larger than the {limit} bytes this server accepts.")
        self._digest.update(part)
        self._waiting.append(part)
        self._waiting_bytes += len(part)
        if self._waiting_bytes >= BATCH_BYTES:
            with self._store._writing() as writer:
                self._content_id = self._write(writer)
            self._flushed()

    def _commit(self, digest: bytes, summary: pb.TakeSummary) -> tuple[pb.TakeSummary, bool]:
        if digest != self._digest.digest():
            raise BridgeError("DATA_LOSS", "The take's SHA-256 does not fit what arrived; send it again.")
        with self._store._writing() as writer:
            row = writer.execute(
                "SELECT summary, sha256, content_id FROM takes WHERE take_id = ? AND summary IS NOT NULL",
                (self._take_id,),
            ).fetchone()
            if row is not None and row[1] == digest:
                there = pb.TakeSummary.FromString(row[0])
            elif row is not None and not self._replace:
                raise BridgeError(
                    "ALREADY_EXISTS", f"Another take is called {self._take_id}; replace it or choose another name."
                )
            else:
                there = None
                made = self._make_visible(writer, digest, summary, None if row is None else row[2])
        if there is not None:
            self._discard()
            return there, True
        self._flushed()
        self._content_id = None  # it is the take's now
        return made, False

    def _discard(self) -> None:
        self._waiting.clear()
        if self._content_id is not None:
            with self._store._writing() as writer:
                writer.execute("DELETE FROM contents WHERE id = ? AND pending = 1", (self._content_id,))
            self._content_id = None

    def _make_visible(
        self, writer: Connection, digest: bytes, summary: pb.TakeSummary, old_content: int | None
    ) -> pb.TakeSummary:
        content_id, sequence = self._write(writer), _next_sequence(writer)
        made = pb.TakeSummary()
        made.CopyFrom(summary)
        made.take_id, made.sha256, made.sequence = self._take_id, digest, sequence
        made.content_bytes, made.committed_unix_s = self.bytes, time.time()
        writer.execute("UPDATE contents SET pending = 0 WHERE id = ?", (content_id,))
        writer.execute(
            "INSERT INTO takes VALUES (?, ?, ?, ?, ?) ON CONFLICT (take_id) DO UPDATE SET sequence = "
            "excluded.sequence, summary = excluded.summary, sha256 = excluded.sha256, content_id = excluded.content_id",
            (self._take_id, sequence, made.SerializeToString(), digest, content_id),
        )
        if old_content is not None:
            writer.execute("DELETE FROM contents WHERE id = ?", (old_content,))
        return made

    def _write(self, writer: Connection) -> int:
        """Writes what waits, within a transaction; the content's id. Nothing is forgotten before it is on the disk."""
        content_id = self._content_id
        if content_id is None:
            content_id = writer.execute("INSERT INTO contents (pending) VALUES (1)").lastrowid
            assert content_id is not None  # noqa: S101  # an INSERT has one
        rows = [(content_id, self._written + offset, part) for offset, part in enumerate(self._waiting)]
        writer.executemany("INSERT INTO parts VALUES (?, ?, ?)", rows)
        return content_id

    def _flushed(self) -> None:
        self._written += len(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0


def _next_sequence(writer: Connection) -> int:
    return int(writer.execute("UPDATE store SET sequence = sequence + 1 RETURNING sequence").fetchone()[0])


def _change(row: tuple[str, int, bytes | None, int | None]) -> Change:
    take_id, sequence, summary, content_id = row
    return Change(take_id, sequence, None if summary is None else pb.TakeSummary.FromString(summary), content_id)


def _not_found(take_id: str) -> BridgeError:
    return BridgeError("NOT_FOUND", f"There is no take {take_id}.")
