"""How well the promise is kept: the share of leads without a response in time, and how fast it uses up what is allowed.

Late are the breaches less those taken back on late proof. What is taken back may belong to a breach of another window,
so the rates are recorded as they are, and only a share is never below 0. Numerator and denominator are recorded apart:
shares are never averaged.
"""

from __future__ import annotations

from collections.abc import Iterator

from sla_monitor.metrics import catalogue as m
from sla_monitor.values import parse_duration

from .options import BURN_WINDOWS, Options
from .promql import Wanted, series, stem
from .rules import SHARE, Alert, Dashboard, Group, Recording, Rule, Severity

PROMISED: dict[str, Wanted] = {"turn": "first", "measure": "response"}
"""The decisions that the customer notices: whether somebody responded, on the customer's own clock."""

LEVELS = ("all", "source")
TILE = "5m"
SHORT, LONG = ("5m", "30m", "1h", "2h", "6h"), ("1d", "3d")
"""Windows. The short ones are read from the counters; over the long ones that would be millions of samples each time,
so they are laid out with tiles of the shortest. A tile without a value counts as one without leads."""
PERIOD = "30d"

OBJECTIVE = "all:sla_objective:ratio"
REMAINING = "all:sla_error_budget_remaining:ratio"


def evaluations(window: str, level: str = "all") -> str:
    """The recorded decisions a second."""
    return f"{level}:{stem(m.EVALUATIONS)}:rate{window}"


def breaches(window: str, level: str = "all") -> str:
    """The recorded breaches a second, less those taken back: below 0 when those are older."""
    return f"{level}:sla_breaches:rate{window}"


def ratio(window: str, level: str = "all") -> str:
    """The recorded share of leads without a response in time; absent without decisions."""
    return f"{level}:sla_breaches_per_evaluation:ratio_rate{window}"


def promise(options: Options) -> Group:
    rules: list[Rule] = [
        Recording(OBJECTIVE, f"vector({options.objective:g})"),
        *(rule for level in LEVELS for window in (*SHORT, *LONG) for rule in _share(options, level, window)),
        *_burns(options),
    ]
    return Group("sla-monitor-promise", options.span("30s"), tuple(rules))


def budget(options: Options) -> Group:
    """The whole period, which changes slowly."""
    left = Recording(REMAINING, f"1 - {ratio(PERIOD)} / {options.budget:g}")
    shares = [rule for level in LEVELS for rule in _share(options, level, PERIOD)]
    return Group("sla-monitor-budget", options.span("5m"), (*shares, left))


def _share(options: Options, level: str, window: str) -> Iterator[Recording]:
    decided, late = evaluations(window, level), breaches(window, level)
    if window in SHORT:
        span = options.span(window)
        yield Recording(decided, _rate(level, f"rate({series(m.EVALUATIONS, **PROMISED)}[{span}])"))
        yield Recording(late, _rate(level, _late(span)))
    else:
        yield Recording(decided, _tiled(options, evaluations(TILE, level), window))
        yield Recording(late, _tiled(options, breaches(TILE, level), window))
    yield Recording(ratio(window, level), f"clamp_min({late}, 0) / ({decided} > 0)")


def _late(span: str) -> str:
    """Both as one set of series, so that a source without retractions is no gap."""
    breached = series(m.EVALUATIONS, **PROMISED, outcome="breached")
    return f"rate({breached}[{span}]) or -rate({series(m.RETRACTIONS, **PROMISED)}[{span}])"


def _rate(level: str, each: str) -> str:
    return f"sum({each})" if level == "all" else f"sum by ({level}) ({each})"


def _tiled(options: Options, recorded: str, window: str) -> str:
    tiles = parse_duration(window) // parse_duration(TILE)
    return f"sum_over_time({recorded}[{options.span(window)}:{options.span(TILE)}]) / {tiles}"


def _burns(options: Options) -> Iterator[Alert]:
    for index, (factor, (long, short)) in enumerate(zip(options.burn, BURN_WINDOWS, strict=True)):
        yield _burn(options, factor, long, short, Severity.PAGE if index < 2 else Severity.TICKET)


def _burn(options: Options, factor: float, long: str, short: str, severity: Severity) -> Alert:
    above, span = f"{factor:g} * {options.budget:g}", options.seconds(long)
    number = f'{{{{ with query "{breaches(long)} * {span}" }}}}{{{{ . | first | value | printf "%.0f" }}}}{{{{ end }}}}'
    return Alert(
        name="SlaErrorBudgetBurn",
        severity=severity,
        labels={"window": long},
        expr=f"{ratio(long)} > {above}\nand {ratio(short)} > {above}\n"
        f"and {evaluations(long)} * {span} >= {options.min_events}",
        summary=f"{SHARE} of the customers who were due an answer in the last {long} got none in time: {number} leads. "
        f"{100 * options.budget:g}% are allowed; at this pace what 30 days allow is used up in {30 / factor:.2g} days.",
        when=f"of {options.min_events} or more leads in {long}, more than {100 * factor * options.budget:.3g}% late, "
        f"and so in the last {short}",
        meaning="Customers are called back later than promised.",
        dashboard=Dashboard.OVERVIEW,
    )
