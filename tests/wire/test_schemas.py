"""What is published about events is generated from the models, and true."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sla_monitor import wire
from sla_monitor.wire.examples import EXAMPLES


@pytest.mark.parametrize("kind", wire.DATA)
def test_a_schema_is_valid_and_accepts_its_example(kind):
    schema = wire.schema(kind)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(EXAMPLES[kind])


@pytest.mark.parametrize("kind", wire.DATA)
def test_a_schema_refuses_what_the_code_refuses(kind):
    validator = Draft202012Validator(wire.schema(kind))
    for name in [name for name, field in wire.DATA[kind].model_fields.items() if field.is_required()]:
        broken = copy.deepcopy(EXAMPLES[kind])
        del broken["data"][name]
        assert not validator.is_valid(broken)
        with pytest.raises(wire.Invalid):
            wire.read(broken, 2**42)


def test_the_page_about_events_is_current():
    page = Path(__file__).parents[2] / "docs" / "events.md"
    assert page.read_text() == wire.events_markdown(), "run: python -m sla_monitor.wire > docs/events.md"
