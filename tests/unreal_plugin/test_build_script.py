"""How the C++ side is set up and built: packages where that is allowed, a sentence where not, no failure unheard."""

import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("cmake", "ninja", "c++", "clang++", "pkg-config", "protoc", "ctest")
SYSTEM = (
    "bash",
    "sh",
    "env",
    "dirname",
    "basename",
    "sed",
    "sort",
    "tail",
    "mktemp",
    "rm",
    "getconf",
    "cat",
    "touch",
    "true",
    "mkdir",
)

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in (*SYSTEM, "make")), reason="neither make nor bash is here"
)


def script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class Machine:
    """A machine of a folder: system tools, and of the others those that it is given."""

    def __init__(self, folder: Path, *, root: bool, sudo: bool = False, apt: str | None = None) -> None:
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "apt.log"
        self.bin.mkdir()
        for name in SYSTEM:
            (self.bin / name).symlink_to(str(shutil.which(name)))
        script(self.bin / "id", f"echo {0 if root else 1000}")
        if sudo:
            script(self.bin / "sudo", 'shift; exec "$@"')
        if apt is not None:
            script(self.bin / "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {self.log}\n{apt}')
        shutil.copytree(
            ROOT / "UnrealPlugin", folder / "UnrealPlugin", ignore=lambda _, names: set(names) - {"build.sh"}
        )
        for name in ("Source/MicroExprCore", "Tests"):
            (folder / "UnrealPlugin" / "MicroExpression" / name).mkdir(parents=True)

    def give(self, **bodies: str) -> "Machine":
        """All tools of the build, each with success and nothing else, or what it is told to do here."""
        for name in TOOLS:
            default = "echo cmake version 3.25.1" if name == "cmake" else "exit 0"
            script(self.bin / name, bodies.get(name, default))
        return self

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("UnrealPlugin/build.sh", *arguments)

    def run(self, *command: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), **(more or {})}
        return subprocess.run(  # noqa: S603
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def installs(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


def bringing_all(folder: Path) -> str:
    """An apt-get that brings all tools when it installs."""
    made = "; ".join(
        f"printf '#!/bin/sh\\necho cmake version 3.25.1\\n' > {folder}/bin/{name}; /bin/chmod +x {folder}/bin/{name}"
        for name in TOOLS
    )
    return f'case "$*" in *install*) {made} ;; esac'


@pytest.mark.parametrize("root", [True, False])
def test_packages_are_installed_once_where_that_is_allowed(tmp_path: Path, root: bool) -> None:
    machine = Machine(tmp_path, root=root, sudo=not root, apt=bringing_all(tmp_path))
    first = machine.build("install")
    assert first.returncode == 0, first.stderr
    assert [line.split()[0] for line in machine.installs()] == ["noninteractive"] * 2, "update, install, no question"
    assert "libgrpc++-dev" in machine.installs()[1] and "--yes" in machine.installs()[1]
    second = machine.build("install")
    assert (second.returncode, second.stdout, len(machine.installs())) == (0, "", 2)


@pytest.mark.parametrize("apt", ["exit 0", None], ids=["a user", "no apt-get"])
def test_where_it_is_not_allowed_it_says_what_to_type(tmp_path: Path, apt: str | None) -> None:
    machine = Machine(tmp_path, root=apt is None, apt=apt)
    refused = machine.build("install")
    assert refused.returncode == 3
    assert "needs cmake ninja c++ pkg-config protoc" in refused.stderr
    assert "apt-get install cmake ninja-build g++" in refused.stderr
    assert machine.installs() == []
    assert machine.build("core").returncode == 3


def test_what_apt_says_is_told_when_it_fails(tmp_path: Path) -> None:
    failed = Machine(tmp_path, root=True, apt="echo no such package; exit 100").build("install")
    assert failed.returncode == 1
    assert "no such package" in failed.stderr and "WITHOUT_CPP=1" in failed.stderr


def test_old_tools_and_missing_grpc_are_named(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=False).give(cmake="echo cmake version 3.22.1", **{"pkg-config": "exit 1"})
    refused = machine.build("needs")
    assert refused.returncode == 3 and "cmake 3.25 or later gRPC" in refused.stderr
    assert machine.give(cmake="echo cmake version 3.100.2").build("needs").returncode == 0


@pytest.mark.parametrize("project", ["core", "plugin"])
def test_a_failing_step_fails(tmp_path: Path, project: str) -> None:
    machine = Machine(tmp_path, root=False).give()
    assert machine.build(project).returncode == 0
    assert machine.give(ctest="exit 8").build(project).returncode != 0
    broken = machine.give(cmake='case "$1" in --version) echo 3.30.1 ;; --build) exit 1 ;; esac')
    assert broken.build(project).returncode != 0
    wrong = machine.give(cmake='case "$1" in --version) echo 3.30.1 ;; *) echo wrong preset >&2; exit 1 ;; esac')
    assert "wrong preset" in wrong.build(project).stderr


@pytest.mark.parametrize(
    ("ends", "code", "pytest_says"),
    [
        ({}, 0, "built"),
        ({"install": 3, "needs": 3}, 0, ""),
        ({"install": 1}, 2, None),
        ({"core": 1}, 2, None),
        ({"plugin": 1}, 2, None),
    ],
    ids=["all well", "may not install", "apt fails", "core fails", "plugin fails"],
)
def test_make_test_hears_of_it(tmp_path: Path, ends: dict[str, int], code: int, pytest_says: str | None) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "unreal_bridge"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    steps = " ".join(f"{step}) exit {end} ;;" for step, end in ends.items())
    script(tmp_path / "UnrealPlugin" / "build.sh", f'case "$1" in {steps} esac')
    script(tmp_path / ".venv" / "bin" / "python", 'echo "pytest=$MICROEXPR_CPP="')
    make = str(shutil.which("make"))
    dry = subprocess.run([make, "-n", "test"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout  # noqa: S603
    stamp = [line.split()[1] for line in dry.splitlines() if line.startswith("touch ")][-1]
    (tmp_path / stamp).touch()
    done = subprocess.run([make, "test"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == code, done.stderr
    expected = [] if pytest_says is None else [f"pytest={pytest_says}="]
    assert [line for line in done.stdout.splitlines() if line.startswith("pytest=")] == expected
