"""How an audit reads: rows and outcomes by itself, logs that have lost their beginning, and logs of others."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_monitor import codec
from sla_monitor.audit import Wrong
from sla_monitor.audit.following import Following
from sla_monitor.audit.hashes import Hashes
from sla_monitor.audit.published import id_of
from sla_monitor.audit.rows import LeadRow, TurnRow, lead_row
from sla_monitor.core.effects import Log, Publish
from sla_monitor.core.heartbeat import Pulse
from sla_monitor.core.lead import Lead, Turn
from sla_monitor.core.rules import DAY, MINUTE
from sla_monitor.errors import LogLost
from sla_monitor.logs import Embedded
from sla_monitor.metrics.catalogue import FINDING
from tests import facts
from tests.audit.archive import Archive, Recorded, told
from tests.world import T0

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(("ours", "theirs"), [(LeadRow, Lead), (TurnRow, Turn)])
def test_a_field_that_a_row_leaves_out_is_read_as_it_was(ours: Any, theirs: Any) -> None:
    needed = {name: "x" for name in ours.__struct_fields__ if name in {"lead_id", "kind"}}
    needed |= dict.fromkeys({"turn", "begun", "due"} & set(ours.__struct_fields__), 1)
    mine, written = ours(**needed), theirs(**needed | ({"holder": ""} if theirs is Turn else {}))
    for name in ours.__struct_fields__:
        assert plain(getattr(mine, name)) == plain(getattr(written, name)), name


def plain(value: Any) -> Any:
    """As JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def test_every_lead_is_read_as_it_was_written() -> None:
    world = Recorded()
    world.feed(facts.lead("L-1", T0, owner_id="anna"))
    world.to(T0 + 15 * MINUTE)
    row, lead = lead_row(world.logs[Log.EVENTS].rows["L-1"]), world.lead("L-1")
    for name in LeadRow.__struct_fields__:
        mine, written = plain(getattr(row, name)), plain(getattr(lead, name))
        if name == "turns":
            written = [{kept: turn[kept] for kept in TurnRow.__struct_fields__} for turn in written]
        assert mine == written, name


def test_other_rows_are_no_leads() -> None:
    assert lead_row(codec.RowCodec([Pulse]).encode(Pulse("h", 0, 1, 2))) is None
    for broken in (b"\2" + bytes(19) + b"Lead {}", b"\1" + bytes(19) + b"Lead {}"):
        with pytest.raises(codec.Undecodable):
            lead_row(broken)


@given(TEXT, st.integers(0, 99), st.sampled_from(["sla.breached", "lead.closed"]), st.just("") | TEXT)
def test_the_id_of_an_outcome_is_known_beforehand(lead_id: str, turn: int, kind: str, qualifier: str) -> None:
    outcome = Publish(type=kind, lead_id=lead_id, turn=turn, at=0, qualifier=qualifier)
    assert id_of(lead_id, turn, kind, qualifier) == codec.outcome_id(outcome).encode()


def test_a_set_of_hashes_is_a_set() -> None:
    names = [str(Random(1).randrange(10**9)).encode()] + [b"%d" % n for n in range(20_000)]
    hashes = Hashes()
    assert [hashes.add(name) for name in names] == [True] * len(names)
    assert [hashes.add(name) for name in names] == [False] * len(names)
    assert all(name in hashes for name in names)
    assert b"-1" not in hashes
    assert len(hashes) == len(names)


def test_what_is_found_is_what_the_figures_count() -> None:
    assert set(FINDING.values) == {kind.value for kind in Wrong}


# logs that have lost their beginning


def ancient(archive: Archive) -> Recorded:
    """Breached and reassigned, escalated, and nobody has cared since."""
    world = Recorded()
    world.feed(facts.lead("L-1", T0, owner_id="anna"))
    world.to(T0 + DAY)
    archive.save(world)
    return world


def test_nothing_is_said_of_outcomes_that_are_kept_no_more(archive: Archive) -> None:
    ancient(archive)
    archive.expire(Log.OUTCOMES, T0 + 15 * MINUTE)
    report = archive.audit(T0 + 2 * DAY)
    assert told(report) == []
    assert report.complete_since > T0 + 10 * MINUTE
    archive.expire(Log.OUTCOMES, T0 + 2 * DAY)
    report = archive.audit(T0 + 2 * DAY)
    assert (told(report), report.complete_since) == ([], T0 + 2 * DAY)


def test_leads_whose_rows_are_gone_and_whose_creations_are_not_are_not_lost(archive: Archive) -> None:
    world = ancient(archive)
    world.feed(facts.closed("L-1", world.now))
    world.to(world.now + 8 * DAY)
    assert "L-1" not in world.logs[Log.EVENTS].rows
    assert told(archive.save(world).audit(world.now)) == []
    archive.expire(Log.OUTCOMES, world.now)
    assert told(archive.audit(world.now)) == []


def test_an_audit_that_was_overtaken_by_retention_says_so(archive: Archive) -> None:
    world = ancient(archive)

    def pass_by(instant: int) -> None:
        world.feed(facts.message(world.now, lead_id="L-1"))
        world.to(instant)
        archive.save(world).expire(Log.OUTCOMES, instant)

    with pytest.raises(LogLost, match="start the audit again"):
        archive.audits([T0 + DAY, T0 + 3 * DAY], lambda at: at == T0 + DAY or pass_by(at))


async def test_a_read_that_fails_goes_on_where_it_was(archive: Archive) -> None:
    await asyncio.to_thread(ancient, archive)
    with closing(Embedded.existing(archive.shelf.settings)) as logs:
        following = Following(logs, Log.OUTCOMES)
        everything = [record.offset async for record in Following(logs, Log.OUTCOMES).news(T0)]
        seen = []
        async with aclosing(following.news(T0)) as news:
            async for record in news:
                seen.append(record.offset)
                if len(seen) == 3:
                    break
        seen += [record.offset async for record in following.news(T0)]
    assert seen == everything
