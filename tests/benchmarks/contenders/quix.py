"""Quix Streams: one data frame, its state in RocksDB with a changelog, and topics to write to.

Takes the guarantee, `at-least-once` or `exactly-once`; tests/benchmarks/kafka_throughput.py says how to install it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found]
from quixstreams.models import BytesSerializer  # type: ignore[import-not-found]

from sla_monitor.core.effects import Log
from tests.benchmarks.contenders.work import WRITTEN, Output, Site, fold


class Value(BytesSerializer):  # type: ignore[misc]
    """Of an output, what lies in its record."""

    def __call__(self, output: Output, ctx: Any) -> bytes:
        return output.value


def main(site: Site, guarantee: str) -> None:
    app = Application(
        broker_address=site.servers,
        consumer_group=site.prefix + "quix",
        auto_offset_reset="earliest",
        processing_guarantee=guarantee,
        state_dir=os.environ["SLA_DATA_DIR"],
        commit_interval=float(os.environ.get("COMMIT_INTERVAL", "1")),
        loglevel="WARNING",
    )
    raw = {"key_serializer": "bytes", "key_deserializer": "bytes", "value_deserializer": "bytes"}
    topics = {log: app.topic(site.prefix + log, value_serializer=Value(), **raw) for log in WRITTEN}

    def work(value: bytes, key: bytes, _timestamp: int, _headers: Any, state: State) -> list[Output]:
        puts, outputs = fold(lambda _: state.get_bytes("row"), key, value)
        for row in puts.values():
            if row is None:
                state.delete("row")
            else:
                state.set_bytes("row", row)
        return outputs

    frame = app.dataframe(app.topic(site.prefix + Log.EVENTS, value_serializer="bytes", **raw))
    frame = frame.apply(work, stateful=True, expand=True, metadata=True)
    frame.to_topic(lambda output, *_: topics[output.log], key=lambda output: output.key)
    print("runs", flush=True)
    app.run()


if __name__ == "__main__":
    main(Site.of_environment(), sys.argv[1])
