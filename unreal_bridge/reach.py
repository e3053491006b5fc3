"""Who may reach whom: addresses that only this machine reaches, and tokens that fit into a header."""

import ipaddress
import re

from curves.errors import InputError


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches; names other than localhost are not looked up."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_address(address: str) -> tuple[str, int] | None:
    """Host (an IPv6 one without its brackets) and port, 1 to 65,535, of HOST:PORT; None if it is none."""
    host, _, port = address.rpartition(":")
    match = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s/]+)", host)
    if match is None or re.fullmatch("[0-9]{1,5}", port) is None or not 0 < int(port) <= 65_535:
        return None
    return match[1] or match[2], int(port)


def check_token(token: str | None) -> None:
    """Raises InputError: it could not travel as metadata."""
    if token is not None and not re.fullmatch("[!-~]+", token):  # a bearer token has no spaces
        raise InputError("The token must be printable ASCII without spaces, and not empty.")
