"""YAML files whose every mistake is reported at once, with its line, its path and what to do.

Every scalar stays the text that was written, and the pydantic model of the file says what it is to be: so `NO` is
Norway, `0101` an extension, `10:00` a time and `2026-12-31` a date. Only a plain `null`, `~` or nothing is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from .errors import Misconfigured, Problem

SIZE = 1024 * 1024
DEPTH = 16

T = TypeVar("T")

KeyPath = tuple[str | int, ...]
"""Where a value stands in its file: keys and indices."""

NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
STRING_TAG = "tag:yaml.org,2002:str"

TEXTS = {
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must be a mapping, such as {key: value}",
    "model_type": "must be a mapping, such as {key: value}",
    "model_attributes_type": "must be a mapping, such as {key: value}",
}


@dataclass(slots=True)
class Document:
    """A parsed file. lines: path -> line, from 1. problems: what was wrong with it as YAML."""

    name: str
    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """The mistake at a path; one that is not in the file is placed at what would hold it."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Problem(f"{self.name}:{self.lines.get(known, 1)}", path_text(path), message)

    def keys(self, section: str) -> list[str]:
        """The keys of a mapping at the top of the file, those with mistakes inside included."""
        part = self.value.get(section) if isinstance(self.value, dict) else None
        return list(part) if isinstance(part, dict) else []


def path_text(path: KeyPath) -> str:
    """`policies[0].target`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean x?`, or the choice if nothing is near, or nothing if there is no choice."""
    names = sorted(known)
    near = get_close_matches(str(word), names, n=1)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there are: {', '.join(names)}" if names else ""


def read_text(path: Path) -> str:
    """The text of a file. Raises Misconfigured if it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE + 1)
        if len(raw) > SIZE:
            raise Misconfigured([Problem(str(path), "", "is larger than 1 MiB")])
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Misconfigured([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise Misconfigured([Problem(str(path), "", "is not UTF-8 text")]) from error


def parse(text: str, name: str) -> Document:
    """The document in a text; duplicate keys are among its problems. Raises Misconfigured if it is no plain YAML."""
    document = Document(name)
    if len(text) > SIZE:
        raise Misconfigured([Problem(name, "", "is larger than 1 MiB")])
    try:
        _refuse_bombs(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Misconfigured([_syntax_problem(error, name)]) from error
    document.value = _value(node, (), document) if node is not None else {}
    return document


def _refuse_bombs(text: str, name: str) -> None:
    """Walk the flat events before anything recursive sees them: no aliases, no deep nesting."""
    depth = 0
    event: Any  # the stubs have lines that may be None
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            message = "aliases (*name) are not read here; write the value out"
        elif depth > DEPTH:
            message = f"is nested deeper than {DEPTH} levels"
        else:
            continue
        raise Misconfigured([Problem(f"{name}:{event.start_mark.line + 1}", "", message)])


def _syntax_problem(error: yaml.YAMLError, name: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{name}:{mark.line + 1}" if mark else name
    return Problem(
        place, "", f"is not YAML: {getattr(error, 'problem', None) or 'a character that YAML does not have'}"
    )


def _value(node: Any, path: KeyPath, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), document) for index, item in enumerate(node.value)]
    plain = not node.style and node.tag != STRING_TAG
    return None if plain and node.value in NOTHING else node.value


def _mapping(node: yaml.MappingNode, path: KeyPath, document: Document) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        here = (*path, key)
        if here in document.lines:
            line = key_node.start_mark.line + 1
            message = f"is given twice, first in line {document.lines[here]}; the file keeps one of them"
            document.problems.append(Problem(f"{document.name}:{line}", path_text(here), message))
            continue
        document.lines[here] = key_node.start_mark.line + 1
        values[key] = _value(value_node, here, document)
    return values


def validate(document: Document, kind: type[T]) -> tuple[T, list[Problem]]:
    """The file as what it is to be, and every mistake in it.

    Entries with a mistake are left out, so that the others can be checked against each other still.
    Raises Misconfigured when nothing can be made of it.
    """
    problems, value = list(document.problems), deepcopy(document.value)
    pruned: list[KeyPath] = []
    adapter = TypeAdapter(kind)
    while True:
        try:
            return adapter.validate_python(value), problems
        except ValidationError as error:
            found = [(_path(details), details) for details in error.errors(include_url=False)]
        new = [(path, details) for path, details in found if not _follows(path, pruned)]
        problems += [document.problem(path, _message(path, details, kind)) for path, details in new]
        left_out = [_prune(value, path, pruned) for path, _ in found]
        if not all(left_out):
            raise Misconfigured(problems)


def _follows(path: KeyPath, pruned: Iterable[KeyPath]) -> bool:
    """Whether a mistake may come only of what was left out inside."""
    return any(gone[: len(path)] == path for gone in pruned)


def _path(details: ErrorDetails) -> KeyPath:
    return tuple(part for part in details["loc"] if part != "[key]")


def _prune(value: Any, path: KeyPath, pruned: list[KeyPath]) -> bool:
    """Leave out the innermost entry of a mapping that has the mistake; whether there is none left to blame."""
    holders = [value]
    for part in path[:-1]:
        inner = holders[-1]
        known = part in inner if isinstance(inner, dict) else isinstance(inner, list)
        if not known:
            break
        holders.append(inner[part])
    for depth in range(len(holders) - 1, -1, -1):
        if isinstance(holders[depth], dict) and path and path[depth] in holders[depth]:
            del holders[depth][path[depth]]
            pruned.append(path[: depth + 1])
            return True
    return any(gone == path[: len(gone)] for gone in pruned)


def _message(path: KeyPath, details: ErrorDetails, kind: Any) -> str:
    if details["type"] == "extra_forbidden":
        return "is not known here" + did_you_mean(path[-1], _known_keys(kind, path[:-1]))
    return plain_message(details)


def plain_message(details: ErrorDetails) -> str:
    """What pydantic found, in plain words that begin with a verb. The value is not repeated."""
    if details["type"] == "literal_error":
        return f"must be {details['ctx']['expected']}"
    if details["type"].endswith(("too_short", "too_long")):
        bounds = details["ctx"]
        least = "min_length" in bounds
        return f"must have at {'least' if least else 'most'} {bounds['min_length' if least else 'max_length']}"
    said = details["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return TEXTS.get(details["type"], said)


def _known_keys(kind: Any, path: KeyPath) -> list[str]:
    """The keys that a file of this type may have at a path."""
    for part in path:
        kind = _inside(kind, part)
    return list(_fields(kind))


def _inside(kind: Any, part: str | int) -> Any:
    """The type of what lies at a key of a model or mapping, or at an index of a list; without `| None`."""
    if isinstance(kind, type):
        kind = _fields(kind)[str(part)]
    else:
        kind = [arg for arg in get_args(kind) if arg is not Ellipsis][-1]
    named = [arg for arg in get_args(kind) if arg is not NoneType]
    return named[0] if NoneType in get_args(kind) else kind


def _fields(model: type[BaseModel]) -> Mapping[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}
