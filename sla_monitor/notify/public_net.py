"""Connections to the public internet alone, whatever a name resolves to.

An endpoint's address is written by whoever may write the policy; that must not make this program a way into the
network that it runs in (server-side request forgery). The address is looked at when the socket for it is made, after
the last resolution, so a name that resolves to something else the second time gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from sla_monitor.internet import is_public

KEEP = 4.0
"""Seconds that a connection is kept for the next request: less than any server keeps it (Node: 5)."""

RESOLVERS = 16
"""Threads for names: as many as a policy has webhooks, so that a dead name server of one delays no other."""


class Refused(OSError):
    """An address that is not public."""


def _public_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that is about to be connected to. Raises Refused."""
    family, kind, protocol, _, address = info
    if not is_public(address[0]):
        raise Refused("its host has an address that is not public; allow_private lets it")
    return socket.socket(family, kind, protocol)


class Names(AbstractResolver):
    """getaddrinfo in threads of its own: those of the event loop are everybody's."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return list(_results(host, found))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _results(host: str, found: Iterable[Any]) -> Iterable[ResolveResult]:
    for family, _, protocol, _, address in found:
        yield ResolveResult(
            hostname=host,
            host=address[0],
            port=address[1],
            family=family,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )


def connector(names: AbstractResolver, *, private: bool) -> aiohttp.TCPConnector:
    """private: whether any address will do. How many connections there are at once is up to who uses it."""
    return aiohttp.TCPConnector(
        resolver=names, limit=0, keepalive_timeout=KEEP, socket_factory=None if private else _public_socket
    )
