"""Standard Webhooks signatures, and the file that their secrets are in.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. It warns of full
stops in ids, as they separate what is signed; ours have some. Nothing can be forged by them: what is signed as a body
begins with `{`, which an id, being percent-encoded, never holds.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret, by the specification."""
MOST = 16 * 1024
"""Bytes of a file of secrets."""


class BadSecret(Exception):
    """The file holds no secret that can be used. Says why, never what is in it."""


def read_secrets(path: str) -> list[bytes]:
    """The secrets of a file, one a line, newest first. Raises BadSecret."""
    try:
        with Path(path).open("rb") as file:
            lines = file.read(MOST).decode("ascii", "replace").split()
    except OSError as error:
        raise BadSecret(f"its secret file cannot be read: {error.strerror}") from None
    if not lines:
        raise BadSecret("its secret file is empty")
    return list(map(_secret, lines))


def _secret(line: str) -> bytes:
    try:
        secret = b64decode(line.removeprefix(PREFIX), validate=True)
    except ValueError:
        secret = b""
    if not line.startswith(PREFIX) or not SHORTEST <= len(secret) <= LONGEST:
        raise BadSecret(
            f"its secret file must have lines of {PREFIX} and the base64 of {SHORTEST} to {LONGEST} random bytes"
        )
    return secret


def signatures(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature a secret, so that receivers may change theirs at any time."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
