"""A row of an older version is brought to the present one step by step, and only where its fields were reshaped."""

from __future__ import annotations

import pytest

from sla_monitor import codec, upgrades
from sla_monitor.core.ledger import Ledger
from sla_monitor.upgrades import steps_of


def shout(fields):
    return {**fields, "said": fields["said"].upper()}


def twice(fields):
    return {**fields, "said": fields["said"] * 2}


def rename(fields):
    return {"since": fields["began"], "counts": fields.get("counts", {})}


STEPS = {(b"Said", 1): shout, (b"Said", 3): twice, (b"Other", 2): rename}


@pytest.mark.parametrize(
    ("version", "steps"),
    [(1, [shout, twice]), (2, [twice]), (3, [twice]), (4, [])],
)
def test_a_row_takes_the_steps_from_its_version_on_in_their_order(version, steps):
    assert steps_of(b"Said", version, 4, STEPS) == steps


def old_ledger(version: int, body: bytes) -> bytes:
    return codec.HEADER.pack(version, codec.NEVER, 0, 0, 0) + b"Ledger " + body


def test_a_reshaped_row_is_read_through_its_step(monkeypatch):
    monkeypatch.setitem(upgrades.STEPS, (b"Ledger", 2), rename)
    row = old_ledger(2, codec._pack({"began": 5}))
    assert codec.LEDGERS.decode(row) == Ledger(5)
    assert codec.fields_of(row) == (b"Ledger", codec._pack({"since": 5, "counts": {}}))


@pytest.mark.parametrize("body", [b"\xc1", codec._pack([1]), codec._pack({"since": 5})])
def test_a_row_that_its_step_does_not_fit_is_refused_by_name(monkeypatch, body):
    monkeypatch.setitem(upgrades.STEPS, (b"Ledger", 2), rename)
    with pytest.raises(codec.Undecodable):
        codec.LEDGERS.decode(old_ledger(2, body))


@pytest.mark.parametrize("version", [0, 1, codec.VERSION + 1])
def test_a_row_of_a_version_that_is_not_read_is_refused_with_those_that_are(version):
    with pytest.raises(codec.Undecodable, match=f"of version {version}; .* versions 2 to {codec.VERSION}"):
        codec.LEDGERS.decode(old_ledger(version, codec._pack({"since": 5})))
    with pytest.raises(codec.Undecodable, match=f"policy row of version {version}"):
        codec.decode_rules_row(old_ledger(version, b""))


def test_a_timer_put_off_leaves_the_row_in_the_version_it_has():
    row = old_ledger(2, codec._pack({"since": 5}))
    assert codec.LEDGERS.decode(codec.with_next_due(row, 7)) == Ledger(5)
