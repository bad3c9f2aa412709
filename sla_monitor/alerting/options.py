"""What the rules depend on. Options that exist give alerts that can fire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.values import duration_text, parse_duration

BURN_WINDOWS = (("1h", "5m"), ("6h", "30m"), ("1d", "2h"), ("3d", "6h"))
"""(long, short) of each factor: the long one tells that it matters, the short one that it still goes on.

Source: The Site Reliability Workbook, chapter 5, for an objective over 30 days, as sloth's google-30d.yaml has it.
"""

WORST = 0.8
"""The share of late leads at which a burn alert that is suggested fires: it has to be seen before all are late."""

BURN = (14.4, 6.0, 3.0, 1.0)
"""Factors for an objective that leaves room for them."""


def suggested_burn(objective: float) -> tuple[float, ...]:
    """Factors at which each alert can fire: those of the workbook, as far as so many leads can be late at all."""
    budget = round(1 - objective, 9)
    return tuple(float(f"{min(factor, WORST / budget):.3g}") for factor in BURN) if 0 < budget < 1 else BURN


@dataclass(frozen=True, slots=True)
class Options:
    """objective: the share of leads to be answered in time. burn: for each of BURN_WINDOWS, how many times faster than
    allowed leads may be late. min_events: decisions in the long window below which a share says nothing.
    speed: what every duration is divided by. runbooks, dashboards: what links begin with.

    Raises Misconfigured, with every mistake.
    """

    objective: float = 0.95
    burn: tuple[float, ...] = BURN
    min_events: int = 20
    speed: float = 1
    runbooks: str = "docs/runbooks"
    dashboards: str = "http://127.0.0.1:3000/d"

    def __post_init__(self) -> None:
        if problems := [*_problems(self)]:
            raise Misconfigured(problems)

    @property
    def budget(self) -> float:
        """The share of leads that may be late."""
        return round(1 - self.objective, 9)

    def span(self, text: str) -> str:
        """A duration at this speed, as Prometheus writes it."""
        ms = max(round(parse_duration(text) / self.speed), 1)
        rest = ms % 1000
        return (duration_text(ms) if ms >= 1000 else "") + (f"{rest}ms" if rest else "")

    def seconds(self, text: str) -> str:
        """A duration at this speed, as a number."""
        return f"{parse_duration(text) / 1000 / self.speed:g}"


def _problems(options: Options) -> Iterator[Problem]:
    if not 0 < options.objective < 1:
        yield Problem("--objective", "", f"must be between 0 and 1, such as 0.95, not {options.objective:g}")
    elif len(options.burn) != len(BURN_WINDOWS) or min(options.burn) <= 0:
        yield Problem("--burn", "", f"must be {len(BURN_WINDOWS)} factors above 0, such as 14.4,6,3,1")
    else:
        yield from _unreachable(options)
    if options.min_events < 1:
        yield Problem("--min-events", "", f"must be 1 or more, not {options.min_events}")
    if options.speed <= 0:
        yield Problem("--speed", "", f"must be above 0, not {options.speed:g}")


def _unreachable(options: Options) -> Iterator[Problem]:
    """The factors at which more than all leads would have to be late."""
    remedy = ",".join(
        f"{min(factor, most):g}" for factor, most in zip(options.burn, suggested_burn(options.objective), strict=True)
    )
    for factor, (window, _) in zip(options.burn, BURN_WINDOWS, strict=True):
        if (share := factor * options.budget) >= 1:
            yield Problem(
                "--burn",
                f"{factor:g}",
                f"can never fire: an objective of {options.objective:g} allows {options.budget:.4g} of the leads to be "
                f"late, and {factor:g} times that, in {window}, is {share:.4g} of them; use --burn {remedy}",
            )
