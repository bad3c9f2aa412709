"""Who has a data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import Timer

import pytest

from sla_monitor.errors import Unavailable
from sla_monitor.stream.embedded import DirectoryLock, worker_of


def test_a_directory_has_a_worker_as_long_as_one_holds_it(tmp_path: Path) -> None:
    assert worker_of(tmp_path) is None
    lock = DirectoryLock(tmp_path)
    assert worker_of(tmp_path) == str(os.getpid())
    lock.close()
    assert worker_of(tmp_path) is None


def test_a_look_at_the_worker_does_not_turn_away_one_that_starts(tmp_path: Path) -> None:
    DirectoryLock(tmp_path).close()
    looking = os.open(tmp_path / "worker.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    done = Timer(0.01, os.close, [looking])
    done.start()
    DirectoryLock(tmp_path).close()
    done.join()


def test_a_directory_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be used as the data directory"):
        DirectoryLock(tmp_path / "file" / "data")
