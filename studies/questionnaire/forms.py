"""What comes from strangers: forms of a bounded size, that our own pages sent; and what every answer carries."""

import asyncio
import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Our longest form has some hundred bytes.
MAX_FORM_BYTES = 16_384
MAX_FIELDS = 100
FORM_SECONDS = 20.0

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


class SafeHeaders:
    """Puts ``HEADERS`` on every answer, and how to cache on those that do not say: pages not at all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, receive, send_safe)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form as pages send it. HTTPException: too large, too slow, or no such form."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = b""
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_FORM_BYTES:
                    raise HTTPException(413)
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except TimeoutError as error:
        raise HTTPException(408) from error
    except (ValueError, ClientDisconnect) as error:
        raise HTTPException(400) from error
    return dict(pairs)


def sign(secret: bytes, purpose: str, value: str) -> str:
    """A word that only who holds the secret can make; 128 bits."""
    return hmac.new(secret, f"{purpose}/{value}".encode(), sha256).hexdigest()[:32]


def same(given: str, expected: str) -> bool:
    """Whether two words are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(sha256(given.encode()).digest(), sha256(expected.encode()).digest())
