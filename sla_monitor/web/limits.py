"""What a client may cost us: sizes, deadlines, and how much may be under way at once."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from .problems import Refused

KIB = 1024
MIB = 1024 * KIB

_AUTO_DETECT = 47
"""zlib's window bits for "gzip or zlib, as the header says"."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, after decompression too; times in seconds.

    claim_seconds: how long a tap on a claim link waits to learn what became of it.
    """

    event: int = 64 * KIB
    batch: int = MIB
    batch_events: int = 500
    depth: int = 32
    head_seconds: float = 10
    body_seconds: float = 10
    write_seconds: float = 10
    keepalive_seconds: float = 30
    lingering_seconds: float = 2
    connections: int = 2000
    requests: int = 256
    queued: int = 32 * MIB
    streams: int = 100
    heartbeat_seconds: float = 15
    reports: int = 8  # that may wait for a look at the log
    report_days: int = 100  # outcomes are kept for 90 unless the settings say otherwise
    report_seconds: float = 15  # for which one look serves everybody who asks for the same days
    shutdown_seconds: float = 10
    claim_seconds: float = 3


class Gate:
    """Lets in as many requests, and bytes of their bodies, as may wait to be stored."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._requests = 0
        self._bytes = 0

    @contextmanager
    def admit(self, size: int) -> Iterator[None]:
        """Raises Refused (429) when full; then nothing is stored."""
        if self._requests >= self._limits.requests or self._bytes + size > self._limits.queued:
            raise Refused(429, "too many requests under way; nothing was stored", headers={"Retry-After": "1"})
        self._requests += 1
        self._bytes += size
        try:
            yield
        finally:
            self._requests -= 1
            self._bytes -= size


async def read_body(request: web.Request, cap: int, seconds: float) -> bytes:
    """The body, decompressed, of at most `cap` bytes. Raises Refused: 400, 408, 413, 415."""
    if (request.content_length or 0) > cap:
        raise _too_large(cap)
    inflate = _inflater(request)
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, cap, inflate)
    except TimeoutError:
        raise Refused(408, f"the body was not complete within {seconds:g} s", close=True) from None
    except (zlib.error, web.RequestPayloadError):
        raise Refused(400, "the body is broken on the level of HTTP", close=True) from None


def _inflater(request: web.Request) -> zlib._Decompress | None:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return None
    if encoding not in ("gzip", "deflate"):
        raise Refused(
            415, "Content-Encoding must be gzip, deflate or none", headers={"Accept-Encoding": "gzip, deflate"}
        )
    return zlib.decompressobj(_AUTO_DETECT)


async def _read(request: web.Request, cap: int, inflate: zlib._Decompress | None) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        # One byte more than allowed is enough to know: a bomb is never inflated.
        body += inflate.decompress(chunk, cap + 1 - len(body)) if inflate else chunk
        if len(body) > cap:
            raise _too_large(cap)
    if inflate and (not inflate.eof or inflate.unused_data):
        raise zlib.error
    return bytes(body)


def _too_large(cap: int) -> Refused:
    return Refused(413, f"the body must have at most {cap} bytes, decompressed", close=True)
