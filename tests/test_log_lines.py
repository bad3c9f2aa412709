"""A warning that comes again and again is written once in a while."""

from __future__ import annotations

import logging

from sla_monitor.log_lines import EVERY, TEXTS, Repeats


def told(repeats: Repeats, text: str, at: float, level: int = logging.WARNING) -> str | None:
    """What is written, if anything."""
    record = logging.LogRecord("aiokafka", level, __file__, 1, "%s", (text,), None)
    record.created = at
    return record.getMessage() if repeats.filter(record) else None


def test_a_warning_is_written_once_in_a_while_and_then_says_how_often_it_came():
    repeats = Repeats()
    assert told(repeats, "no broker", 0) == "no broker"
    assert told(repeats, "no broker", 1) is None
    assert told(repeats, "no broker", EVERY - 1) is None
    assert told(repeats, "no broker", EVERY) == "no broker (2 more times in between)"
    assert told(repeats, "no broker", 2 * EVERY) == "no broker"


def test_another_warning_is_written_and_so_is_what_is_no_warning():
    repeats = Repeats()
    assert told(repeats, "no broker", 0)
    assert told(repeats, "no leader", 0)
    assert told(repeats, "owns all", 0, logging.INFO)
    assert told(repeats, "owns all", 0, logging.INFO)


def test_ever_new_warnings_do_not_fill_the_memory():
    repeats = Repeats()
    for n in range(2 * TEXTS + 1):
        assert told(repeats, str(n), 0)
    assert len(repeats._written) <= TEXTS
