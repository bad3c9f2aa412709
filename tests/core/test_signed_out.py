"""The desk keeps what all who serve the board must know: which sessions were ended before their time."""

from __future__ import annotations

from dataclasses import replace

from sla_monitor.core.books import Books
from sla_monitor.core.effects import Log
from sla_monitor.core.events import SessionEnded
from sla_monitor.core.roster import SignedOut
from tests import facts
from tests.world import MINUTE, T0, World

ENDED = SessionEnded(digest="d1", name="anna", until=T0 + MINUTE, at=T0)


def test_a_session_that_was_ended_is_known_until_it_would_have_ended_by_itself() -> None:
    w = World()
    rows = w.logs[Log.DESK].rows
    for digest, until in (("d1", T0 + MINUTE), ("d0", T0)):
        w._append(Log.DESK, f"s:{digest}", replace(ENDED, digest=digest, until=until))
    w.run()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    assert {key for key in rows if key.startswith("s:")} == {"s:d1"}
    w.to(T0 + MINUTE - 1)
    assert "s:d1" in rows
    w.to(T0 + MINUTE)
    assert "s:d1" not in rows


def test_it_is_neither_held_nor_waiting_in_the_books() -> None:
    books, header = Books(), SignedOut("anna", T0).header()
    books.add(b"s:d1", header)
    assert (books.holds, books.waits, books.managers) == ({}, {}, set())
    books.remove(b"s:d1", header)
    assert (books.holds, books.waits, books.managers) == ({}, {}, set())
