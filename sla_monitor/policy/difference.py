"""How two policies differ, in the words of the policy file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from sla_monitor.core.rules import Bounds, Rules
from sla_monitor.values import duration_text

SPANS = frozenset(
    {"target", "allowance", "unowned_after", "absence_grace", "contact_target", "max_delay"}
    | {field.name for field in fields(Bounds) if field.name != "digest_after"}
)
"""Fields that hold ms."""
SECRET = frozenset({"notify", "url", "secret_file", "phones", "own_numbers", "title", "body"})
"""Fields whose values are not shown: they may be keys or numbers, or are long."""


def differences(before: Rules, after: Rules) -> list[str]:
    """A line for each difference; none if they promise the same. before: in force. after: of the file."""
    return [
        line
        for field in fields(Rules)
        if field.name != "version"
        for line in _compare(field.name, getattr(before, field.name), getattr(after, field.name))
    ]


def _compare(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if _is_policies(before, after):
        yield from _policies(path, before, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(path, before, after)
    elif is_dataclass(before) and type(before) is type(after):
        for field in fields(before):
            yield from _compare(f"{path}.{field.name}", getattr(before, field.name), getattr(after, field.name))
    else:
        yield f"{path}: {_values(path, before, after)}"


def _is_policies(*values: Any) -> bool:
    return all(isinstance(value, tuple) and value and hasattr(value[0], "match") for value in values)


def _policies(path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    """By their names; what matches first counts, so another order is a difference."""
    were, are = ({policy.name: policy for policy in policies} for policies in (before, after))
    yield from _mappings(path, were, are)
    kept, now = [name for name in were if name in are], [name for name in are if name in were]
    if kept != now:
        yield f"{path}: another order"


def _mappings(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield f"{path}.{name}: only in force"
        elif name not in before:
            yield f"{path}.{name}: only in the file"
        else:
            yield from _compare(f"{path}.{name}", before[name], after[name])


def _values(path: str, before: Any, after: Any) -> str:
    name = path.rpartition(".")[2]
    if name in SECRET or name in {"week", "dates"}:
        return "another in the file"
    return f"{_shown(name, after)} in the file, {_shown(name, before)} in force"


def _shown(name: str, value: Any) -> str:
    if value is None or value in ((), ""):
        return "none"
    if name in SPANS:
        return duration_text(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
