"""One file a kind of record and row: bytes as they were once written, and what they said.

`python -m tests.kept.golden` makes those that are missing. A file that is there is never written again: it shows what
logs may hold.

Those in `golden/` that say `6b888d4` were written by the code of that commit, which named no kinds in a table:

    git worktree add /tmp/then 6b888d4
    PYTHONPATH=/tmp/then python tests/kept/golden.py --made-by 6b888d4
"""

from __future__ import annotations

import argparse
import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from sla_monitor import codec

GOLDEN = Path(__file__).parent / "golden"
ONE_OF = ("Parked", "Kept")
"""Of these only one of the optional fields is set."""


def kinds() -> tuple[dict[str, type], dict[str, type]]:
    """The records and the rows, by their wire names."""
    try:
        from sla_monitor.wire_names import RECORDS, ROWS
    except ImportError:  # the commit that named them by their classes
        from sla_monitor.bootstrap import ROLES
        from sla_monitor.core.ledger import Ledger

        rows = [kind for role in ROLES for kind in role.reducer().kinds] + [Ledger]
        return {kind.__name__: kind for kind in codec._FACTS}, {kind.__name__: kind for kind in rows}
    return tuple({name.decode(): kind for kind, name in names.items()} for names in (RECORDS, ROWS))


class Filling:
    """Makes values of any of our types, no two numbers or texts of which are the same."""

    def __init__(self) -> None:
        self._numbers = count(1_700_000_000_001)

    def made(self, kind: type, *, whole: bool) -> Any:
        """A dataclass with all its fields set to other than their defaults, or with none but those that have to be."""
        hints = get_type_hints(kind)
        required = [field for field in fields(kind) if field.default is field.default_factory is MISSING]
        wanted = fields(kind) if whole else required
        return kind(**{field.name: self.value(hints[field.name], field.name) for field in wanted})

    def value(self, hint: Any, name: str) -> Any:
        origin, args = get_origin(hint), get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self.value(args[0], name)
        if origin is tuple and args[-1] is not Ellipsis:
            return tuple(self.value(arg, name) for arg in args)
        if origin in (tuple, list):
            return origin(self._items(args[0], name))
        if origin in (dict, Mapping):
            return {self.value(args[0], name): self.value(args[1], name) for _ in range(2)}
        if is_dataclass(hint):
            return self.made(hint, whole=True)
        return self._plain(hint, name)

    def _items(self, hint: Any, name: str) -> Iterator[Any]:
        if getattr(hint, "__name__", "") in ONE_OF:
            hints = get_type_hints(hint)
            required = {field.name: self.value(hints[field.name], name) for field in fields(hint) if _required(field)}
            for field in fields(hint):
                if field.default is None:
                    yield hint(**required, **{field.name: self.value(hints[field.name], name)})
        else:
            yield from (self.value(hint, name) for _ in range(2))

    def _plain(self, hint: Any, name: str) -> Any:
        number = next(self._numbers)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return list(hint)[-1]
        made = {bool: True, int: number, float: number / 7, str: f"{name} ü {number}", type(None): None}
        return made.get(hint, [name, number, {"at": number}])


def _required(field: Any) -> bool:
    return field.default is field.default_factory is MISSING


def record(fact: Any) -> dict[str, Any]:
    written = codec.encode_record(fact)
    assert codec.decode_record(written) == fact
    return {"record": written.decode(), "fields": builtins(fact)}


def row(value: Any) -> dict[str, Any]:
    rows = codec.RowCodec((type(value),))
    written = rows.encode(value)
    assert rows.decode(written) == value
    return {"row": written.hex(), "header": list(value.header()), "fields": builtins(value)}


def builtins(value: Any) -> Any:
    """As JSON has it."""
    return json.loads(msgspec.json.encode(value))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made-by", default="", help="the commit whose code this is")
    made_by = parser.parse_args().made_by
    for folder, kept, example in zip(("records", "rows"), kinds(), (record, row), strict=True):
        for name, kind in kept.items():
            path = GOLDEN / folder / f"{name}.json"
            if not path.exists():
                filling = Filling()
                examples = [example(filling.made(kind, whole=whole)) for whole in (False, True)]
                path.parent.mkdir(parents=True, exist_ok=True)
                text = json.dumps({"made_by": made_by, "examples": examples}, ensure_ascii=False, indent=1)
                path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
