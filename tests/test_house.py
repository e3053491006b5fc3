"""The house itself: doors between rooms, what is shipped, what must not be in the repository, the set-up's stamp."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from unreal_bridge.stubs import PROTO, STUBS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["setuptools"]["packages"]
ROOMS = sorted({name.partition(".")[0] for name in PACKAGES})


def tracked() -> list[Path]:
    """The files of the repository; without git, those of the working tree that are not hidden or built."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()  # noqa: S607
        return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]
    rooms = [ROOT / room for room in (*ROOMS, "tests", "benchmarks", "docs", "UnrealPlugin")]
    return [path for room in rooms for path in room.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603


# --- doors -----------------------------------------------------------------------------------------------------------


def broken_contracts(folder: Path, room: str, line: str) -> set[str]:
    """Contracts that import-linter calls broken for otherwise empty rooms, one of which holds ``line``."""
    for name in ROOMS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(line if name == room else "", encoding="utf-8")
    for name in ("errors", "layer", "values", "keys"):
        (folder / "curves" / f"{name}.py").touch()
    (folder / "curves" / "layer.py").write_text("import curves.keys", encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", folder)
    # In a child, so that the empty rooms are found and not those that this process has imported.
    command = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True, no_cache=True))"
    )
    done = run(sys.executable, "-c", command, cwd=folder)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    broken = set(re.findall(r"^(.*) BROKEN", done.stdout, re.MULTILINE))
    assert (done.returncode != 0) == bool(broken)
    return broken


@pytest.mark.slow
@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("curves", "", None),
        ("microexpr", "import recognizer, studies, unreal_bridge, graph, curves, torch, av, cv2, pandas", None),
        ("recognizer", "import graph, curves, torch, av, cv2", None),
        ("unreal_bridge", "import curves, grpc, google.protobuf", None),
        ("studies", "import curves.errors, curves.layer, curves.values, pandas, statsmodels", None),
        ("studies", "import curves.keys", "The studies know errors, layer and values of curves only"),
        ("curves", "import graph", "Rooms: who may walk where"),
        ("graph", "import recognizer", "Rooms: who may walk where"),
        ("recognizer", "import studies", "Rooms: who may walk where"),
        ("unreal_bridge", "import recognizer", "Rooms: who may walk where"),
        ("studies", "import microexpr", "Rooms: who may walk where"),
        ("studies", "import graph", "The bridge and the studies do not know the graph"),
        ("unreal_bridge", "import torch", "The bridge and the studies do not know the graph"),
        ("curves", "import cv2", "curves is pure"),
        ("curves", "import pandas", "curves is pure"),
        ("graph", "import av", "graph knows no video"),
        ("recognizer", "import grpc", "grpc only in the bridge"),
        ("microexpr", "import google.protobuf", "grpc only in the bridge"),
        ("microexpr", "import statsmodels.api", "statsmodels only in studies"),
    ],
)
def test_contracts_catch_a_wrong_door(tmp_path: Path, room: str, line: str, contract: str | None) -> None:
    assert broken_contracts(tmp_path, room, line) == ({contract} if contract else set())


def test_contracts_watch_every_room() -> None:
    assert sorted(PROJECT["tool"]["importlinter"]["root_packages"]) == ROOMS
    assert sorted(PROJECT["tool"]["mypy"]["packages"]) == ROOMS


# --- what is shipped -------------------------------------------------------------------------------------------------


def test_every_package_is_listed_and_typed() -> None:
    folders = {
        path.parent.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("__init__.py")
    }
    assert {name.replace(".", "/") for name in PACKAGES} == folders
    for room in ROOMS:
        assert (ROOT / room / "py.typed").is_file(), room


@pytest.mark.slow
def test_the_wheel_holds_code_and_data(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in tracked():
        if path.relative_to(ROOT).parts[0] in {*ROOMS, "pyproject.toml", "README.md", "LICENSE"}:
            target = source / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    built = run(*pip, cwd=tmp_path)
    wheels = list(tmp_path.glob("microexpr-*.whl"))
    assert len(wheels) == 1, built.stderr
    with zipfile.ZipFile(wheels[0]) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        notices = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    wanted = {p.relative_to(ROOT).as_posix() for p in tracked() if p.relative_to(ROOT).parts[0] in ROOMS}
    assert held == wanted | set(STUBS)
    assert notices


# --- what must not be here -------------------------------------------------------------------------------------------


def test_no_package_under_tests() -> None:
    """It would shadow the room of the same name."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_no_large_file_is_tracked() -> None:
    assert [path for path in tracked() if path.stat().st_size > 25_000_000] == []


def sources() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix in {".py", ".toml", ".sh", ".cpp", ".h", ".txt", ".cmake", ".md"} or not path.suffix:
            yield path, path.read_text(encoding="utf-8", errors="replace")


def test_nothing_reads_beside_the_repository() -> None:
    """Paths to data outside come as arguments; the addresses of package registries are the user's: code names none."""
    known = r"json-schema\.org|www\.apache\.org|127\.0\.0\.1|\.\.\."
    forbidden = re.compile(rf"\.\.[/\\]+shared|https?://(?!{known})[\w.]")
    found = [(p.relative_to(ROOT).as_posix(), hit[0]) for p, text in sources() if (hit := forbidden.search(text))]
    assert [hit for hit in found if hit[0] != Path(__file__).relative_to(ROOT).as_posix()] == []


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_nothing_needs_posix() -> None:
    """Most animators sit at Windows."""
    posix = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
    for path, text in sources():
        if path.suffix == ".py":
            assert not posix & set(imported(ast.parse(text))), path


# --- set-up ----------------------------------------------------------------------------------------------------------


def test_constraints_pin_every_dependency_within_its_range() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))
    project = PROJECT["project"]
    for line in (
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
    ):
        need = Requirement(line)
        assert need.specifier.contains(pins[need.name.lower()]), line


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_second_set_up_installs_nothing_until_something_changes(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "unreal_bridge/stubs.py", PROTO):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    first = run("make", "-n", "test", cwd=tmp_path).stdout
    assert "pip install" in first
    stamp = re.findall(r"^touch (\S+)", first, re.MULTILINE)
    (tmp_path / ".venv").mkdir()
    (tmp_path / stamp[-1]).touch()
    assert "pip install" not in run("make", "-n", "test", cwd=tmp_path).stdout
    assert "pip install" in run("make", "-n", "test", "CUDA=1", cwd=tmp_path).stdout
    for changed in ("constraints.txt", PROTO):
        stamp = (tmp_path / changed).read_text(encoding="utf-8")
        (tmp_path / changed).write_text(stamp + "\n# changed\n", encoding="utf-8")
        assert "pip install" in run("make", "-n", "test", cwd=tmp_path).stdout
        (tmp_path / changed).write_text(stamp, encoding="utf-8")
