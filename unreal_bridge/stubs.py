"""Makes the Python stubs of the wire. The build calls it; in a checkout: ``python -m unreal_bridge.stubs``.

The stubs are never edited and never committed. This module stands alone: setuptools loads it by its path, before
anything of ours can be imported. protoc runs from the repository root: the imports inside the stubs and the names in
the registry of messages are paths from there.
"""

import sys
from importlib.resources import files
from pathlib import Path

from setuptools.command.build_py import build_py

PROTO = "unreal_bridge/proto/microexpr/v1/bridge.proto"
STUBS = tuple(PROTO.replace(".proto", ending) for ending in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py"))


def make_stubs(root: Path, out: Path) -> tuple[Path, ...]:
    """Make the stubs of ``root``'s proto below ``out``, which may be ``root`` itself; returns them.

    Raises ModuleNotFoundError without grpcio-tools, RuntimeError if protoc refuses the proto.
    """
    from grpc_tools import protoc  # noqa: PLC0415  # what only wants the names above needs no compiler

    well_known = str(files("grpc_tools") / "_proto")
    made = (f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python"))
    out.mkdir(parents=True, exist_ok=True)
    code = protoc.main(["protoc", f"-I{root}", f"-I{well_known}", *made, str(root / PROTO)])
    if code != 0:
        raise RuntimeError(f"protoc ended with code {code}; its messages stand above")
    return tuple(out / name for name in STUBS)


class BuildPy(build_py):
    """Copies the packages, then adds the stubs: in place for an editable install, else only in what is built."""

    def run(self) -> None:
        super().run()
        make_stubs(Path(), Path() if self.editable_mode else Path(self.build_lib))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        made = [] if self.editable_mode else [str(Path(self.build_lib) / name) for name in STUBS]
        return [*super().get_outputs(include_bytecode), *made]


if __name__ == "__main__":
    for path in make_stubs(Path(__file__).parents[1], Path(__file__).parents[1]):
        sys.stdout.write(f"{path}\n")
