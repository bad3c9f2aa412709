"""Who keeps the promise and who does not, and how the open leads lie on them."""

from __future__ import annotations

from sla_monitor.alerting.promql import increase, newest
from sla_monitor.metrics import catalogue as m
from sla_monitor.metrics.catalogue import OTHER

from .panels import Query, Steps, bars, lines, stat_of, table_of
from .promql import RANGE, or_zero, share_late, without
from .sheet import Sheet

ENOUGH = 10
"""Decisions from which on a share says something about a manager."""

OPEN = newest(m.MANAGER_OPEN_LEADS, "manager")
"""The desk has one partition: while it moves, its old and its new owner show the same leads."""

SHARES: Steps = {None: "red", 0.8: "orange", 0.95: "green"}
FAIRNESS: Steps = {None: "green", 3: "orange", 10: "red"}
LOADS: Steps = {None: "blue"}
CUT: Steps = {None: "green", 1: "orange"}


def decided(*by: str) -> str:
    turns = increase(m.MANAGER_EVALUATIONS, RANGE, *by, outcome=("met", "breached"))
    return without(turns, increase(m.MANAGER_EVALUATIONS, RANGE, *by, outcome="withdrawn"))


def breached(*by: str) -> str:
    return increase(m.MANAGER_EVALUATIONS, RANGE, *by, outcome="breached")


def retracted(*by: str) -> str:
    return increase(m.MANAGER_EVALUATIONS, RANGE, *by, outcome=("retracted", "withdrawn"))


def in_time(*by: str) -> str:
    return f"1 - {share_late(decided(*by), breached(*by), retracted(*by))}"


def of_the_busiest(expr: str) -> str:
    """Of the hundred managers with the most decisions, so that a table stays one."""
    return f"{expr} and on (manager) topk(100, {decided('manager')} > 0)"


ALL = [
    stat_of(
        "Managers with open leads",
        "How many hold at least one.",
        "none",
        Query(or_zero(f"count({OPEN} > 0)", f"count({OPEN})")),
    ),
    stat_of("Open leads held", "Open leads that somebody holds.", "none", Query(f"sum({OPEN})")),
    stat_of(
        "Most loaded over median",
        "Open leads of the most loaded manager, against the median of those who have any. Near 1 is fair.",
        "short",
        Query(f"max({OPEN}) / quantile(0.5, {OPEN} > 0)"),
        steps=FAIRNESS,
    ),
    stat_of(
        "Turns decided",
        "Turns of managers that were met or breached in the time shown, the first and the later ones.",
        "none",
        Query(decided()),
        graph=False,
    ),
    stat_of(
        "Turns in time",
        "Share of turns that their holders answered in time. Not the promise to customers, which has one clock a lead.",
        "percentunit",
        Query(in_time()),
        graph=False,
    ),
    stat_of(
        f"Decisions under {OTHER}",
        "Decisions of managers who have no series of their own, for there are too many: 0, or this page is incomplete.",
        "none",
        Query(or_zero(increase(m.MANAGER_EVALUATIONS, RANGE, manager=OTHER), decided())),
        steps=CUT,
        graph=False,
    ),
]

EXTREMES = [
    bars(
        f"Least in time: 20 managers with {ENOUGH} turns or more",
        "Share of their turns in the time shown that they answered in time; the lowest first.",
        "percentunit",
        Query(f"sort(bottomk(20, {in_time('manager')} and {decided('manager')} >= {ENOUGH}))", "{{manager}}"),
        steps=SHARES,
    ),
    bars(
        "Most open leads: 20 managers",
        "Open leads that they hold now, the most first.",
        "none",
        Query(f"sort_desc(topk(20, {OPEN} > 0))", "{{manager}}"),
        steps=LOADS,
    ),
]

EACH = [
    table_of(
        "Turns by manager",
        "What became of their turns in the time shown, for the hundred with the most: opaque ids, as in the policy.",
        "none",
        Query(f"topk(100, {decided('manager')} > 0)", "Decided"),
        Query(of_the_busiest(increase(m.MANAGER_EVALUATIONS, RANGE, "manager", outcome="met")), "Met"),
        Query(of_the_busiest(breached("manager")), "Breached"),
        Query(of_the_busiest(retracted("manager")), "Taken back"),
        Query(of_the_busiest(f"({in_time('manager')})"), "In time", "percentunit"),
        Query(of_the_busiest(OPEN), "Open now"),
        width=14,
        height=12,
    ),
    lines(
        "Open leads of the most loaded",
        "The five managers who hold the most at each instant.",
        "none",
        Query(f"topk(5, {OPEN} > 0)", "{{manager}}"),
        width=10,
        height=12,
    ),
]

MANAGERS = Sheet(
    name="managers",
    title="SLA: managers",
    text=__doc__,
    since="24h",
    rows={"All of them": ALL, "The extremes": EXTREMES, "Each of them": EACH},
)
