"""Running the questionnaire: where it can be reached, by what, and how it stops."""

import ipaddress
import os
import secrets
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from curves.errors import InputError
from studies.questionnaire.store import Store
from studies.questionnaire.study import Study
from studies.questionnaire.web import create_app

MIN_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to serve. Raises InputError: beyond this machine without TLS, or half a certificate.

    host, port: port 0 takes a free one. certificate, key: PEM files; both or none. behind_proxy: a proxy in front, the
    only one that reaches this port, does TLS.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InputError("A certificate needs its key and a key its certificate: give --tls-cert and --tls-key.")
        if not (_is_loopback(self.host) or self.secure):
            raise InputError(
                f"{self.host} can be reached from other machines: give --tls-cert and --tls-key, or --behind-tls-proxy "
                "if a proxy in front of it does TLS."
            )
        if self.certificate is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
            except (OSError, ssl.SSLError) as error:
                raise InputError(f"{self.certificate} and {self.key} are no certificate with its key.") from error

    @property
    def secure(self) -> bool:
        return self.certificate is not None or self.behind_proxy


def serve(study: Study, store: Store, token: str, address: Address, ready: Callable[[str], None]) -> None:
    """Serves until interrupted; ``ready`` is told the base address once connections are taken. Raises InputError.

    No access log: addresses of participants are not kept.
    """
    with _listen(address) as listening:
        server = uvicorn.Server(config_of(study, store, token, address))
        host, port = listening.getsockname()[:2]
        scheme = "http" if address.certificate is None else "https"
        ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        server.run(sockets=[listening])


def config_of(study: Study, store: Store, token: str, address: Address) -> uvicorn.Config:
    """How the server runs: bounded, quiet, and without telling what it is."""
    return uvicorn.Config(
        create_app(study, store, token, secure=address.secure),
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # nobody's address is of interest
        limit_concurrency=1000,
        timeout_graceful_shutdown=5,
        lifespan="off",
    )


def _listen(address: Address) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=256)
    except OSError as error:
        where = f"{address.host}:{address.port}"
        raise InputError(f"{where} cannot be served at ({error.strerror or error}); try --port 0.") from error


def admin_token(path: Path) -> str:
    """The token in ``path``; made, for its owner's eyes, if there is no such file. Raises InputError: too short."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be used for the admin token; choose another --admin-token-file.") from error
    if len(token) < MIN_TOKEN or not token.isascii():
        raise InputError(f"{path} must hold a token of at least {MIN_TOKEN} plain letters and digits.")
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
