"""What the demo says of an outcome."""

from __future__ import annotations

from typing import Any

import pytest

from sla_monitor.demo.news import report, shown
from tests.demo.said import assigned, breached, closed, joined, met, outcome, reassigned, responded, retracted

NAMES = {"anna": "Anna", "vera": "Vera", "boris": "Boris"}


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (assigned("anna"), "goes to Anna, due 09:51"),
        (assigned("vera", turn=2, reason="manual"), "is given by hand to Vera, due 09:51"),
        (reassigned("anna", "vera"), "passed on from Anna to Vera: no response"),
        (reassigned("anna", "vera", reason="absent"), "passed on from Anna to Vera: absent"),
        (outcome("lead.escalated", to="boris", reason="max_turns"), "escalated to Boris: nobody responded"),
        (outcome("lead.unassignable", reason="assigned"), "nobody can take it, the head is told"),
        (outcome("sla.warning", holder_id="anna", share=80), "Anna is reminded, 80 % of the time is gone"),
        (outcome("sla.held"), "due, but a call is going on"),
        (breached("anna"), "breached: no response by 09:51"),
        (breached("vera", turn=2, evaluated="later"), "breached again: no response from Vera by 09:51"),
        (met("anna"), "answered in time by Anna"),
        (met(""), "answered in time by somebody"),
        (retracted("anna"), "breach taken back: Anna had called at 09:49"),
        (responded("stranger"), "answered late by stranger"),
        (joined("web-2"), "joins web-2: the same number"),
        (closed(), "closed: converted"),
    ],
)
def test_an_outcome_becomes_a_line(said: dict[str, Any], text: str) -> None:
    news = report(said, NAMES)
    assert news is not None
    assert str(news) == f"09:41  web-1         {text}"


@pytest.mark.parametrize(
    "said",
    [
        met("vera", turn=2, evaluated="later"),
        retracted("vera", turn=2, evaluated="later"),
        closed(reason="merged", into="web-2"),
        outcome("call.credited", kind="attempt"),
    ],
)
def test_what_another_line_says_already_is_left_out(said: dict[str, Any]) -> None:
    assert report(said, NAMES) is None


def test_a_lead_made_of_a_missed_call_is_shown_short() -> None:
    assert shown("missed:fa6144e1c1d0aa10") == "call-fa61"
