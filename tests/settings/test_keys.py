"""Keys open what their file says, and nothing else."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from sla_monitor.errors import Misconfigured
from sla_monitor.keys import KeyRing, mark_of, new_key, parse_keys, read_keys

DIGEST = sha256(b"token").hexdigest()


def mistakes(text: str) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        parse_keys(text)
    return [str(problem).removeprefix("keys.yaml:") for problem in caught.value.problems]


def test_a_new_key_opens_with_the_entry_that_was_printed_with_it():
    token, entry = new_key("pbx1")
    key = parse_keys(entry).find(token)
    assert key is not None
    assert (key.name, key.scopes, key.uris) == ("pbx1", frozenset({"write"}), ())
    assert token not in entry


def test_a_persons_key_names_their_manager_and_acting_includes_looking():
    token, entry = new_key("anna", ["act"], manager="anna")
    key = parse_keys(entry).find(token)
    assert (key.manager, key.scopes) == ("anna", {"act", "read"})
    assert parse_keys(new_key("root", ["admin"])[1]).keys[0].scopes == {"admin", "act", "read"}
    assert parse_keys(new_key("pbx", ["write"])[1]).keys[0].scopes == {"write"}


def test_a_mark_finds_the_key_it_is_of_while_that_key_is_there():
    token, entry = new_key("anna", ["act"])
    ring = parse_keys(entry)
    assert ring.marked("anna", mark_of(token)) == ring.find(token)
    assert ring.marked("vera", mark_of(token)) is None
    assert ring.marked("anna", mark_of(token + "x")) is None
    assert token not in mark_of(token)


def test_two_new_keys_differ():
    assert new_key("a")[0] != new_key("a")[0]


def test_a_token_finds_its_own_key_and_a_wrong_one_none():
    (one, first), (two, second) = new_key("one"), new_key("two")
    ring = parse_keys(first + second)
    assert [ring.find(token).name for token in (one, two)] == ["one", "two"]
    assert ring.find(one + "x") is None
    assert ring.find("") is None
    assert ring.find("\udcff") is None


def test_a_key_may_be_changed_without_a_pause():
    ring = parse_keys(f"a: {{sha256: [{DIGEST}, {sha256(b'old').hexdigest()}], scopes: [write, read]}}")
    assert ring.find("token") == ring.find("old")


def test_a_ring_without_keys_is_false():
    assert not KeyRing()
    assert not parse_keys("")
    assert parse_keys(new_key("a")[1])


def test_a_key_writes_only_its_uris():
    ring = parse_keys(f"a: {{sha256: [{DIGEST}], scopes: [write], uri: [/pbx/msk1, /crm/]}}")
    key = ring.find("token")
    assert [key.may_write(uri) for uri in ("/pbx/msk1", "/pbx/msk1/line2", "/crm/x")] == [True] * 3
    assert [key.may_write(uri) for uri in ("/pbx/msk10", "/pbx", "/other", "")] == [False] * 4


def test_a_key_without_uris_writes_any_and_one_without_the_scope_none():
    text = "a: {sha256: [%s], scopes: [%s]}"
    assert parse_keys(text % (DIGEST, "write")).find("token").may_write("/any")
    assert not parse_keys(text % (DIGEST, "read")).find("token").may_write("/any")


def test_without_a_token_the_longest_uri_names_the_source():
    entry = "%s: {sha256: [%s], scopes: [write], uri: [%s]}\n"
    ring = parse_keys(entry % ("wide", DIGEST, "/pbx") + entry % ("near", sha256(b"b").hexdigest(), "/pbx/msk1"))
    assert [ring.source_of(uri) for uri in ("/pbx/msk1/2", "/pbx/spb", "/crm")] == ["near", "wide", "other"]


def test_every_mistake_is_told_with_its_line(tmp_path: Path):
    text = f"""
a: {{sha256: [{DIGEST}], scopes: [wrte]}}
b: {{sha256: [abc], scopes: []}}
c: {{sha256: [{DIGEST}], scopes: [read]}}
d: {{sha256: [{DIGEST}], scopes: [read], urls: [x]}}
other: {{sha256: [{sha256(b"o").hexdigest()}], scopes: [read]}}
e f: {{}}
"""
    told = mistakes(text)
    for expected in (
        "2: a.scopes[0]: must be 'write', 'read', 'act' or 'admin'",
        "3: b.sha256[0]: must be the SHA-256 of a key",
        "3: b.scopes: must have at least 1",
        "5: d.urls: is not known here; there are: identities, manager, scopes, sha256, uri",
        "6: other: is the name for events that no key claims",
        "7: e f: must be 1 to 64 letters",
    ):
        assert any(line.startswith(expected) for line in told), expected


def test_one_key_cannot_have_two_names():
    text = f"a: {{sha256: [{DIGEST}], scopes: [read]}}\nb: {{sha256: [{DIGEST}], scopes: [write]}}"
    assert mistakes(text) == ["2: b.sha256[0]: is a key of a already"]


def test_a_bad_name_gets_no_key():
    for name in ("", "a b", "other", "a: b", "x" * 65):
        with pytest.raises(Misconfigured):
            new_key(name)


def test_keys_are_read_from_their_file(tmp_path: Path):
    token, entry = new_key("crm")
    (tmp_path / "keys.yaml").write_text(entry)
    assert read_keys(tmp_path / "keys.yaml").find(token).name == "crm"
