"""What this machine has and lacks for microexpr, with the exact command for whatever is missing."""

import importlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from curves.errors import MicroExprError
from recognizer.digests import card_path, default_weights_path, expected_digest, file_sha256

#: Distribution -> module. The versions allowed stand in pyproject.toml.
DEPENDENCIES = {
    "ai-edge-litert": "ai_edge_litert",
    "av": "av",
    "jsonschema": "jsonschema",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "openpyxl": "openpyxl",
    "pandas": "pandas",
    "rich": "rich",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "torch": "torch",
    "torch-geometric": "torch_geometric",
    "typer": "typer",
}
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``remedy`` is a command or sentence for the user, empty where nothing is to be done.

    ``ok`` is False only if something is missing that a conversion needs.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def run_checks() -> list[Check]:
    """All findings; a check never raises, it reports."""
    return [
        _python(sys.version_info[:3]),
        *(_dependency(name, module) for name, module in DEPENDENCIES.items()),
        *_models(),
        _weights(default_weights_path()),
        *_guarded(_codecs, "video codecs", "pip install --force-reinstall av"),
        _temporary_folder(),
        *_guarded(_torch, "torch device", "pip install --force-reinstall torch"),
    ]


def _python(version: Sequence[int]) -> Check:
    found, needed = ".".join(map(str, version)), ".".join(map(str, OLDEST_PYTHON))
    ok = tuple(version[:2]) >= OLDEST_PYTHON
    remedy = "" if ok else f"install Python {needed} or later, then run: python -m pip install ."
    return Check("python", ok, found, remedy)


def _dependency(distribution: str, module: str) -> Check:
    remedy = f"pip install {distribution}"
    if distribution == "torch" and sys.platform == "linux":
        remedy = "make setup (plain pip install torch brings CUDA, several GB; pytorch.org names the CPU index)"
    try:
        importlib.import_module(module)
        return Check(distribution, True, metadata.version(distribution))
    except metadata.PackageNotFoundError:
        # The module is there under another distribution's name, as opencv-python's cv2 is.
        return Check(distribution, True, f"{module} is installed by another package")
    except ModuleNotFoundError:
        return Check(distribution, False, "not installed", remedy)
    except Exception as error:  # noqa: BLE001 - a broken binary raises whatever it likes
        return Check(distribution, False, f"cannot be imported: {_one_line(error)}", f"{remedy} --force-reinstall")


def _models() -> Iterator[Check]:
    try:
        from recognizer.face.models import SHA256, model_file
    except ImportError as error:  # one of the dependencies above
        yield Check("face models", False, _one_line(error), "install what is named above")
        return
    for name, digest in SHA256.items():
        try:
            model_file(name)
            yield Check(name, True, f"SHA-256 {digest[:12]}...")
        except MicroExprError as error:
            detail, _, remedy = str(error).partition("; ")
            yield Check(name, False, detail, remedy.removeprefix("run: "))


def _weights(path: Path) -> Check:
    """The shipped network, against the digest in the model card beside it."""
    name, again = "default weights", "pip install --force-reinstall --no-deps . (in a complete checkout)"
    if not path.is_file():
        return Check(name, False, f"{path} is missing", f"{again}; or train your own: microexpr train --help")
    try:
        expected = expected_digest(path)
    except MicroExprError as error:
        return Check(name, False, _one_line(error).partition(": ")[0], again)
    if expected is None:
        return Check(name, False, f"the model card {card_path(path)} is missing", again)
    found = file_sha256(path)
    if found != expected:
        return Check(name, False, f"SHA-256 {found[:12]}... is not the model card's {expected[:12]}...", again)
    return Check(name, True, f"SHA-256 {found[:12]}..., {path.stat().st_size / 1e6:.1f} MB")


def _codecs() -> Iterator[Check]:
    import av

    remedy = "pip install --force-reinstall av"
    for codec, mode, purpose in (("h264", "r", "read"), ("hevc", "r", "read"), ("libx264", "w", "write")):
        try:
            av.Codec(codec, mode)
            yield Check(f"{purpose} {codec}", True, f"PyAV {av.__version__}")
        except (av.FFmpegError, ValueError) as error:
            yield Check(f"{purpose} {codec}", False, _one_line(error), remedy)


def _temporary_folder() -> Check:
    name = "temporary folder"
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"microexpr")
            file.flush()
            return Check(name, True, tempfile.gettempdir())
    except OSError as error:
        return Check(name, False, _one_line(error), "set TMPDIR (TEMP on Windows) to a folder that you may write to")


def _torch() -> Iterator[Check]:
    import torch

    from recognizer.devices import computes_bf16

    half = "bf16 in hardware" if computes_bf16(torch.device("cpu")) else "no bf16 in hardware, so fp32"
    yield Check("CPU", True, f"{torch.get_num_threads()} threads, {half}")
    if torch.cuda.is_available():
        yield Check("GPU", True, ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())))
    else:
        yield Check("GPU", True, "none that this torch can use; not needed")


def _guarded(find: Callable[[], Iterator[Check]], name: str, remedy: str) -> list[Check]:
    """What ``find`` finds; if its library cannot even be imported, that."""
    try:
        return list(find())
    except Exception as error:  # noqa: BLE001 - a broken binary raises whatever it likes
        return [Check(name, False, _one_line(error), remedy)]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
