"""The wire: what producers send, and how it becomes facts."""

from sla_monitor.numbering import to_e164

from .binding import structured
from .facts import (
    BAD_NUMBER,
    NO_LEAD_NO_NUMBER,
    OWN_NUMBER,
    UNKNOWN_MANAGER,
    WITHHELD_NUMBER,
    Directory,
    Routed,
    to_facts,
)
from .models import DATA, EVENTS
from .reading import FUTURE_TIME, Event, Fault, Invalid, Malformed, decode, parse, parse_binary, read
from .reserved import DETAIL as RESERVED_DETAIL
from .reserved import reserved
from .routing import Entry, Routing
from .schemas import events_markdown, schema

__all__ = [
    "BAD_NUMBER",
    "DATA",
    "EVENTS",
    "FUTURE_TIME",
    "NO_LEAD_NO_NUMBER",
    "OWN_NUMBER",
    "RESERVED_DETAIL",
    "UNKNOWN_MANAGER",
    "WITHHELD_NUMBER",
    "Directory",
    "Entry",
    "Event",
    "Fault",
    "Invalid",
    "Malformed",
    "Routed",
    "Routing",
    "decode",
    "events_markdown",
    "parse",
    "parse_binary",
    "read",
    "reserved",
    "schema",
    "structured",
    "to_e164",
    "to_facts",
]
