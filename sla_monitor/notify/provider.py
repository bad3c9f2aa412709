"""The HTTP of the channels that are ours: one request, one answer, and nothing secret in what is said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiohttp

from sla_monitor.core.rules import SECOND

from .failure import Failed

TIMEOUT = aiohttp.ClientTimeout(total=14)
"""A little less than an attempt may take, so that what is abandoned also ends."""

LARGEST = 64 * 1024
"""Bytes of an answer that are read."""

REASON_LENGTH = 200
"""Characters of a reason; it lies in the row."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What a channel sends by. url: where its API is. token: who we are there; None: not set.

    buttons: whether what a button sends back is taken, so that a button is worth showing.
    """

    url: str
    token: str | None = None
    buttons: bool = False


class Answer(NamedTuple):
    """data: the JSON object in it; empty if there is none. retry_after: ms that the receiver wants to be left alone."""

    status: int
    data: Mapping[str, Any]
    retry_after: int | None


async def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Post JSON. Redirects are not followed; proxies of the environment are used. Raises Failed if nothing answers."""
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT, trust_env=True) as session,
            session.post(url, json=body, headers=headers, allow_redirects=False) as response,
        ):
            raw = await _read(response)
            return Answer(response.status, _object(raw), _pause(response.headers.get("Retry-After")))
    except TimeoutError:
        raise Failed("no answer in time", unsure=True) from None
    except (aiohttp.ClientError, OSError) as error:  # their words may quote the URL, which may hold the token
        raise Failed(f"cannot be reached ({type(error).__name__})") from None


def refused(said: str, *, permanent: bool, retry_after: int | None = None) -> Failed:
    """What the provider said, cut to what a row may hold."""
    return Failed(said[:REASON_LENGTH], permanent=permanent, retry_after=retry_after)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > LARGEST:
            break
    return bytes(raw[:LARGEST])


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:  # of a proxy between, most likely
        return {}
    return found if isinstance(found, dict) else {}


def _pause(text: str | None) -> int | None:
    """Retry-After in seconds; a date, which our providers do not send, says nothing."""
    return int(text) * SECOND if text and text.isascii() and text.isdigit() and len(text) < 10 else None
