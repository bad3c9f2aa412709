"""What was ever written is read ever after, and means what it meant."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from aiokafka.structs import TopicPartition

from sla_monitor import codec
from sla_monitor.bootstrap import ROLES
from sla_monitor.core import effects, events
from sla_monitor.core.fold import Plain
from sla_monitor.core.ledger import Ledger
from sla_monitor.stream.index import Index
from sla_monitor.stream.kafka.rows import PLACE, Kept
from sla_monitor.wire_names import RECORDS, ROWS
from tests.kept.golden import GOLDEN, builtins
from tests.stream.bench import Told

HOW = "python -m tests.kept.golden makes the file that is missing; one that is there is never made anew"
OURS = {kind: name for kind, name in ROWS.items() if kind is not Told}


def examples(folder: str) -> list[Any]:
    return [
        pytest.param(path.stem, example, id=f"{path.stem}-{number}")
        for path in sorted((GOLDEN / folder).glob("*.json"))
        for number, example in enumerate(json.loads(path.read_text(encoding="utf-8"))["examples"])
    ]


def meant(example: dict[str, Any]) -> Any:
    """What the bytes said then; `now`: the same as the present version has it, written by hand beside it."""
    return example.get("now", example["fields"])


def has(found: Any, told: Any) -> bool:
    """Whether all that was told is there, whatever was added since."""
    if isinstance(told, dict):
        return isinstance(found, dict) and all(name in found and has(found[name], told[name]) for name in told)
    if isinstance(told, list):
        return isinstance(found, list) and len(found) == len(told) and all(map(has, found, told))
    return bool(found == told)


def appended() -> set[type]:
    """All that is written to a log: what is appended, or carried by what is; the policy; and what commands write."""
    carriers = (effects.Accept, effects.Deliver)
    carried = {kind for carrier in carriers for kind in get_args(get_type_hints(carrier)["fact"])}
    appended = set(get_args(effects.Append)) - set(carriers)
    return appended | carried | {events.RulesChanged, events.WebhookEnabled}


def test_every_kind_of_record_that_is_written_has_a_name():
    assert appended() <= set(RECORDS)


def test_every_kind_of_row_of_every_log_has_a_name():
    assert {kind for role in ROLES for kind in role.reducer().kinds} | {Ledger} == set(OURS)


@pytest.mark.parametrize("names", [RECORDS, ROWS], ids=["records", "rows"])
def test_no_name_is_that_of_two_kinds_and_none_has_a_space(names):
    assert len(set(names.values())) == len(names)
    assert not any(b" " in name for name in names.values())


@pytest.mark.parametrize(("folder", "names"), [("records", RECORDS), ("rows", OURS)])
def test_every_kind_has_its_bytes_kept(folder, names):
    assert {path.stem for path in (GOLDEN / folder).glob("*.json")} == {name.decode() for name in names.values()}, HOW


def test_every_optional_field_is_in_the_bytes_that_are_kept():
    for path in Path(GOLDEN).glob("*/*.json"):
        bare, whole, *_ = json.loads(path.read_text(encoding="utf-8"))["examples"]
        kind = {name.decode(): kind for kind, name in (RECORDS | OURS).items()}[path.stem]
        required = msgspec.inspect.type_info(kind).fields
        optional = {field.name for field in required if not field.required} & set(bare["fields"])
        assert [name for name in optional if bare["fields"][name] == whole["fields"][name]] == [], path.stem


@pytest.mark.parametrize(("name", "example"), examples("records"))
def test_a_record_means_what_it_meant(name, example):
    fact = codec.decode_record(example["record"].encode())
    assert RECORDS[type(fact)].decode() == name
    assert has(builtins(fact), meant(example))


@pytest.mark.parametrize(("name", "example"), examples("rows"))
def test_a_row_means_what_it_meant_and_is_written_in_the_present_version_when_it_is_written(name, example):
    kept = bytes.fromhex(example["row"])
    (kind,) = (kind for kind, wire in OURS.items() if wire.decode() == name)
    rows = codec.RowCodec((kind,))
    row = rows.decode(kept)
    assert has(builtins(row), meant(example))
    assert list(codec.read_header(kept)) == example["header"]
    again = rows.encode(row)
    assert kept[0] in codec.READ
    assert again[0] == codec.VERSION
    assert rows.decode(again) == row


@pytest.mark.parametrize(("name", "example"), examples("records"))
def test_the_policy_row_of_the_version_before_is_read(name, example):
    kept = codec.HEADER.pack(2, codec.NEVER, 0, 0, 0) + example["record"].encode()
    if name == "RulesChanged":
        assert has(builtins(codec.decode_rules_row(kept)), meant(example))
    else:
        with pytest.raises(codec.Undecodable):
            codec.decode_rules_row(kept)


async def test_rows_of_the_version_before_are_opened_from_a_topic_as_from_a_file():
    """Their bytes and keys are the same in both; the place beside them is Kafka's own."""
    rows = [
        (f"row-{n}".encode(), bytes.fromhex(example.values[1]["row"])) for n, example in enumerate(examples("rows"))
    ]
    place = (PLACE, b'{"place": 7, "topic": "a", "rows": "b"}')
    kept = Kept(TopicPartition("sla.events.rows", 0))
    kept.take(SimpleNamespace(key=key, value=value, offset=n) for n, (key, value) in enumerate([*rows, place]))
    assert (kept.place.place, kept.rows) == (7, dict(rows))

    index = Index(lambda: kept.rows, ())
    await index.build("sla.events/0", Plain())
    assert index.gauges().rows == len(rows)
    assert index.timers.first()[0] == min(codec.next_due(value) for _, value in rows)
