"""What is written to standard error: a line a message, and none again and again."""

from __future__ import annotations

import logging

EVERY = 30.0
"""Seconds in which a warning is written once, however often it comes: while brokers are away, clients that try again
would write hundreds of lines a second."""
TEXTS = 1_000
"""Different warnings kept in mind at most."""

LEVELS = {
    "faust": "WARNING",
    "mode": "WARNING",
    "aiokafka": "WARNING",
    "aiokafka.producer.sender": "ERROR",  # a step that begins while the last one's markers are written is tried again
    "aiohttp.access": "WARNING",
    # Faust's services log under the names of our modules that define them.
    "sla_monitor.stream.app": "ERROR",  # each rebalance is a warning without a sensor of Faust's, and we have none
    "sla_monitor.stream.embedded.transport": "WARNING",
    "sla_monitor.stream.kafka.transport": "WARNING",
    "sla_monitor.stream.unused": "WARNING",
}
"""What libraries say of their daily work is not worth a line."""


def configure_logging() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(Repeats())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[handler]
    )
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)


class Repeats(logging.Filter):
    """Keeps back a warning that was written less than `EVERY` seconds ago; the next one says how many there were."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        text = record.getMessage()
        at, kept_back = self._written.get(text, (float("-inf"), 0))
        if record.created - at < EVERY:
            self._written[text] = at, kept_back + 1
            return False
        if len(self._written) >= TEXTS:
            self._written.clear()
        self._written[text] = record.created, 0
        if kept_back:
            record.msg, record.args = f"{text} ({kept_back} more times in between)", ()
        return True
