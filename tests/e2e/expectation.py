"""What each lead of a fault run must have come to, from what was fed alone: nothing here knows the reducers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.e2e.plan import ALLOWANCE, IN_TIME, LATE, TARGET, Planned

Outcome = dict[str, Any]

AFTER_BREACH = frozenset({"lead.reassigned", "lead.unassignable", "lead.escalated"})


def instant(text: str) -> int:
    """ms of an RFC 3339 text."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def faults(
    plan: Iterable[Planned], origin: int, accepted: Mapping[str, int], outcomes: Iterable[Outcome]
) -> Iterator[str]:
    """Everything that is wrong, a line each. accepted: event id -> an instant at which it had been accepted."""
    by_lead: dict[str, list[Outcome]] = defaultdict(list)
    ids: Counter[str] = Counter()
    for outcome in outcomes:
        by_lead[outcome["subject"]].append(outcome)
        ids[outcome["id"]] += 1
    yield from (f"{outcome_id} was published {n} times" for outcome_id, n in ids.items() if n > 1)
    for lead in plan:
        story = Story(lead, origin, accepted, by_lead.pop(lead.lead_id, []))
        yield from (f"{lead.lead_id} ({lead.fate}): {fault}: {story}" for fault in story.faults())
    yield from (f"{lead_id} was never created" for lead_id in by_lead)


