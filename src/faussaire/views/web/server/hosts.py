"""The names and addresses to which a server answers, so that no other name can lead a browser to it.

A site may point a name of its own at an address that it cannot reach but its visitors can, and so read from their
browsers what is served there (DNS rebinding). The name is then still in the Host header: a server that answers to its
own names alone is safe. What is public is for everybody under any name: such a server does not ask.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urlsplit

RESOLVING_SECONDS = 1.0  # waited for the machine's own names; what a slow network tells later counts from then on


class HostNames:
    """The names of one server.

    Args:
        host: the address that it listens on.
        more: further names, such as that of a proxy before it.
    """

    def __init__(self, host: str, more: Iterable[str] = ()) -> None:
        self.loopback = is_loopback(host)
        self._known = {_plain(name) for name in (host, *more)} - {"0.0.0.0", "::", ""}
        if not self.loopback:
            asking = threading.Thread(target=self._ask_machine, daemon=True)
            asking.start()
            asking.join(RESOLVING_SECONDS)

    def hold(self, name: str, address: str) -> bool:
        """Say whether a name is one of them, in a request that came to an address of this machine."""
        plain = _plain(name)
        return is_loopback(plain) or plain in self._known or (not self.loopback and plain == _plain(address))

    def _ask_machine(self) -> None:
        for name in _names_of_machine():
            self._known.add(_plain(name))


def _names_of_machine() -> Iterator[str]:
    """Yield the names and addresses that this machine gives itself, those that a network may be asked for last."""
    own = socket.gethostname()
    yield from (own, f"{own.split('.')[0]}.local")
    with suppress(OSError):
        yield from (str(place[4][0]) for place in socket.getaddrinfo(own, None))
    yield socket.getfqdn()


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Say whether a name or address is that of this machine alone."""
    plain = _plain(host)
    try:
        return plain == "localhost" or ipaddress.ip_address(plain).is_loopback
    except ValueError:
        return False


@lru_cache(256)
def name_in(header: str) -> str:
    """Return the name in a Host header, without the port; nothing where it holds none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _plain(name: str) -> str:
    """Return the one spelling of a name or an address."""
    bare = name.strip("[]").lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
