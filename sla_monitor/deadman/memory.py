"""What a restart must not forget: when the last sign came and from where, and when silence was told."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from sla_monitor.errors import Misconfigured, Problem, Unavailable
from sla_monitor.private import make_directory, make_file

logger = logging.getLogger(__name__)


class Heard(msgspec.Struct, frozen=True):
    """at: of the last sign, ms. told: when silence was told last, ms; 0 if it was not. by: who gave the sign."""

    at: int
    told: int = 0
    by: str = ""


class Memory:
    """A small file in a directory, replaced as a whole."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "deadman.json"

    def read(self) -> Heard | None:
        """None where there is none yet. Raises Misconfigured when it holds something else; Unavailable."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Heard)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error
        except msgspec.MsgspecError as error:
            message = "is none of ours; delete it, then silence counts from the start on"
            raise Misconfigured([Problem(str(self._path), "", message)]) from error

    def write(self, heard: Heard) -> None:
        """Raises Unavailable."""
        fresh = self._path.with_suffix(".new")
        try:
            make_directory(self._path.parent)
            fresh.unlink(missing_ok=True)
            make_file(fresh, msgspec.json.encode(heard))
            fresh.replace(self._path)
        except OSError as error:
            raise self._unusable(error) from error

    def keep(self, heard: Heard) -> None:
        """Like `write`; what fails is logged, for watching goes on."""
        try:
            self.write(heard)
        except Unavailable as error:
            logger.error("%s; a restart would not know of the last sign", error)  # noqa: TRY400 - it says all

    def _unusable(self, error: OSError) -> Unavailable:
        return Unavailable(f"{self._path} cannot be used: {error.strerror}; name another directory with --data-dir")
