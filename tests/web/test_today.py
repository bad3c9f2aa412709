"""What outcomes make of the board's day, whatever they leave out."""

from __future__ import annotations

from sla_monitor.web.today import Outcome, Today


def test_r29_a_breach_taken_back_because_the_lead_had_ended_is_news_and_no_response():
    data = {
        "measure": "response",
        "evaluated": "first",
        "reason": "closed_before_due",
        "due_at": "2026-11-30T10:10:00Z",
    }
    today = Today()
    told = today.take(Outcome("sla.breach_retracted.v1", "2026-11-30T10:11:00Z", "L1", data), None)
    assert (told.hour, told.news) == (False, True)
    assert (today.responses, today.answered) == ({}, {})
    assert [(news.lead_id, news.reason) for news in today.news] == [("L1", "closed_before_due")]
