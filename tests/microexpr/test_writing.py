import errno
import sys
from pathlib import Path

import pytest

from curves.errors import InputError
from microexpr.writing import write_file


def test_folders_are_made_and_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b.txt", b"one")
    write_file(tmp_path / "a" / "b.txt", b"two")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_disk_that_fills_up_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, write_bytes = tmp_path / "p.png", Path.write_bytes
    file.write_bytes(b"earlier")

    def half(path: Path, content: bytes) -> int:
        write_bytes(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(InputError, match=r"p\.png cannot be written \(No space left on device\); free some space"):
        write_file(file, b"x" * 100)
    assert file.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other words for it")
@pytest.mark.parametrize(
    ("name", "remedy"),
    [("folder", "a folder of that name"), ("file/p.png", "a file stands where"), ("x" * 300, "a shorter one")],
)
def test_what_is_in_the_way_is_said(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=remedy):
        write_file(tmp_path / name, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
