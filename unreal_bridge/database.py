"""The store's SQLite file: opened, brought to the newest schema, owned by one process, its errors in words.

Journal: write-ahead with synchronous FULL, so that a commit that returned is on the disk, whatever kills the process.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from curves.errors import InputError
from unreal_bridge.errors import BridgeError

FILE_NAME = "takes.sqlite"
LOCK_NAME = "takes.lock"

#: Schema version n is what the first n scripts make. A script that was shipped is never changed; a new one is added.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE store (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        store_id TEXT NOT NULL,
        sequence INTEGER NOT NULL  -- of the last change
    ) STRICT;
    INSERT INTO store VALUES (1, new_store_id(), 0);

    CREATE TABLE contents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: whoever reads a content that goes, finds nothing
        pending INTEGER NOT NULL               -- 1 until its take is committed
    ) STRICT;
    CREATE TABLE parts (
        content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,             -- 0 is the header
        data BLOB NOT NULL,
        UNIQUE (content_id, position)
    ) STRICT;

    -- The last change of each take; a deleted take keeps its row, without summary and content, for editors to hear of.
    CREATE TABLE takes (
        take_id TEXT PRIMARY KEY,
        sequence INTEGER NOT NULL UNIQUE,
        summary BLOB,                          -- an encoded TakeSummary
        sha256 BLOB,
        content_id INTEGER UNIQUE REFERENCES contents (id),
        CHECK ((summary IS NULL) = (content_id IS NULL) AND (sha256 IS NULL) = (content_id IS NULL))
    ) STRICT;
    """,
)


def open_database(path: Path, *, max_bytes: int | None, migrations: Sequence[str] = MIGRATIONS) -> sqlite3.Connection:
    """A connection for writing, schema brought up to date, uploads that a dead process left removed.

    Transactions are begun by hand. Any thread may use it, one at a time. Raises InputError, BridgeError.
    """
    with translated(path):
        connection = connect(path)
        try:
            connection.create_function("new_store_id", 0, lambda: secrets.token_hex(16))
            _migrate(connection, path, migrations)
            if max_bytes is not None:
                page = connection.execute("PRAGMA page_size").fetchone()[0]
                connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // page)}")
            connection.execute("DELETE FROM contents WHERE pending = 1")
        except BaseException:
            connection.close()
            raise
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """A further connection to the database."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def own(directory: Path) -> sqlite3.Connection:
    """Holds the directory for this process until closed or dead, on any system. Raises InputError, BridgeError."""
    path = directory / LOCK_NAME
    with translated(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.0)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise InputError(f"{directory} is in use by another server; stop it or choose another folder.") from error
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some errors, such as a full disk, may have ended it
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as BridgeError with one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind == sqlite3.SQLITE_FULL:
            raise BridgeError(
                "RESOURCE_EXHAUSTED",
                f"{path.parent} is full: delete takes or free some space, then send the take again.",
            ) from error
        remedy = {
            sqlite3.SQLITE_READONLY: "choose a folder that may be written to",
            sqlite3.SQLITE_CANTOPEN: "choose a folder that may be written to",
            sqlite3.SQLITE_NOTADB: "it is no take store; choose another folder",
            sqlite3.SQLITE_CORRUPT: "restore it from a copy or choose another folder",
        }.get(kind, "check the disk")
        raise BridgeError("FAILED_PRECONDITION", f"{path} cannot be used ({error}); {remedy}.") from error


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    with closing(connection.execute("PRAGMA user_version")) as answer:
        version = answer.fetchone()[0]
    if version > len(migrations):
        raise InputError(
            f"{path} has schema {version}, this version knows {len(migrations)}: update microexpr or choose another "
            "folder."
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        # One transaction a step: a server that dies within one finds the schema before it.
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
