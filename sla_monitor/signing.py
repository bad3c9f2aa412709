"""Tokens that only we can make, for somebody to bring back to us: claim links and sessions."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence

from .errors import GiveUp

TAG = 16
"""Bytes of HMAC-SHA256 in a token: 128 bits, the least that RFC 2104 advises, keep links short."""


SEAL = 8
"""Bytes of it in a seal: 64 bits, to be guessed through a service that lets nobody try fast."""


class Forged(GiveUp):
    """A token that is none of ours: made up, cut short, or signed with a secret that was withdrawn."""

    def __init__(self) -> None:
        super().__init__("not a token of ours")


class Signer:
    """Signs for one purpose: a token for another is forged here, though the secrets are the same.

    secrets: the first signs and all are accepted, so that one is changed without a pause; without any it is false,
    signs nothing and accepts nothing.
    """

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        self._keys = [hmac.digest(secret.encode(), purpose.encode(), "sha256") for secret in secrets]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def sign(self, payload: bytes) -> str:
        """A token that fits into a URL or a cookie and shows the payload to whoever decodes it."""
        return urlsafe_b64encode(_tag(self._keys[0], payload) + payload).decode().rstrip("=")

    def open(self, token: str) -> bytes:
        """The payload. Raises Forged."""
        try:
            raw = b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise Forged from None
        tag, payload = raw[:TAG], raw[TAG:]
        if not any([hmac.compare_digest(tag, _tag(key, payload)) for key in self._keys]):  # noqa: C419 - tell no time
            raise Forged
        return payload

    def seal(self, payload: bytes) -> str:
        """What proves a payload that is brought back beside it, where there is room for 11 characters only."""
        return _seal(self._keys[0], payload)

    def sealed(self, payload: bytes, seal: str) -> bool:
        """Whether a seal is of this payload."""
        given = seal.encode(errors="replace")
        return any([hmac.compare_digest(given, _seal(key, payload).encode()) for key in self._keys])  # noqa: C419


def _seal(key: bytes, payload: bytes) -> str:
    return urlsafe_b64encode(_tag(key, payload)[:SEAL]).decode().rstrip("=")


def _tag(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:TAG]
