"""A heartbeat goes the way of a lead, and is none."""

from __future__ import annotations

from sla_monitor.core import track
from sla_monitor.core.effects import Log
from sla_monitor.core.events import Due, Heartbeat, RulesChanged
from sla_monitor.core.heartbeat import PREFIX, Stage
from sla_monitor.core.rules import SECOND
from tests import facts
from tests.world import T0, World

KEY = f"{PREFIX}0"


def beat(at: int = T0) -> Heartbeat:
    return Heartbeat(key=KEY, partition=0, at=at)


def sent(w: World, fact: Heartbeat) -> None:
    w._append(Log.EVENTS, fact.key, fact)
    w.run()


def test_it_waits_for_its_timer_then_goes_to_the_notices():
    w = World()
    sent(w, beat())
    assert w.beats == [Stage.TRACK]
    w.after(SECOND)
    assert w.beats == [Stage.TRACK, Stage.TIMER, Stage.NOTIFY]


def test_it_leaves_nothing_behind():
    w = World()
    sent(w, beat())
    w.after(SECOND)
    assert all(KEY not in log.rows for log in w.logs.values())
    assert (w.outcomes, w.buried, w.sent, w.received, w.counts) == ([], [], [], [], w.counts[:0])


def test_one_that_comes_before_the_timer_of_the_last_takes_its_place():
    w = World()
    sent(w, beat())
    w.after(SECOND - 1)
    sent(w, beat(w.now))
    w.after(SECOND - 1)
    assert w.beats == [Stage.TRACK, Stage.TRACK]
    w.after(1)
    assert w.beats[2:] == [Stage.TIMER, Stage.NOTIFY]


def test_a_lead_is_received_once_and_a_test_lead_or_one_too_old_never():
    w = World()
    w.feed(facts.lead("L", T0), facts.lead("L", T0), facts.lead("T", T0, test=True))
    w.feed(facts.lead("old", T0 - 25 * 3600 * SECOND, received=T0))
    assert w.received == ["crm"]


def test_a_timer_before_its_instant_and_another_policy_change_nothing():
    w = World()
    sent(w, beat())
    row = w.logs[Log.EVENTS].codec.decode(w.logs[Log.EVENTS].rows[KEY])
    assert track.decide(row, Due(w.now), w.now, w.rules) == (row, [])
    changed = RulesChanged(version=1, rules=w.rules, at=w.now)
    assert track.decide(row, changed, w.now + SECOND, w.rules) == (row, [])
