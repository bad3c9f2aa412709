"""The keys of sources: who may write, read or act over HTTP. The file has their SHA-256 only, never the keys.

    pbx1: {sha256: [9f86d0...], scopes: [write], uri: [/pbx/msk1]}

A key is 256 random bits, so a plain hash of it cannot be turned back, and there is no timing to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from math import inf
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from yaml import safe_dump

from .documents import Document, parse, read_text, validate
from .errors import Misconfigured, Problem
from .values import Matching

OTHER = "other"
"""The source of an event that no key claims; a metric label."""

PREFIX = "sla_"
"""Lets people and secret scanners tell what they have found."""

Name = Annotated[
    str, Matching(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", "must be 1 to 64 letters, digits, dots, dashes and underscores")
]
Digest = Annotated[
    str, Matching(r"^[0-9a-f]{64}$", "must be the SHA-256 of a key: 64 hexadecimal digits, in lower case")
]
Text = Annotated[str, StringConstraints(min_length=1)]
Scope = Literal["write", "read", "act", "admin"]


class Entry(BaseModel):
    """What the file says of one key; two digests let a key be changed without a pause."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: tuple[Digest, ...] = Field(min_length=1)
    scopes: tuple[Scope, ...] = Field(min_length=1)
    uri: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """name: the metric label `source`. uris: the CloudEvents sources it may write, empty for any."""

    name: str
    scopes: frozenset[str]
    uris: tuple[str, ...] = ()

    def may_write(self, uri: str) -> bool:
        """Whether it may send events of this CloudEvents `source`."""
        return "write" in self.scopes and (not self.uris or any(_covers(own, uri) for own in self.uris))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys. False when there are none: then only loopback is served."""

    entries: tuple[tuple[bytes, Key], ...] = ()  # the SHA-256 of a token, and what it opens

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The sources that the keys are for."""
        return tuple(dict.fromkeys(key.name for _, key in self.entries))

    def find(self, token: str) -> Key | None:
        """The key that a token is, in a time that does not tell which."""
        digest, found = _digest(token), None
        for known, key in self.entries:
            if compare_digest(known, digest):
                found = key
        return found

    def source_of(self, uri: str) -> str:
        """Without a token: the name of the key with the longest `uri` that covers this one, else `other`."""
        covering = [(len(own), key.name) for _, key in self.entries for own in key.uris if _covers(own, uri)]
        return max(covering)[1] if covering else OTHER


def read_keys(path: Path) -> KeyRing:
    """The keys of the file that SLA_KEYS names. Raises Misconfigured with all its mistakes."""
    return parse_keys(read_text(path), name=str(path))


def parse_keys(text: str, *, name: str = "keys.yaml") -> KeyRing:
    """The keys that a text has. name: of the file, for the mistakes. Raises Misconfigured with all of them."""
    document = parse(text, name)
    entries, problems = validate(document, dict[Name, Entry])
    problems += _check(entries, document)
    if problems:
        raise Misconfigured(problems)
    return KeyRing(
        tuple(
            (bytes.fromhex(digest), Key(name, frozenset(entry.scopes), entry.uri))
            for name, entry in entries.items()
            for digest in entry.sha256
        )
    )


def new_key(name: str, scopes: Sequence[str] = ("write",), uris: Sequence[str] = ()) -> tuple[str, str]:
    """A new key, to be shown once, and the line of the key file that lets it in.

    Raises Misconfigured for a name or a scope that cannot be.
    """
    token = PREFIX + token_urlsafe(32)
    fields = {"sha256": [_digest(token).hex()], "scopes": [*scopes]} | ({"uri": [*uris]} if uris else {})
    entry = f"{name}: {safe_dump(fields, default_flow_style=True, sort_keys=False, width=inf, allow_unicode=True)}"
    parse_keys(entry, name="the new key")
    return token, entry


def _check(entries: dict[str, Entry], document: Document) -> list[Problem]:
    problems, owners = [], dict[str, str]()
    if OTHER in entries:
        problems.append(document.problem((OTHER,), "is the name for events that no key claims; choose another"))
    for name, entry in entries.items():
        for index, digest in enumerate(entry.sha256):
            owner = owners.setdefault(digest, name)
            if owner != name:
                problems.append(document.problem((name, "sha256", index), f"is a key of {owner} already"))
    return problems


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _covers(own: str, uri: str) -> bool:
    """`/pbx/msk1` covers itself and `/pbx/msk1/line2`, not `/pbx/msk10`."""
    return uri == own or uri.startswith(own.rstrip("/") + "/")
