"""The file itself: two connections, and the one way to write to it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from sla_monitor.clock import monotonic
from sla_monitor.errors import LogLost, SlaMonitorError, Unavailable
from sla_monitor.private import make_directory, make_file

from . import schema
from .changes import Changes

T = TypeVar("T")

RETRY = 0.001  # seconds between two tries to begin: shorter than the pause that an inbox leaves between two groups
SHARED = 1.0  # seconds for which another process that wrote counts as there


class EmbeddedFile:
    """A SQLite file in WAL mode that survives the loss of power (synchronous=FULL).

    path: the file; it and its directory are made when missing. busy_timeout: seconds to wait for another process
    that writes. Deleted content is overwritten (secure_delete=ON, FAST would leave it on pages that become free):
    what was erased must not linger (R31).

    changes: rings after every commit, of any process.
    Raises Misconfigured for a file of another version, Unavailable when it cannot be opened now; every use raises
    LogLost once the file was deleted or replaced: SQLite would go on in a file that nobody finds again.
    """

    def __init__(self, path: Path, *, busy_timeout: float = 5.0) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        try:
            make_directory(path.parent)
            make_file(path)
            with ExitStack() as opened:
                self._writer = opened.enter_context(closing(self._connect()))
                schema.prepare(self._writer, path)
                self._reader = opened.enter_context(closing(self._connect()))
                opened.pop_all()
            self._writer.execute("PRAGMA busy_timeout=0")  # waiting is done by the loop, which goes on meanwhile
            self._identity = _identity(path)
            self._foreign = self._foreign_commits()
        except (OSError, sqlite3.Error) as error:
            raise failure(error, path) from error
        self._shared_at = -SHARED
        self._home, self._elsewhere = threading.get_ident(), threading.local()
        self._readers: list[sqlite3.Connection] = []
        self.changes = Changes(self._reader)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction: durable when this returns, undone when it raises.

        Raises what `work` raises, or Unavailable: nothing was written, the same call may succeed later.
        """
        await self._begin()
        return self._finish(work)

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same without a loop, for start-up: it stands still while it waits."""
        self._writer.execute(f"PRAGMA busy_timeout={int(self._busy_timeout * 1000)}")
        try:
            self._try_begin()
            return self._finish(work)
        except sqlite3.Error as error:
            raise failure(error, self.path) from error
        finally:
            self._writer.execute("PRAGMA busy_timeout=0")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reads outside a transaction, of this thread; each statement sees what is committed.

        Raises Unavailable, LogLost.
        """
        self._check_there()
        try:
            yield self._reader if threading.get_ident() == self._home else self._reader_of_thread()
        except sqlite3.Error as error:
            raise failure(error, self.path) from error

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the file, then, with writers kept out only for that moment, empty it."""
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise failure(error, self.path) from error

    def is_shared(self) -> bool:
        """Has another process written within the last second? (Our other connections never do.)"""
        with suppress(sqlite3.Error):
            foreign = self._foreign_commits()
            if foreign != self._foreign:
                self._foreign, self._shared_at = foreign, monotonic()
        return monotonic() - self._shared_at < SHARED

    def close(self) -> None:
        """Close both connections; whoever waits for changes is woken."""
        self.changes.close()
        for reader in (self._reader, *self._readers):
            reader.close()
        self._writer.close()

    def _reader_of_thread(self) -> sqlite3.Connection:
        """Kept for the thread's life: views are read beside the loop, by the few threads of its executor."""
        known = getattr(self._elsewhere, "reader", None)
        if known is None:
            known = self._elsewhere.reader = self._connect()
            self._readers.append(known)
        return known

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_timeout,
            isolation_level=None,
            cached_statements=256,
            check_same_thread=False,  # each is used by one thread, but closed by the loop's
        )
        _to_wal(connection, monotonic() + self._busy_timeout)
        for pragma in ("synchronous=FULL", "secure_delete=ON", "cache_size=-32768"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _foreign_commits(self) -> int:
        """A number that only commits of other connections change."""
        version: int = self._writer.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _check_there(self) -> None:
        try:
            found = _identity(self.path)
        except OSError:
            found = None
        if found != self._identity:
            raise LogLost(f"{self.path} was deleted or replaced while it was in use: restore it from a backup")

    async def _begin(self) -> None:
        deadline = monotonic() + self._busy_timeout
        while not self._try_begin_or_busy():
            if monotonic() > deadline:
                raise Unavailable(f"{self.path} was locked by another process for {self._busy_timeout:g} s")
            await asyncio.sleep(RETRY)

    def _try_begin_or_busy(self) -> bool:
        try:
            self._try_begin()
        except sqlite3.Error as error:
            if _is_busy(error):
                return False
            raise failure(error, self.path) from error
        return True

    def _try_begin(self) -> None:
        self._check_there()
        self._writer.execute("BEGIN IMMEDIATE")

    def _finish(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            result = work(self._writer)
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            raise failure(error, self.path) from error
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        self.changes.ring()
        return result


def failure(error: Exception, path: Path) -> SlaMonitorError:
    """What an error of SQLite means to the caller: a damaged file stays damaged, the rest may pass."""
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    if damaged and not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return LogLost(f"{path} is damaged ({error}): restore it from a backup, or move it away to start afresh")
    return Unavailable(f"{path} cannot be used now: {error}")


def _identity(path: Path) -> tuple[int, int]:
    """What a file keeps while it lives. Raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _to_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """Two processes may make the file at once, and SQLite does not wait for the lock that this takes."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() > deadline:
                raise
        else:
            return


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
