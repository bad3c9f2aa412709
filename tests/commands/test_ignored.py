"""`sla-monitor ignored`."""

from __future__ import annotations

from sla_monitor.codec import RowCodec
from sla_monitor.commands.ignored import KEY
from sla_monitor.core.effects import Log
from sla_monitor.core.events import Noticed
from sla_monitor.core.noticed import Noted
from tests.commands.shelf import Run, Shelf
from tests.world import T0

SAMPLE = Noticed(
    source="bitrix", at=T0, reason="unknown_owner", kind="lead.created.v1", uri="/crm", id="evt-1", who="1269"
)


def test_nothing_was_ignored(run: Run, shelf: Shelf) -> None:
    answer = run("ignored", "--no-json")
    assert (answer.code, answer.out) == (0, "Nothing has been ignored.\n")


def test_people_read_what_it_was_and_what_to_write_into_the_policy(run: Run, shelf: Shelf) -> None:
    shelf.write(Log.DESK, {KEY: RowCodec((Noted,)).encode(Noted(samples=[SAMPLE]))})
    answer = run("ignored", "--no-json")
    assert answer.code == 1
    assert "bitrix  lead.created.v1 /crm evt-1" in answer.out
    assert "unknown_owner, 1269: " in answer.out
    assert "`managers.ID.ids.bitrix`" in answer.out
    assert run("ignored").json[0]["id"] == "evt-1"
