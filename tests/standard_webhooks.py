"""What a receiver does with a signed request: written from the specification, by other means than the sender."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256

TOLERANCE = 5 * 60
"""Seconds that a timestamp may be off."""

BLOCK = 64
"""Bytes of a block of SHA-256."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a request was signed with this secret, and lately."""
    timestamp = headers["webhook-timestamp"]
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    signed = b".".join((headers["webhook-id"].encode(), timestamp.encode(), body))
    right = "v1," + b64encode(_hmac(b64decode(secret.removeprefix("whsec_")), signed)).decode()
    return right in headers["webhook-signature"].split(" ")


def _hmac(key: bytes, message: bytes) -> bytes:
    """RFC 2104, for keys of up to a block."""
    padded = key.ljust(BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()
