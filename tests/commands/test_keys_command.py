"""`sla-monitor keys new`."""

from __future__ import annotations

import pytest

from sla_monitor.errors import Misconfigured
from sla_monitor.keys import parse_keys
from tests.commands.shelf import Run


def test_a_new_key_is_printed_with_an_entry_that_lets_it_in(run: Run) -> None:
    answer = run(
        "keys", "new", "pbx1", "--uri", "/pbx/msk1", "--uri", "/pbx/spb, 2", "--scope", "write", "--scope", "read"
    )
    token, entry = answer.out.splitlines()
    key = parse_keys(entry).find(token)
    assert (answer.code, key.name, key.scopes) == (0, "pbx1", {"write", "read"})
    assert key.uris == ("/pbx/msk1", "/pbx/spb, 2")


def test_a_key_may_only_write_if_nothing_else_is_said(run: Run) -> None:
    token, entry = run("keys", "new", "crm").out.splitlines()
    assert parse_keys(entry).find(token).scopes == {"write"}
    assert entry.endswith("scopes: [write]}")


def test_what_people_are_told_beside_it_is_not_on_standard_output(run: Run) -> None:
    assert "SLA_KEYS" in run("keys", "new", "crm").err


def test_a_program_takes_the_key_and_its_entry_as_json(run: Run) -> None:
    said = run("keys", "new", "anna", "--scope", "act", "--manager", "anna", "--json").json
    found = parse_keys(said["entry"]).find(said["key"])
    assert (said["name"], found.name, found.manager) == ("anna", "anna", "anna")


def test_one_mistake_is_told_once(run: Run) -> None:
    assert run("keys", "new", "crm", "--scope", "wrong").err.count("the new key:1: ") == 1
    with pytest.raises(Misconfigured, match="must have at least 1"):
        parse_keys("crm: {scopes: []}")


def test_a_name_or_a_scope_that_cannot_be_is_a_mistake(run: Run) -> None:
    for args in (("other",), ("a: {}",), ("x", "--scope", "everything")):
        answer = run("keys", "new", *args)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("the new key:1: ")
