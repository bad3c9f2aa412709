"""The tables of the file, and the version they have.

A record's rowid is its partition's id shifted left by 40, plus its offset: one b-tree for all logs, appends at the
end of a partition, range reads, no second index. Rows lie in their primary key (WITHOUT ROWID), which keeps a
partition's rows together: with rows of 600 bytes that loads 150,000 of them in 0.5 s instead of 1.0 s, and writes as
fast. Pages of 4 KiB wrote fewer bytes and less slowly than 8 or 16 KiB.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sla_monitor.errors import Misconfigured, Problem

VERSION = 2
SHIFT = 40  # a trillion records a partition, eight million partitions

_TABLES = """
CREATE TABLE topics(name TEXT PRIMARY KEY, id TEXT NOT NULL, partitions INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE partitions(id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL,
    first INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0, UNIQUE(topic, number));
CREATE TABLE places(topic TEXT, number INTEGER, topic_id TEXT NOT NULL, epoch INTEGER NOT NULL,
    place INTEGER NOT NULL, PRIMARY KEY(topic, number)) WITHOUT ROWID;
CREATE TABLE records(id INTEGER PRIMARY KEY, key BLOB, value BLOB, timestamp INTEGER NOT NULL);
CREATE TABLE rows(partition INTEGER, key BLOB, value BLOB NOT NULL, PRIMARY KEY(partition, key)) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of an empty file. Raises Misconfigured when the file is of another version."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)
        if version == 0:
            _create(connection)
        elif version != VERSION:
            raise _of_another_version(path, version)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The file's version; 0 when it is empty."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise Misconfigured([Problem(str(path), "", "a SQLite file of another program; name another SLA_DATA_DIR")])
    return version


def _create(connection: sqlite3.Connection) -> None:
    for statement in filter(str.strip, _TABLES.split(";")):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")


def _of_another_version(path: Path, version: int) -> Misconfigured:
    remedy = (
        f"has format {version}; this program reads format {VERSION}: "
        "run the release that wrote it, or name another SLA_DATA_DIR"
    )
    return Misconfigured([Problem(str(path), "", remedy)])
