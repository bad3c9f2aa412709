"""A policy file -> rules, or every mistake in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sla_monitor.codec import encode_record
from sla_monitor.core.events import RulesChanged
from sla_monitor.core.rules import Rules
from sla_monitor.documents import parse, read_text, validate
from sla_monitor.errors import Misconfigured, Problem

from .checks import Wrong, check, nothing_wrong
from .example import EXAMPLE
from .model import PolicyFile
from .resolve import resolve

LARGEST = 250 * 1024
"""Rules lie in one row of each partition (R33), and a row holds 256 KiB."""


def read_rules(path: Path, today: date, wrong: Wrong = nothing_wrong) -> Rules:
    """The rules of a policy file. Raises Misconfigured with all its mistakes."""
    return parse_rules(read_text(path), today, name=str(path), wrong=wrong)


def parse_rules(text: str, today: date, *, name: str = "policy.yaml", wrong: Wrong = nothing_wrong) -> Rules:
    """The rules that a text says, version 0. name: of the file, for the mistakes.

    today: the holidays from the year before it to ten years after it become closed dates.
    wrong: what is wrong with a channel address, beyond what can be seen without the channels.
    Raises Misconfigured with all its mistakes, in the order of their lines.
    """
    document = parse(text, name)
    file, problems = validate(document, PolicyFile)
    problems += check(file, document, wrong)
    if problems:
        raise Misconfigured(sorted(problems, key=lambda problem: int(problem.place.rpartition(":")[2])))
    rules = resolve(file, today)
    size = len(encode_record(RulesChanged(version=0, rules=rules, at=0)))
    if size > LARGEST:
        message = f"makes rules of {size // 1024} KiB, and at most {LARGEST // 1024} KiB can be put in force"
        raise Misconfigured([Problem(name, "", message)])
    return rules


def default_rules() -> Rules:
    """Without a file: 10 minutes, around the clock, and nobody to reassign to."""
    return Rules()


def example_rules(today: date) -> Rules:
    """The rules of `EXAMPLE`."""
    return parse_rules(EXAMPLE, today, name="example.yaml")


def same(one: Rules, other: Rules) -> bool:
    """Whether they promise the same, whatever their versions."""
    return replace(one, version=0) == replace(other, version=0)


def schema() -> dict[str, Any]:
    """The JSON Schema of the policy file, for editors: `docs/policy.schema.json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PolicyFile.model_json_schema(by_alias=True)}
