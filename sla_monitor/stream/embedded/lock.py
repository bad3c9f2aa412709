"""One worker a data directory.

Correctness does not need this: an opened partition fences its former owner in the database. It turns the mistake of
starting twice into a message that says what to do.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sla_monitor.errors import InUse


class DirectoryLock:
    """Held from construction until `close`, or until the process ends, however it ends. Raises InUse."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(directory / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 20, 0).decode().strip() or "unknown"
            os.close(self._descriptor)
            raise InUse(_taken(directory, holder)) from None
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        """Let the next worker in."""
        os.close(self._descriptor)


def _taken(directory: Path, holder: str) -> str:
    return (
        f"{directory} is in use by another worker (pid {holder}). Stop it, or name another SLA_DATA_DIR; "
        "`sla-monitor web` runs beside it."
    )
