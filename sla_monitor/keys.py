"""The keys of sources and people: who may write, read or act over HTTP. The file has their SHA-256, never the keys.

    pbx1: {sha256: [9f86d0...], scopes: [write], uri: [/pbx/msk1]}
    anna: {sha256: [60303a...], scopes: [act], manager: anna, identities: [anna@example.com]}

A key is 256 random bits, so a plain hash of it cannot be turned back, and there is no timing to measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from math import inf
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
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


def _some(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    if not scopes:
        raise ValueError("must have at least 1")
    return scopes


class Entry(BaseModel):
    """What the file says of one key; two digests let a key be changed without a pause."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: tuple[Digest, ...] = ()
    scopes: Annotated[tuple[Scope, ...], AfterValidator(_some)]
    uri: tuple[Text, ...] = ()
    manager: Text | None = None
    identities: tuple[Text, ...] = ()


IMPLIED: Mapping[str, frozenset[str]] = {
    "write": frozenset({"write"}),
    "read": frozenset({"read"}),
    "act": frozenset({"act", "read"}),
    "admin": frozenset({"admin", "act", "read"}),
}
"""What each scope lets do."""


@dataclass(frozen=True, slots=True)
class Key:
    """name: the metric label `source`. uris: the CloudEvents sources it may write, empty for any.

    scopes: those that follow from others included. manager: whose it is, by the roster's id; empty for nobody's.
    digests: the SHA-256 of its tokens. identities: who a trusted proxy says comes, in lower case.
    """

    name: str
    scopes: frozenset[str]
    uris: tuple[str, ...] = ()
    manager: str = ""
    digests: tuple[bytes, ...] = ()
    identities: tuple[str, ...] = ()

    def may_write(self, uri: str) -> bool:
        """Whether it may send events of this CloudEvents `source`."""
        return "write" in self.scopes and (not self.uris or any(_covers(own, uri) for own in self.uris))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys. False when there are none: then only loopback is served."""

    keys: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def names(self) -> tuple[str, ...]:
        """The sources that the keys are for."""
        return tuple(key.name for key in self.keys)

    def find(self, token: str) -> Key | None:
        """The key that a token is, in a time that does not tell which."""
        digest, found = _digest(token), None
        for key in self.keys:
            for known in key.digests:
                if compare_digest(known, digest):
                    found = key
        return found

    def marked(self, name: str, mark: str) -> Key | None:
        """The key of this name while a token of this mark (`mark_of`) opens it."""
        return next((k for k in self.keys if k.name == name and any(_mark(d) == mark for d in k.digests)), None)

    def identified(self, identity: str) -> Key | None:
        """The key of somebody whom a trusted proxy names."""
        return next((key for key in self.keys if identity.casefold() in key.identities), None)

    def source_of(self, uri: str) -> str:
        """Without a token: the name of the key with the longest `uri` that covers this one, else `other`."""
        covering = [(len(own), key.name) for key in self.keys for own in key.uris if _covers(own, uri)]
        return max(covering)[1] if covering else OTHER


def mark_of(token: str) -> str:
    """What tells a token from others and opens nothing: a part of its digest."""
    return _mark(_digest(token))


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
    return KeyRing(tuple(_key(name, entry) for name, entry in entries.items()))


def _key(name: str, entry: Entry) -> Key:
    return Key(
        name,
        scopes=frozenset().union(*(IMPLIED[scope] for scope in entry.scopes)),
        uris=entry.uri,
        manager=entry.manager or "",
        digests=tuple(map(bytes.fromhex, entry.sha256)),
        identities=tuple(map(str.casefold, entry.identities)),
    )


def new_key(
    name: str, scopes: Sequence[str] = ("write",), uris: Sequence[str] = (), manager: str | None = None
) -> tuple[str, str]:
    """A new key, to be shown once, and the line of the key file that lets it in.

    Raises Misconfigured for a name or a scope that cannot be.
    """
    token = PREFIX + token_urlsafe(32)
    fields: dict[str, object] = {"sha256": [_digest(token).hex()], "scopes": [*scopes]}
    fields |= ({"uri": [*uris]} if uris else {}) | ({"manager": manager} if manager else {})
    entry = f"{name}: {safe_dump(fields, default_flow_style=True, sort_keys=False, width=inf, allow_unicode=True)}"
    parse_keys(entry, name="the new key")
    return token, entry


def _check(entries: dict[str, Entry], document: Document) -> list[Problem]:
    problems = []
    if OTHER in entries:
        problems.append(document.problem((OTHER,), "is the name for events that no key claims; choose another"))
    for name, entry in entries.items():
        if not (entry.sha256 or entry.identities):
            problems.append(document.problem((name,), "lets nobody in: it needs `sha256`, `identities` or both"))
    problems += _shared(entries, document, "sha256", "a key")
    return problems + _shared(entries, document, "identities", "an identity")


def _shared(entries: dict[str, Entry], document: Document, field: str, what: str) -> list[Problem]:
    """Nobody could say whose it is that is in two entries."""
    problems, owners = [], dict[str, str]()
    for name, entry in entries.items():
        for index, value in enumerate(getattr(entry, field)):
            owner = owners.setdefault(value.casefold(), name)
            if owner != name:
                problems.append(document.problem((name, field, index), f"is {what} of {owner} already"))
    return problems


def _mark(digest: bytes) -> str:
    return digest[:6].hex()


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _covers(own: str, uri: str) -> bool:
    """`/pbx/msk1` covers itself and `/pbx/msk1/line2`, not `/pbx/msk10`."""
    return uri == own or uri.startswith(own.rstrip("/") + "/")
