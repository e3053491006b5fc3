"""A server as a process: until the user or the system asks it to stop."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from unreal_bridge.observing import LOG, JsonFormatter, Observe, unobserved
from unreal_bridge.server import BridgeServer, ServerSettings
from unreal_bridge.services.analysis import AnalysisSettings


def serve(
    directory: Path,
    settings: ServerSettings,
    analysis: AnalysisSettings | None = None,
    *,
    observe: Observe = unobserved,
    ready: Callable[[str], None],
) -> None:
    """Serves until SIGINT or SIGTERM (Windows: Ctrl+C or Ctrl+Break), then stops in good order.

    ``ready`` hears the address once calls are answered. Raises what ``BridgeServer`` raises.
    """
    asyncio.run(_serve(directory, settings, analysis, observe, ready))


def log_to_stderr(*, verbose: bool) -> None:
    """JSON lines on stderr: all calls, or what an operator must know only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO if verbose else logging.WARNING)


async def _serve(
    directory: Path,
    settings: ServerSettings,
    analysis: AnalysisSettings | None,
    observe: Observe,
    ready: Callable[[str], None],
) -> None:
    server = BridgeServer(directory, settings, analysis, observe)
    await server.start()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        ready(server.address)
        await stop.wait()
    finally:
        await server.stop()
