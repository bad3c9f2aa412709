"""Whether the ledger in the rows says what was published."""

from __future__ import annotations

from collections import Counter

from sla_monitor import codec
from sla_monitor.core.effects import Log
from sla_monitor.core.ledger import Ledger, entry
from sla_monitor.core.rules import DAY, MINUTE
from tests import facts
from tests.audit.archive import Archive, Recorded, only, told
from tests.world import T0

END = T0 + 15 * MINUTE


def two_leads() -> Recorded:
    """One is a test, which no figure counts."""
    world = Recorded(at=T0)
    world.feed(facts.lead("L-1", T0, owner_id="anna"), facts.lead("T-1", T0, owner_id="anna", test=True))
    world.to(END)
    return world


def balance(archive: Archive, world: Recorded, *, since: int = T0, **more: int) -> None:
    """Write the ledger of all that was decided since an instant, and something more."""
    counts = Counter(name for o in world.outcomes if o.at >= since and (name := entry(o)))
    counts.update({name.replace("__", "/"): number for name, number in more.items()})
    row = codec.LEDGERS.encode(Ledger(since, dict(counts)))
    archive.shelf.write(Log.EVENTS, {codec.LEDGER_KEY: row})


def test_a_ledger_that_is_right_is_no_finding(archive: Archive) -> None:
    world = two_leads()
    balance(archive.save(world), world)
    report = archive.audit(END)
    assert (told(report), report.unknown) == ([], ())


def test_without_a_ledger_there_is_nothing_to_compare(archive: Archive) -> None:
    report = archive.save(two_leads()).audit(END)
    assert (told(report), report.unknown) == ([], ())


def test_a_ledger_that_counts_too_much_or_too_little_differs(archive: Archive) -> None:
    world = two_leads()
    balance(archive.save(world), world, first__response__met=2, later__response__breached=-1)
    finding = only(archive.audit(END))
    assert (finding.kind, finding.lead_id, finding.command) == ("ledger_differs", "", "")
    assert finding.what == (
        "first/response/met: 2 in the ledger, 0 published; later/response/breached: -1 in the ledger, 0 published"
    )


def test_a_decision_that_was_not_published_makes_a_difference(archive: Archive) -> None:
    world = two_leads()
    archive.keep = lambda outcome: outcome.type != "sla.breached" or outcome.lead_id != "L-1"
    balance(archive.save(world), world)
    assert ("ledger_differs", "") in told(archive.audit(END))


def test_decisions_before_the_ledger_began_are_not_its_business(archive: Archive) -> None:
    world = two_leads()
    world.to(T0 + 25 * MINUTE)
    balance(archive.save(world), world, since=T0 + 20 * MINUTE)
    report = archive.audit(world.now)
    assert (told(report), report.unknown) == ([], ())


def test_what_is_decided_while_it_is_compared_is_no_difference(archive: Archive) -> None:
    world = two_leads()

    def go_on(instant: int) -> None:
        world.to(instant)
        balance(archive.save(world), world)

    reports = archive.audits([END, T0 + 25 * MINUTE, T0 + 40 * MINUTE], go_on)
    assert [told(report) for report in reports] == [[], [], []]
    assert [report.unknown for report in reports] == [(), (), ()]


def test_a_ledger_that_began_when_much_was_counted_already_cannot_be_compared(archive: Archive) -> None:
    """An older version kept none, and the audit ran on while a newer one was installed."""
    world = two_leads()

    def upgrade(instant: int) -> None:
        world.to(instant)
        archive.save(world)
        if instant > END:
            balance(archive, world, since=T0 + 20 * MINUTE)

    before, after = archive.audits([END, T0 + 25 * MINUTE], upgrade)
    assert (told(before), told(after), before.unknown, len(after.unknown)) == ([], [], (), 1)


def test_a_ledger_older_than_the_outcomes_that_are_kept_cannot_be_compared(archive: Archive) -> None:
    world = two_leads()
    balance(archive.save(world), world, first__response__met=1)
    archive.expire(Log.OUTCOMES, T0 + MINUTE)
    report = archive.audit(T0 + DAY)
    assert [kind for kind, _ in told(report) if kind == "ledger_differs"] == []
    assert list(report.unknown) == [
        "the ledger of partition 0 counts from another decision on than the outcomes that were read"
    ]
