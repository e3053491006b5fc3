"""The core library of the plugin through ctypes: where it is built, and the structs of its header that tests use."""

import ctypes as c
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

CORE = Path(__file__).parents[2] / "UnrealPlugin" / "MicroExpression" / "Source" / "MicroExprCore"
#: Where CMake built it: the preset `dev`, unless MICROEXPR_CORE_BUILD names another build folder.
BUILD = Path(os.environ.get("MICROEXPR_CORE_BUILD", CORE / "build" / "dev"))
LIBRARY = BUILD / ("microexpr_core_v1.dll" if sys.platform == "win32" else "libmicroexpr_core_v1.so")
SUFFIX = ".exe" if sys.platform == "win32" else ""
WATCH, MEASURE = (BUILD / "tests" / f"microexpr_{name}{SUFFIX}" for name in ("watch", "measure"))

OK, PENDING, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, UNAUTHENTICATED = 0, 1, -1, -2, -3, -5
FAILED_PRECONDITION, UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNIMPLEMENTED = -7, -8, -9, -10, -12

#: Where make has just built it (MICROEXPR_CPP=built), a test that does not find it fails.
needs_core = pytest.mark.skipif(
    not LIBRARY.is_file() and os.environ.get("MICROEXPR_CPP") != "built",
    reason="the core library is not built: run `make core` (it says what it needs)",
)


class Sized(c.Structure):
    """A struct that begins with its size and version."""

    def __init__(self, **values: Any) -> None:
        super().__init__(struct_size=c.sizeof(self), version=1, **values)


HEAD = [("struct_size", c.c_uint32), ("version", c.c_uint32)]


class Key(c.Structure):
    _fields_ = [
        *((name, c.c_uint8) for name in ("interp_mode", "tangent_mode", "tangent_weight_mode", "reserved")),
        *((name, c.c_float) for name in ("time", "value", "arrive_tangent", "arrive_tangent_weight")),
        *((name, c.c_float) for name in ("leave_tangent", "leave_tangent_weight")),
    ]


class Curve(Sized):
    _fields_ = [
        *HEAD,
        ("name", c.c_char_p),
        ("keys", c.POINTER(Key)),
        ("key_count", c.c_size_t),
        ("pre_infinity", c.c_int32),
        ("post_infinity", c.c_int32),
        ("has_default_value", c.c_int32),
        ("default_value", c.c_float),
    ]


class ClientOptions(Sized):
    _fields_ = [
        *HEAD,
        *((name, c.c_char_p) for name in ("address", "tls_root_pem", "tls_cert_pem", "tls_key_pem")),
        *((name, c.c_char_p) for name in ("tls_server_name", "token", "client_name", "client_version")),
        ("deadline_ms", c.c_uint32),
        ("transfer_deadline_ms", c.c_uint32),
        ("max_take_bytes", c.c_uint64),
    ]


class ServerInfo(Sized):
    _fields_ = [
        *HEAD,
        ("server_version", c.c_char_p),
        ("store_id", c.c_char_p),
        ("last_sequence", c.c_uint64),
        ("max_take_bytes", c.c_uint64),
        ("protocol", c.c_uint32),
        ("analysis", c.c_int32),
        ("rigs", c.POINTER(c.c_char_p)),
        ("rig_count", c.c_size_t),
        ("emotions", c.POINTER(c.c_char_p)),
        ("emotion_count", c.c_size_t),
    ]


class Mapping(Sized):
    _fields_ = [
        *HEAD,
        ("rig", c.c_char_p),
        ("emotion", c.c_char_p),
        ("intensity", c.c_double),
        ("gain", c.c_double),
        ("tolerance", c.c_double),
        ("key_mode", c.c_int32),
        ("reserved", c.c_int32),
    ]


class AnalyzeOptions(Sized):
    _fields_ = [
        *HEAD,
        *((name, c.c_char_p) for name in ("server_path", "upload_path", "take_id")),
        ("replace", c.c_int32),
        ("reserved", c.c_int32),
        ("mapping", c.POINTER(Mapping)),
    ]


class Progress(Sized):
    _fields_ = [*HEAD, ("stage", c.c_char_p), ("done", c.c_uint64), ("total", c.c_uint64)]


class TakeSummary(Sized):
    _fields_ = [
        *HEAD,
        *((name, c.c_char_p) for name in ("take_id", "emotion", "source_name")),
        ("sha256", c.c_uint8 * 32),
        ("sequence", c.c_uint64),
        ("content_bytes", c.c_uint64),
        ("duration_s", c.c_double),
        ("committed_unix_s", c.c_double),
        ("curve_count", c.c_uint32),
        ("reserved", c.c_uint32),
        ("events", c.c_void_p),
        ("event_count", c.c_size_t),
    ]


class Part(c.Structure):
    _fields_ = [("data", c.c_char_p), ("size", c.c_size_t)]


def load() -> Any:
    """The library, with the types of what returns something else than int."""
    library = c.CDLL(str(LIBRARY))
    for name in ("microexpr_version", "microexpr_status_string", "microexpr_last_message", "microexpr_call_message"):
        getattr(library, name).restype = c.c_char_p
    library.microexpr_curve_evaluate.argtypes = [
        c.POINTER(Curve), c.c_float, c.POINTER(c.c_float), c.POINTER(c.c_float), c.c_size_t
    ]  # fmt: skip
    library.microexpr_curve_auto_tangents.argtypes = [c.POINTER(Key), c.c_size_t, c.c_float]
    library.microexpr_take_get_curve.argtypes = [c.c_void_p, c.c_size_t, c.POINTER(Curve)]
    for name in ("client_destroy", "call_destroy", "take_release"):
        getattr(library, f"microexpr_{name}").argtypes = [c.c_void_p]
        getattr(library, f"microexpr_{name}").restype = None
    return library


class Client:
    """One client of the library; calls are waited for."""

    def __init__(self, address: str, token: str | None = None, **options: Any) -> None:
        self.library = load()
        self.handle = c.c_void_p()
        given = ClientOptions(address=address.encode(), token=token.encode() if token else None, **options)
        assert self.library.microexpr_client_create(c.byref(given), c.byref(self.handle)) == OK, self.last_message()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.library.microexpr_client_destroy(self.handle)

    def last_message(self) -> str:
        return str(self.library.microexpr_last_message().decode())

    def start(self, name: str, *arguments: Any) -> c.c_void_p:
        """Starts the call of this name; destroy it."""
        call = c.c_void_p()
        code = getattr(self.library, f"microexpr_start_{name}")(self.handle, *arguments, c.byref(call))
        assert code == OK, self.last_message()
        return call

    def wait(self, call: c.c_void_p, wait_s: float = 60.0) -> tuple[int, list[tuple[str, int, int]]]:
        """The call's status once it is done, and what its progress said meanwhile: stage, done, total."""
        end = time.monotonic() + wait_s
        code, progress, seen = PENDING, Progress(), []
        while code == PENDING and time.monotonic() < end:
            code = self.library.microexpr_call_poll(call, c.byref(progress))
            news = (progress.stage.decode(), progress.done, progress.total)
            if code == PENDING and news not in seen[-1:]:
                seen.append(news)
            time.sleep(0.001)  # the server may be a thread of this process: it needs its turns
        return code, seen

    def ask(self, name: str, *arguments: Any, wait_s: float = 60.0) -> tuple[int, c.c_void_p]:
        """Starts the call of this name; its status once it is done, and the call, to be destroyed."""
        call = self.start(name, *arguments)
        return self.wait(call, wait_s)[0], call
