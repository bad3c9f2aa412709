"""An audit every so often: what is new is said once, and the figures are kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sla_monitor.clock import monotonic
from sla_monitor.errors import Unavailable

from .auditor import Auditor
from .figures import Figures
from .findings import Finding, Report, Wrong

logger = logging.getLogger(__name__)

SAID = 20
"""Findings of a round that get a line of their own; the figures count all of them."""

Subject = tuple[Wrong, str, int]
"""What tells one finding from another: its kind, lead and partition."""


class Rounds:
    """every: seconds from the beginning of one audit to the next; one that takes longer is followed at once."""

    def __init__(self, auditor: Auditor, figures: Figures, every: float) -> None:
        self._auditor, self._figures, self._every = auditor, figures, every
        self._known: set[Subject] = set()
        self._unknown: Sequence[str] = ()
        self._trouble = "no audit has ended yet"

    def unready(self) -> list[str]:
        """Why not to rely on the figures."""
        return [self._trouble] if self._trouble else []

    async def run(self) -> None:
        """Until it is cancelled. Raises LogLost, Undecodable; what is only away is tried again."""
        while True:
            began = monotonic()
            await self.once()
            await asyncio.sleep(max(began + self._every - monotonic(), 0))

    async def once(self) -> None:
        """One round."""
        try:
            report = await self._auditor.run()
        except Unavailable as error:
            self._trouble = f"the last audit could not read everything: {error}"
            logger.warning("%s", self._trouble)
            return
        self._trouble = ""
        self._figures.audited(report)
        self._say(report)

    def _say(self, report: Report) -> None:
        now = {subject(finding): finding for finding in report.findings}
        fresh = [finding for it, finding in now.items() if it not in self._known]
        for finding in fresh[:SAID]:
            logger.warning("%s", finding.line())
        if len(fresh) > SAID:
            logger.warning("... and %d findings more; `sla-monitor audit` lists them", len(fresh) - SAID)
        if report.unknown != self._unknown:
            logger.info("not known: %s", "; ".join(report.unknown) or "nothing any more")
            self._unknown = report.unknown
        if gone := len(self._known - now.keys()):
            logger.info("%d findings are gone, %d are left", gone, len(now))
        self._known = set(now)


def subject(finding: Finding) -> Subject:
    return finding.kind, finding.lead_id, finding.partition
