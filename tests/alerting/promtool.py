"""Rules on made-up series, as promtool evaluates them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sla_monitor.values import parse_duration
from tests.kafka import require

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]

Given = dict[str, str]
"""Series and their values, in promtool's notation."""

STEP = "15s"
"""Between two samples, and two evaluations, unless a test says otherwise."""


def promtool(*arguments: str | Path) -> str:
    """What it printed; fails with that if it found anything wrong."""
    require("promtool")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[:3000]
    return done.stdout


@dataclass(frozen=True, slots=True)
class Series:
    """Writes values that are sampled every `step`. A segment is a duration and what holds in it; None: not scraped."""

    step: str = STEP

    def gauge(self, *segments: tuple[str, float | None]) -> str:
        """The value in each segment."""
        return " ".join(self._gone(span) if value is None else self._line(span, value, 0) for span, value in segments)

    def counter(self, *segments: tuple[str, float | None], start: float = 0) -> str:
        """How much it grows a minute in each segment."""
        written, value = [], start
        for span, rate in segments:
            grows = (rate or 0) * parse_duration(self.step) / 60_000
            written.append(self._gone(span) if rate is None else self._line(span, value, grows))
            value += grows * self._samples(span)
        return " ".join(written)

    def clock(self, *segments: tuple[str, bool | None]) -> str:
        """An instant that is always now, or stays what it was."""
        written, now, shown = [], 0.0, 0.0
        for span, runs in segments:
            step = parse_duration(self.step) / 1000
            shown = now if runs else shown
            written.append(self._gone(span) if runs is None else self._line(span, shown, step if runs else 0))
            now += step * self._samples(span)
            shown = now - step if runs else shown
        return " ".join(written)

    def _samples(self, span: str) -> int:
        return parse_duration(span) // parse_duration(self.step)

    def _line(self, span: str, start: float, grows: float) -> str:
        return f"{start:.10g}+{grows:.10g}x{self._samples(span) - 1}"

    def _gone(self, span: str) -> str:
        """A target that vanishes leaves a mark."""
        return f"stale _x{self._samples(span) - 1}"


@dataclass(frozen=True, slots=True)
class Bench:
    """Rule groups under test, in the order in which they are evaluated. path: where its files may lie."""

    path: Path
    groups: Sequence[dict[str, Any]] = tuple(GROUPS)

    def run(self, given: Given, checks: dict[str, Any], step: str = STEP, every: str | None = None) -> None:
        """step: between samples. every: between evaluations, as long if left out. checks: promtool's tests."""
        (self.path / "rules.yml").write_text(yaml.safe_dump({"groups": list(self.groups)}))
        series = [{"series": name, "values": values} for name, values in given.items()]
        test = {
            "rule_files": ["rules.yml"],
            "evaluation_interval": every or step,
            "group_eval_order": [group["name"] for group in self.groups],
            "tests": [{"interval": step, "input_series": series, **checks}],
        }
        (self.path / "test.yml").write_text(yaml.safe_dump(test))
        promtool("test", "rules", self.path / "test.yml")

    def values(self, given: Given, at: str, expected: dict[str, dict[str, float]], step: str = STEP) -> None:
        """What expressions give at an instant: the value of each series."""
        checks = [
            {"expr": expr, "eval_time": at, "exp_samples": [{"labels": k, "value": v} for k, v in samples.items()]}
            for expr, samples in expected.items()
        ]
        self.run(given, {"promql_expr_test": checks}, step)
