"""The store alone: atomic, durable, bounded, migrated; and what is said when its folder cannot be used."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from format_samples import asymmetric, bare_take

from curves.errors import InputError
from curves.values import Take
from unreal_bridge import database
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.errors import BridgeError
from unreal_bridge.info import summarise
from unreal_bridge.store import BATCH_BYTES, Store, StoreSettings, Upload
from unreal_bridge.wire import pb

ROOT = Path(__file__).parents[2]
SUMMARY = pb.TakeSummary(duration_s=1.0)


def filled(store: Store, take_id: str, parts: list[bytes], *, replace: bool = False) -> Upload:
    upload = store.begin(take_id, replace=replace)
    for part in parts:
        upload.add(part)
    return upload


def put(store: Store, take_id: str, take: Take, *, replace: bool = False) -> pb.TakeSummary:
    parts = list(take_to_parts(take))
    return filled(store, take_id, parts, replace=replace).commit(digest(parts), summarise(take))[0]


def contents(directory: Path) -> list[tuple[int, int]]:
    """(content, parts) of all that lies in the file, seen by another connection."""
    with sqlite3.connect(directory / database.FILE_NAME) as connection:
        found = connection.execute(
            "SELECT id, count(position) FROM contents LEFT JOIN parts ON content_id = id GROUP BY id"
        ).fetchall()
    connection.close()
    return found


def test_a_take_is_not_there_before_its_commit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parts = [b"h", b"x" * BATCH_BYTES, b"y"]
    upload = filled(store, "a", parts)
    assert contents(tmp_path) == [(1, 2)]  # written already, and invisible
    with pytest.raises(BridgeError):
        store.get("a")
    assert store.changes(0) == () and store.list(9) == () and store.last_sequence() == 0
    summary, already = upload.commit(digest(parts), SUMMARY)
    assert (summary.sequence, summary.content_bytes, already) == (1, BATCH_BYTES + 2, False)
    content_id = store.get("a").content_id
    assert content_id is not None
    assert store.parts(content_id) == tuple(parts[:2]) and store.parts(content_id, 2) == (b"y",)
    assert store.parts(content_id, 3) == ()
    upload.abandon()
    assert store.get("a").summary == summary
    with pytest.raises(BridgeError, match="over"):
        upload.add(b"z")
    store.close()


def test_what_is_abandoned_replaced_or_deleted_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    filled(store, "a", [b"x" * BATCH_BYTES]).abandon()
    first = put(store, "a", bare_take())
    assert put(store, "a", bare_take()) == first
    old = store.get("a").content_id
    assert old is not None
    put(store, "a", asymmetric(), replace=True)
    with pytest.raises(BridgeError, match="replaced or deleted"):
        store.parts(old)
    assert len(contents(tmp_path)) == 1
    assert store.delete("a") == 3 and contents(tmp_path) == []
    assert [(change.sequence, change.summary) for change in store.changes(0)] == [(3, None)]
    assert put(store, "a", bare_take()).sequence == 4
    store.close()


def test_wrong_commits_change_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", bare_take())
    for upload, sha256, code in (
        (filled(store, "a", [b"other"]), digest([b"other"]), "ALREADY_EXISTS"),
        (filled(store, "b", [b"other"]), digest([b"less"]), "DATA_LOSS"),
    ):
        with pytest.raises(BridgeError) as refused:
            upload.commit(sha256, SUMMARY)
        assert refused.value.code == code
        upload.abandon()
    assert store.last_sequence() == 1 and len(contents(tmp_path)) == 1
    store.close()


def test_uploads_of_a_dead_process_are_removed_at_the_start(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store_id = store.store_id
    put(store, "a", bare_take())
    filled(store, "b", [b"x" * BATCH_BYTES])
    assert len(contents(tmp_path)) == 2
    store.close()
    store = Store(tmp_path)
    assert len(contents(tmp_path)) == 1 and store.store_id == store_id
    store.close()


def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreSettings(max_store_bytes=400_000))
    put(store, "a", bare_take())
    upload = store.begin("b")
    with pytest.raises(BridgeError, match="full: delete takes or free some space") as refused:
        for _ in range(40):
            upload.add(b"x" * 65_536)
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    upload.abandon()
    small = filled(store, "c", [b"x" * 500_000])
    with pytest.raises(BridgeError, match="full"):
        small.commit(digest([b"x" * 500_000]), SUMMARY)
    small.abandon()
    assert len(contents(tmp_path)) == 1 and store.last_sequence() == 1
    assert put(store, "d", bare_take()).sequence == 2
    store.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="choose another folder"):
        Store(tmp_path / "file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / database.FILE_NAME).write_text("no database " * 100)
    with pytest.raises(BridgeError, match="no take store"):
        Store(tmp_path / "other")
    (tmp_path / "folder" / database.FILE_NAME).mkdir(parents=True)
    with pytest.raises(BridgeError, match="may be written to"):
        Store(tmp_path / "folder")


AS_NOBODY = """
import os, sys
from pathlib import Path
from curves.errors import MicroExprError
from unreal_bridge.store import Store
if os.geteuid() == 0:
    os.setuid(65534)  # the system lets root write anywhere
for folder in sys.argv[1:]:
    try:
        Store(Path(folder))
    except MicroExprError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="folders have no such permission there")
def test_a_read_only_folder_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:  # not pytest's: nobody but its owner may look into that
        empty, filled_one = Path(name) / "empty", Path(name) / "filled"
        empty.mkdir()
        Store(filled_one).close()
        for path in (*filled_one.iterdir(), filled_one, empty, Path(name)):
            path.chmod(0o555)
        folders = [str(empty), str(empty / "sub"), str(filled_one)]
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", AS_NOBODY, *folders], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for path in (filled_one, empty, Path(name)):
            path.chmod(0o755)
    first, second, third = done.stdout.splitlines()
    assert "may be written to" in first and str(empty) in first
    assert "choose another folder" in second
    assert "may be written to" in third and str(filled_one) in third


def test_a_database_that_turns_read_only_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store._writer.execute("PRAGMA query_only = 1")
    with pytest.raises(BridgeError, match="may be written to") as refused:
        put(store, "a", bare_take())
    assert refused.value.code == "FAILED_PRECONDITION"
    store.close()


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(InputError, match="in use by another server"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_the_schema_moves_on_and_never_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", asymmetric())
    before = store.get("a")
    store.close()
    path = tmp_path / database.FILE_NAME
    newer = (*database.MIGRATIONS, "ALTER TABLE takes ADD COLUMN note TEXT; UPDATE takes SET note = take_id")
    connection = database.open_database(path, max_bytes=None, migrations=newer)
    assert connection.execute("SELECT note FROM takes").fetchall() == [("a",)]
    connection.close()
    with pytest.raises(InputError, match="update microexpr"):
        Store(tmp_path)
    broken = (*newer, "CREATE TABLE half (x); CREATE TABLE half (x)")
    with pytest.raises(BridgeError):
        database.open_database(path, max_bytes=None, migrations=broken)
    connection = database.open_database(path, max_bytes=None, migrations=newer)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    row = connection.execute("SELECT summary FROM takes").fetchone()
    assert before.summary == pb.TakeSummary.FromString(row[0])
    connection.close()


def test_commits_are_written_through(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for connection in (store._writer, store._reader):
        settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        assert settings == ["wal", 2] and connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    store.close()
