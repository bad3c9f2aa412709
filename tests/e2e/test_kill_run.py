"""kill -9 under load changes nothing: the fault run, in small. `python -m tests.e2e.kill_run` is the full one."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.kill_run import Run, run
from tests.e2e.process import SPEED


def test_every_lead_has_exactly_its_outcomes_however_often_the_process_is_killed(tmp_path: Path) -> None:
    report = run(tmp_path, Run(leads=200, kills=4, seed=1, speed=SPEED, seconds=8))

    assert report.faults == []
    assert report.kills == 4
    assert report.kinds["lead.escalated"] > 20
