"""Stock Faust: an agent, a table in memory with its changelog, and topics to send to; at least once."""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from sla_monitor.core.effects import Log
from tests.benchmarks.contenders.work import WRITTEN, Site, fold


def make(site: Site) -> faust.App:
    bytes_ = {"key_type": bytes, "value_type": bytes}
    raw = {**bytes_, "key_serializer": "raw", "value_serializer": "raw"}
    app = faust.App(
        site.prefix + "faust",
        broker=f"kafka://{site.servers}",
        store="memory://",
        topic_partitions=site.partitions,
        topic_disable_leader=True,
        web_enabled=False,
        table_standby_replicas=0,
    )
    rows = app.Table("rows", partitions=site.partitions, **bytes_)
    topics = {log: app.topic(site.prefix + log, **raw) for log in WRITTEN}

    async def work(stream: Any) -> None:
        async for key, value in stream.items():
            puts, outputs = fold(rows.get, key, value)
            for at, row in puts.items():
                rows[at] = row
            for output in outputs:
                topics[output.log].send_soon(key=output.key, value=output.value)

    app.agent(app.topic(site.prefix + Log.EVENTS, **raw))(work)
    return app


async def main(site: Site) -> None:
    app = make(site)
    await app.start()
    print("runs", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Site.of_environment()))
