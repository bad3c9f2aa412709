"""The embedded log: the ports of the logs on one SQLite file, and the Faust transport that reads it.

Everything is written on the thread of the event loop, a transaction at a time: a step takes a fraction of a
millisecond, and a thread for it would spend longer waiting for the interpreter's lock than writing.
"""

from .file import EmbeddedFile
from .inbox import EmbeddedInbox
from .lock import DirectoryLock, worker_of
from .log import EmbeddedLog, EmbeddedOwned
from .reader import EmbeddedReader
from .retention import Retention

__all__ = [
    "DirectoryLock",
    "EmbeddedFile",
    "EmbeddedInbox",
    "EmbeddedLog",
    "EmbeddedOwned",
    "EmbeddedReader",
    "Retention",
    "worker_of",
]
