"""What an operator sees: log lines that are JSON, and metrics over HTTP on loopback."""

import json
import logging
import socket
import urllib.request

import pytest

from curves.errors import InputError
from unreal_bridge.observing import JsonFormatter, prometheus


def test_a_log_line_is_one_json_object() -> None:
    record = logging.LogRecord("unreal_bridge", logging.INFO, "", 0, "call", None, None)
    record.fields = {"method": "/a\nb", "seconds": 0.5, "peer": object}
    line = JsonFormatter().format(record)
    entry = json.loads(line)
    assert "\n" not in line and entry["event"] == "call" and entry["level"] == "info" and entry["seconds"] == 0.5
    assert entry["time"].endswith("+00:00")


def test_metrics_count_calls() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    observe = prometheus(port)
    observe("/a/b", "OK", 0.25)
    observe("/a/b", "OK", 0.25)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    assert 'microexpr_calls_total{code="OK",method="/a/b"} 2.0' in text
    assert 'microexpr_call_seconds_sum{method="/a/b"} 0.5' in text
    with pytest.raises(InputError, match="choose another"):
        prometheus(port)
