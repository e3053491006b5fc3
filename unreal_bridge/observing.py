"""What an operator sees of the server: one JSON object a line in the log, and numbers for Prometheus if wanted."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from curves.errors import InputError, SetupError

LOG = logging.getLogger("unreal_bridge")

#: Hears of each finished call: method, status code's name, seconds.
Observe = Callable[[str, str, float], None]


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, event, and the record's own ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log(event: str, *, level: int = logging.INFO, exc_info: bool = False, **fields: Any) -> None:
    """Writes one event with its fields."""
    LOG.log(level, event, extra={"fields": fields}, exc_info=exc_info)


def unobserved(method: str, code: str, seconds: float) -> None:
    """Observes nothing."""


def prometheus(port: int) -> Observe:
    """Serves metrics over HTTP on loopback: ``microexpr_calls_total`` and ``microexpr_call_seconds``.

    Raises SetupError without prometheus-client, InputError if the port is taken.
    """
    try:
        from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SetupError("Metrics need prometheus-client: install microexpr[metrics].") from error
    registry = CollectorRegistry()
    calls = Counter("microexpr_calls", "Finished calls", ["method", "code"], registry=registry)
    seconds_taken = Histogram("microexpr_call_seconds", "Seconds a call took", ["method"], registry=registry)
    try:
        start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise InputError(f"Port {port} for metrics cannot be used ({error.strerror}); choose another.") from error

    def observe(method: str, code: str, seconds: float) -> None:
        calls.labels(method, code).inc()
        seconds_taken.labels(method).observe(seconds)

    return observe