class Story:
    """The outcomes of one lead in the order of the log."""

    def __init__(self, lead: Planned, origin: int, accepted: Mapping[str, int], outcomes: list[Outcome]) -> None:
        self.lead, self.outcomes = lead, outcomes
        self.start, self.due = origin + lead.start, origin + lead.due
        self.response = None if lead.response is None else origin + lead.response
        events = [accepted[f"{lead.lead_id}-{n}"] for n in range(len(lead.acts))]
        self.known_at = max(events)
        self.in_order = events[0] <= self.due and (len(events) == 1 or self.known_at <= self.due)

    def __str__(self) -> str:
        return " ".join(f"{kind_of(o)}/{o['data']['turn']}" for o in self.outcomes)

    def all(self, kind: str, /, **data: Any) -> list[Outcome]:
        return [o for o in self.outcomes if kind_of(o) == kind and data.items() <= o["data"].items()]

    @property
    def given_late(self) -> list[Outcome]:
        """Nobody could be found before the due: the first assignment began the turn after it (R22)."""
        first = self.all("lead.assigned")[:1]
        return [o for o in first if o["data"]["turn"] == 2 and instant(o["time"]) > self.due]

    def faults(self) -> Iterator[str]:
        yield from self._evaluations()
        yield from self._breaches()
        yield from self._turns()
        yield from self._ends()

    def _evaluations(self) -> Iterator[str]:
        """One for the customer's clock, in the end what the response says; none for a lead closed in time."""
        met, breached = self.all("sla.met", evaluated="first"), self.all("sla.breached", evaluated="first")
        retracted = [o for o in self.all("sla.breach_retracted", evaluated="first") if not self._withdrawn(o)]
        decided = len(met) + len(breached)
        if self.lead.fate == "closed" and self.in_order:
            if decided:
                yield "closed in time, yet evaluated"
            return
        if decided != 1 and self.lead.fate != "closed":
            yield f"evaluated {decided} times"
        in_time = self.lead.fate in IN_TIME
        if in_time != (len(met) + len(retracted) == 1):
            yield "the final evaluation is not what the response says"
        if len(retracted) > len(breached):
            yield "a breach that never was is taken back"
        if any(instant(o["data"]["response_at"]) != self.response for o in (*met, *retracted)):
            yield "met by another response"

    def _breaches(self) -> Iterator[str]:
        for outcome in self.all("sla.breached"):
            data = outcome["data"]
            asked_at, due_at = instant(data["asked_at"]), instant(data["due_at"])
            if asked_at < due_at + ALLOWANCE or instant(outcome["time"]) < asked_at:
                yield "breached early"
            if data["evaluated"] == "first" and due_at != self.due:
                yield "due at another instant"
            if data["confidence"] != "full":
                yield "decided without its answers"
            if self.response is not None and self.response <= due_at and self.known_at < asked_at:
                yield "breached although the response had been accepted"

    def _turns(self) -> Iterator[str]:
        """A breach without a response has one consequence; a turn begun by it is evaluated for its holder."""
        for n, outcome in enumerate(self.outcomes):
            if kind_of(outcome) == "sla.breached" and self.lead.fate == "never":
                end = self._next_breach(n)
                after = [o for o in self.outcomes[n:end] if kind_of(o) in AFTER_BREACH]
                if outcome["data"]["turn"] == 1:
                    after += self.given_late
                if len(after) != 1:
                    yield f"a breach with {len(after)} consequences"
        if len(self.all("lead.assigned", reason="assigned")) > 1:
            yield "given to a first holder more than once"
        holders = {o["data"]["from"] for o in self.all("lead.reassigned")}
        if holders & {o["data"]["to"] for o in self.all("lead.reassigned")}:
            yield "came back to somebody who had it"
        for begun in (*self.given_late, *self.all("lead.reassigned", reason="no_response")):
            yield from self._evaluated_turn(begun)

    def _next_breach(self, after: int) -> int:
        breaches = (n for n in range(after + 1, len(self.outcomes)) if kind_of(self.outcomes[n]) == "sla.breached")
        return next(breaches, len(self.outcomes))

    def _evaluated_turn(self, begun: Outcome) -> Iterator[str]:
        turn, begun_at, due_at = begun["data"]["turn"], instant(begun["time"]), instant(begun["data"]["due_at"])
        met = len(self.all("sla.met", evaluated="later", turn=turn))
        breached = len(self.all("sla.breached", evaluated="later", turn=turn))
        retracted = len(self.all("sla.breach_retracted", evaluated="later", turn=turn))
        cut_short = self.all("lead.superseded", turn=turn) or self.all("lead.closed", turn=turn)
        if due_at != begun_at + TARGET:
            yield "a turn without a fresh target"
        if self.response is None:
            fits = (met, breached, retracted) == (0, 0 if cut_short else 1, 0)
        elif self.response < begun_at:
            fits = met == 0 and breached == retracted
        elif self.response <= due_at:
            fits = met + breached == 1 and breached == retracted
        else:
            fits = (met, breached, retracted) == (0, 1, 0)
        if not fits:
            yield f"turn {turn} evaluated as {met} met, {breached} breached, {retracted} retracted"

    def _ends(self) -> Iterator[str]:
        fate, count = self.lead.fate, Counter(map(kind_of, self.outcomes))
        if count["sla.responded"] != (fate in LATE):
            yield f"responded late {count['sla.responded']} times"
        if fate in ("never", "assigned") and count["lead.escalated"] != 1:
            yield f"unanswered, and escalated {count['lead.escalated']} times"
        if fate in ("never", "assigned") and count["lead.reassigned"] + len(self.given_late) != 1:
            yield f"unanswered, and reassigned {count['lead.reassigned']} times"
        if count["lead.closed"] != (fate == "closed"):
            yield f"closed {count['lead.closed']} times"
        if fate == "closed" and self._after_closing():
            yield "something happened after it was closed"
        proofs = len(self.all("call.credited", kind="attempt"))
        if proofs != (self.response is not None):
            yield f"an attempt credited {proofs} times"
        if fate == "assigned":
            yield from self._hand_over()

    def _withdrawn(self, outcome: Outcome) -> bool:
        """A breach that a closing by the due takes back which was told later (R29)."""
        return self.lead.fate == "closed" and outcome["data"].get("reason") == "closed_before_due"

    def _after_closing(self) -> list[Outcome]:
        """What follows the closing, but for what a closing after the due leaves to decide, or takes back (R29)."""
        kinds = [kind_of(o) for o in self.outcomes]
        after = self.outcomes[kinds.index("lead.closed") + 1 :] if "lead.closed" in kinds else []
        decided = [o for o in after if kind_of(o) == "sla.breached" or self._withdrawn(o)]
        return after if self.in_order else [o for o in after if o not in decided]

    def _hand_over(self) -> Iterator[str]:
        to = self.lead.acts[1][2]["owner_id"]
        given, ours = self.all("lead.assigned", reason="manual"), self.all("lead.assigned", reason="assigned")
        held_by_them = any(o["data"]["to"] == to for o in (*ours, *self.all("lead.reassigned")))
        if len(given) > 1 or (not given and not held_by_them):
            yield f"handed over {len(given)} times"


def kind_of(outcome: Outcome) -> str:
    return str(outcome["type"]).removesuffix(".v1")


def final_status(lead: Planned) -> str:
    """What the view of a lead says in the end."""
    if lead.fate == "closed":
        return "closed"
    return "escalated" if lead.response is None else "answered"
