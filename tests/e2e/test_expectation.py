"""The judge of the fault run sees what is missing, what is there twice and what came early."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from sla_monitor.codec import rfc3339
from tests.e2e.expectation import Outcome, faults
from tests.e2e.plan import ALLOWANCE, TARGET, Planned

ORIGIN = 1_800_000_000_000
SOON = TARGET + ALLOWANCE


def outcome(kind: str, turn: int, at: int, /, **data: Any) -> Outcome:
    instants = {name: rfc3339(ORIGIN + value) if name.endswith("_at") else value for name, value in data.items()}
    return {
        "id": f"L:{turn}:{kind}",
        "type": f"{kind}.v1",
        "subject": "L",
        "time": rfc3339(ORIGIN + at),
        "data": {"turn": turn, **instants},
    }


def breach(turn: int, evaluated: str, due_at: int) -> Outcome:
    asked_at = due_at + ALLOWANCE
    data = {"evaluated": evaluated, "due_at": due_at, "asked_at": asked_at, "confidence": "full"}
    return outcome("sla.breached", turn, asked_at, **data)


def created(at: int) -> tuple[int, str, dict[str, Any]]:
    return at, "lead.created.v1", {"lead_id": "L"}


NEVER = Planned("L", "never", 0, (created(0),))
IGNORED = [
    outcome("lead.assigned", 1, 0, to="anna"),
    breach(1, "first", TARGET),
    outcome(
        "lead.reassigned", 2, SOON, **{"from": "anna", "to": "vera", "reason": "no_response", "due_at": SOON + TARGET}
    ),
    breach(2, "later", SOON + TARGET),
    outcome("lead.escalated", 2, SOON + TARGET + ALLOWANCE),
]

MESSAGE = Planned("L", "message", 0, (created(0), (5_000, "contact.recorded.v1", {})), response=5_000)
ANSWERED = [
    outcome("lead.assigned", 1, 0, to="anna"),
    outcome("call.credited", 1, 5_000, kind="attempt"),
    outcome("sla.met", 1, 5_000, evaluated="first", response_at=5_000),
]

LATE = SOON - 1_000
GIVEN_LATE = [
    outcome("lead.assigned", 2, LATE, to="anna", reason="assigned", due_at=LATE + TARGET),
    breach(1, "first", TARGET),
    breach(2, "later", LATE + TARGET),
    outcome("lead.escalated", 2, LATE + TARGET + ALLOWANCE),
]
"""Whoever chooses was away until after the due."""

STORIES = [(NEVER, IGNORED), (NEVER, GIVEN_LATE), (MESSAGE, ANSWERED)]
WEIGHTY = [
    (lead, outcomes, n)
    for lead, outcomes in STORIES
    for n, o in enumerate(outcomes)
    if (o["type"], o["data"]["turn"]) != ("lead.assigned.v1", 1)
]


def judged(lead: Planned, outcomes: list[Outcome]) -> list[str]:
    accepted = {f"L-{n}": ORIGIN + at for n, (at, _, _) in enumerate(lead.acts)}
    return list(faults([lead], ORIGIN, accepted, outcomes))


@pytest.mark.parametrize(("lead", "outcomes"), STORIES)
def test_a_story_as_it_should_be_has_no_faults(lead: Planned, outcomes: list[Outcome]) -> None:
    assert judged(lead, outcomes) == []


@pytest.mark.parametrize(("lead", "outcomes", "n"), WEIGHTY)
def test_an_outcome_that_is_missing_is_seen(lead: Planned, outcomes: list[Outcome], n: int) -> None:
    assert judged(lead, outcomes[:n] + outcomes[n + 1 :])


@pytest.mark.parametrize(("lead", "outcomes", "n"), WEIGHTY)
def test_an_outcome_that_is_there_twice_is_seen_even_under_another_id(
    lead: Planned, outcomes: list[Outcome], n: int
) -> None:
    again = outcomes[n] | {"id": "another"}
    assert judged(lead, [*outcomes, outcomes[n]])
    assert judged(lead, [*outcomes[: n + 1], again, *outcomes[n + 1 :]])


@pytest.mark.parametrize("n", [1, 3])
def test_a_breach_that_came_early_is_seen(n: int) -> None:
    outcomes = deepcopy(IGNORED)
    outcomes[n]["data"]["asked_at"] = outcomes[n]["data"]["due_at"]
    assert any("early" in fault for fault in judged(NEVER, outcomes))


def test_a_breach_despite_an_accepted_response_is_seen_even_if_it_was_taken_back() -> None:
    retracted = outcome("sla.breach_retracted", 1, SOON + 1, evaluated="first", response_at=5_000)
    assert any("accepted" in fault for fault in judged(MESSAGE, [*ANSWERED[:2], breach(1, "first", TARGET), retracted]))
