"""What is said when the timer of a lead fails: a defect of ours, which the head must not wait for us to find."""

from __future__ import annotations

from .effects import Effect, Notify
from .row import Header
from .rules import Rules
from .terms import team_of


def tell_head(lead_id: str, header: Header, rules: Rules) -> list[Effect]:
    """Tell the head of the holder's team, or every head when nobody holds it; once, for the notice's id is the same."""
    team = team_of(rules, header.holder)
    teams = [rules.teams[team]] if team else list(rules.teams.values())
    return [
        Notify(
            notice_id=f"{lead_id}:stuck:{head}",
            lead_id=lead_id,
            manager_id=head,
            kind="stuck",
            turn=0,
            at=header.next_due or 0,
            details={"holder_id": header.holder},
        )
        for head in dict.fromkeys(team.head for team in teams)
        if head
    ]
