"""One worker a data directory.

Correctness does not need this: an opened partition fences its former owner in the database. It turns the mistake of
starting twice into a message that says what to do.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from sla_monitor.errors import InUse, Unavailable
from sla_monitor.private import make_directory

LOOK = 0.05
"""Seconds, far more than a look at who holds it takes."""


class DirectoryLock:
    """Held from construction until `close`, or until the process ends, however it ends.

    Raises InUse, and Unavailable for a directory that cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        try:
            make_directory(directory)
            self._descriptor = os.open(directory / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable(f"{directory} cannot be used as the data directory: {error.strerror}") from error
        if not _take(self._descriptor):
            holder = _holder(self._descriptor) or "unknown"
            os.close(self._descriptor)
            raise InUse(_taken(directory, holder))
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        """Let the next worker in."""
        os.close(self._descriptor)


def worker_of(directory: Path) -> str | None:
    """The process id of the worker that has a directory now, as a text; None if there is none."""
    try:
        descriptor = os.open(directory / "worker.lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor) or "unknown"
    finally:
        os.close(descriptor)
    return None


def _take(descriptor: int) -> bool:
    """Whether the lock is ours now. `worker_of` may hold it for a moment, so it is tried twice."""
    for pause in (LOOK, 0.0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode().strip()


def _taken(directory: Path, holder: str) -> str:
    return (
        f"{directory} is in use by another worker (pid {holder}). Stop it, or name another SLA_DATA_DIR; "
        "`sla-monitor web` runs beside it."
    )
