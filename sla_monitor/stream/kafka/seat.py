"""The name of a worker in its group: the process that comes after it, in the same data directory, has the same.

So a worker that was killed and is started again within its session takes up what it had: the group is not rebalanced,
and nobody else stands still meanwhile. Source: static membership, KIP-345.
"""

from __future__ import annotations

import fcntl
import logging
import os
import uuid
from pathlib import Path

from sla_monitor.private import make_directory

logger = logging.getLogger(__name__)

SEATS = 1_000
"""Workers that may share a data directory."""


class Seat:
    """Held until `close`, or until the process ends, however it ends. name: None where the directory keeps nothing."""

    def __init__(self, directory: Path) -> None:
        self.name: str | None = None
        self._descriptor: int | None = None
        try:
            make_directory(directory)
            for number in range(1, SEATS + 1):
                if self._take(directory / f"worker-{number}.seat"):
                    return
        except OSError as error:
            logger.info("%s keeps no seat (%s): after a crash others wait for the session", directory, error.strerror)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _take(self, path: Path) -> bool:
        """Whether the seat was free. Its name is made up once."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        name = os.pread(descriptor, 100, 0).decode()
        if not name:
            name = uuid.uuid4().hex
            os.pwrite(descriptor, name.encode(), 0)
        self.name = name
        return True
