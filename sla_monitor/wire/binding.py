"""CloudEvents in Kafka messages. Source: the Kafka Protocol Binding for CloudEvents 1.0.2."""

from __future__ import annotations

import json
from base64 import b64encode
from codecs import BOM_UTF8
from collections.abc import Iterable

from .reading import Malformed, decode

ATTRIBUTE = "ce_"
CONTENT_TYPE = "content-type"
DATA_TYPE = "datacontenttype"
STRUCTURED = "application/cloudevents"


def structured(headers: Iterable[tuple[str, bytes | None]], value: bytes) -> bytes:
    """The event as one JSON text: the value as it is or, in binary mode, with the attributes of the headers.

    So a dead letter is whole, and can be sent again. A message that says nothing of its mode is taken as structured.
    """
    given = [(name.lower(), _text(raw)) for name, raw in headers]
    binary = any(name == f"{ATTRIBUTE}specversion" for name, _ in given)
    if not binary or any(name == CONTENT_TYPE and text.startswith(STRUCTURED) for name, text in given):
        return value
    members = [(name.removeprefix(ATTRIBUTE), text) for name, text in given if name.startswith(ATTRIBUTE)]
    if not any(name == DATA_TYPE for name, _ in members):
        members += [(DATA_TYPE, text) for name, text in given if name == CONTENT_TYPE]
    written = [_member(name, text) for name, text in members]  # one by one: a name given twice stays doubtful
    return b"{%b}" % b",".join([*written, _data(value)])


def _data(value: bytes) -> bytes:
    """What is JSON stands as it is, whatever the headers call it."""
    try:
        decode(value)
    except Malformed:
        return _member("data_base64", b64encode(value).decode())
    return b'"data":' + value.removeprefix(BOM_UTF8)


def _member(name: str, text: str) -> bytes:
    return f"{json.dumps(name)}:{json.dumps(text)}".encode()


def _text(raw: bytes | None) -> str:
    """Values are not percent-encoded. Bytes that are no UTF-8 become lone surrogates, which no event may have."""
    return (raw or b"").decode(errors="surrogateescape")
