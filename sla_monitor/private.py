"""What we make is for its owner alone: names, numbers, links and secrets lie there.

What is there already keeps the mode that somebody gave it; `sla-monitor check` warns of a directory that is wider.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_directory(path: Path) -> None:
    """With those above it, which are not ours to close. Raises OSError."""
    path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)


def make_file(path: Path, content: bytes = b"") -> None:
    """Unless it is there. Raises OSError."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def wider(path: Path) -> str | None:
    """The mode of a directory that others may look into, as `chmod` has it; None if nobody may, or there is none."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    return f"{mode:04o}" if mode & OTHERS else None
