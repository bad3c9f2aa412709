"""Log -> outcome: `python -m tests.benchmarks.throughput [events] [runs]`

Everything of `up` runs in this process, without HTTP requests. All events are appended in one transaction; the clock
runs from its end to the commit of the last outcome. Beside it, in the same run: what the machine appends to SQLite and
decodes, so that figures of two machines can be compared. Processor time is less moved by what else the machine does.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Sequence
from time import perf_counter, time

from sla_monitor import codec
from sla_monitor.logs import Embedded
from sla_monitor.records import Record
from tests.benchmarks import workload
from tests.benchmarks.running import append, directory, folded, machine, opened, running, say, settings, until
from tests.embedded import bounds


async def appends(records: Sequence[Record]) -> float:
    """Seconds to append the same records through the inbox while nobody reads them."""
    with directory() as path:
        embedded = Embedded.open(settings(path))
        seconds = await append(embedded, records)
        embedded.close()
    return seconds


def decode(records: Sequence[Record]) -> float:
    began = perf_counter()
    for record in records:
        codec.decode_record(record.value)
    return perf_counter() - began


async def run(number: int) -> dict[str, float]:
    """One run; figure -> value."""
    now, rules = int(time() * 1000), workload.roster()
    records = workload.records(workload.cloud_events(number, now), rules, now)
    baseline = number / await appends(records)
    with directory() as path:
        async with running(path, rules) as (up, watch):
            await until(lambda: opened(up) and folded(up))
            await up.embedded.inbox.append(records)  # one transaction: nothing is folded meanwhile
            watch.begin()
            ended = await until(lambda: folded(up))
            seconds = watch.last_outcome - watch.began
            written = sum(bounds(up.embedded.file, topic)[1] for topic in up.embedded.topics) - number
            figures = {
                "events/s, log to the last outcome": number / seconds,
                "events/s of processor time": number / (watch.cpu_last - watch.cpu_began),
                "records written/s": written / seconds,
                "records written an event": written / number,
                "outcomes an event": watch.outcomes / number,
                "seconds to the last outcome": seconds,
                "seconds until nothing waits": ended - watch.began,
            }
            figures |= {f"steps of {log}": watch.steps[log] for log in watch.steps}
            figures |= {f"inputs of {log}": watch.inputs[log] for log in watch.inputs}
    figures["baseline: appends/s to SQLite"] = baseline
    figures["baseline: decodes/s"] = number / decode(records)
    figures["events/s as a share of appends/s"] = figures["events/s, log to the last outcome"] / baseline
    return figures


def main(number: int = 20_000, runs: int = 3) -> None:
    sys.stdout.write(f"{machine()}; {number:,} events, {runs} runs\n")
    found = defaultdict(list)
    for _ in range(runs):
        for name, value in asyncio.run(run(number)).items():
            found[name].append(value)
    for name, values in found.items():
        say(name, values)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
