"""The secret of an installation: what claim links and sessions are signed with."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import mkstemp

from .claims import ClaimLinks
from .clock import Clock
from .errors import Misconfigured, Problem, Unavailable
from .private import make_directory
from .settings import Settings

SHORTEST = 32
"""Characters; a secret that can be guessed signs for anybody."""
REMEDY = "`openssl rand -hex 32` makes one"


def claim_links(settings: Settings, clock: Clock) -> ClaimLinks:
    """Those of the installation: `url` is for whoever writes notices. Raises as `secrets_of` does."""
    return ClaimLinks(clock, settings.public_url, secrets_of(settings))


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The first signs, all are accepted. Without any set, one is made in SLA_DATA_DIR; on Kafka there is none then.

    Raises Misconfigured, Unavailable.
    """
    said, kept = settings.reveal("secret"), settings.data_dir / "secret"
    if said is not None:
        return _lines(said, "SLA_SECRET_FILE" if settings.secret_file else "SLA_SECRET")
    return () if settings.servers else _lines(_kept(kept), str(kept))


def _lines(text: str, place: str) -> tuple[str, ...]:
    found = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not found or min(map(len, found)) < SHORTEST:
        raise Misconfigured([Problem(place, "", f"needs {SHORTEST} characters at least; {REMEDY}")])
    return found


def _kept(path: Path) -> str:
    """The secret of a data directory, made with the first process that needs it: `up` and `web` share it."""
    try:
        if not path.exists():
            _make(path)
        return path.read_text()
    except OSError as error:
        raise Unavailable(f"{path} cannot be used: {error.strerror}; set SLA_SECRET_FILE") from error


def _make(path: Path) -> None:
    """Whole or not at all, whoever else is making it just now."""
    make_directory(path.parent)
    descriptor, draft = mkstemp(prefix=f"{path.name}.", dir=path.parent)  # two containers may have the same pid
    with os.fdopen(descriptor, "w") as file:
        file.write(token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()
