"""Processes that are gone, and partitions that nobody runs."""

from __future__ import annotations

from tests.alerting.cases.case import WEB, WORKER, Case, often

gauge = often.gauge

STATE = 'sla_partition_state{topic="%s",partition="%d",state="%s",instance="w%d"}'

CASES = [
    Case(
        alert="SlaNoWorker",
        given={WORKER % 1: gauge(("3m", 1), ("5m", 0), ("5m", 1))},
        at="5m",
        fires=[
            ({}, "No lead is watched: nothing that decides is running. Nobody is reminded, and no lead is handed on.")
        ],
        over="9m",
        near={WORKER % 2: gauge(("13m", 1))},
    ),
    Case(
        alert="SlaWorkerDown",
        given={WORKER % 1: gauge(("3m", 1), ("5m", 0), ("5m", 1)), WORKER % 2: gauge(("13m", 1))},
        at="6m",
        fires=[
            (
                {"job": "sla-monitor-worker", "instance": "w1"},
                "One of the processes that watch leads is down (w1); the others do its work.",
            )
        ],
        over="9m",
        near={WORKER % 1: gauge(("3m", 1), ("90s", 0), ("5m", 1))},  # a roll-out
    ),
    Case(
        alert="SlaNoWeb",
        given={WEB % 1: gauge(("3m", 1), ("5m", None), ("5m", 1)), WEB % 2: gauge(("3m", 1), ("10m", 0))},
        at="5m",
        fires=[({}, "Leads and calls cannot reach us, and nobody sees the board: no web process is running.")],
        over="9m",
        near={WEB % 1: None, WEB % 2: None, WORKER % 1: gauge(("13m", 1))},  # `up` needs none
    ),
    Case(
        alert="SlaWebDown",
        given={WEB % 1: gauge(("3m", 1), ("5m", 0), ("5m", 1))},
        at="6m",
        fires=[
            (
                {"job": "sla-monitor-web", "instance": "b1"},
                "One of the web processes is down (b1); the others do its work.",
            )
        ],
        over="9m",
        near={WEB % 1: gauge(("3m", 1), ("90s", 0), ("5m", 1))},
    ),
    Case(
        alert="SlaPartitionsUnowned",
        given={
            'sla_topic_partitions{topic="events",instance="w1"}': gauge(("15m", 2)),
            'sla_topic_partitions{topic="desk",instance="w1"}': gauge(("15m", 3)),
            STATE % ("events", 0, "running", 1): gauge(("15m", 1)),
            STATE % ("events", 1, "running", 1): gauge(("3m", 1), ("12m", None)),
            STATE % ("events", 1, "closed", 2): gauge(("3m", 0), ("7m", 1), ("5m", 0)),
            STATE % ("events", 1, "running", 2): gauge(("10m", 0), ("5m", 1)),
            STATE % ("desk", 0, "running", 2): gauge(("10m", 0), ("5m", 1)),
            STATE % ("desk", 1, "running", 2): gauge(("10m", 0), ("5m", 1)),
            STATE % ("desk", 2, "running", 2): gauge(("10m", 0), ("5m", 1)),
        },
        at="7m",
        fires=[
            ({"topic": "events"}, "Some leads are not watched. Partitions of events without a worker: 1."),
            ({"topic": "desk"}, "Some leads are not watched. Partitions of desk without a worker: 3."),
        ],
        over="11m",
        near={  # handed over in two minutes
            'sla_topic_partitions{topic="desk",instance="w1"}': None,
            STATE % ("events", 1, "running", 2): gauge(("5m", 0), ("10m", 1)),
        },
    ),
    Case(
        alert="SlaOpeningStuck",
        given={
            STATE % ("events", 0, "retrying", 2): gauge(("2m", 0), ("13m", 1), ("5m", 0)),
            STATE % ("events", 0, "running", 2): gauge(("15m", 0), ("5m", 1)),
        },
        at="14m",
        fires=[({"topic": "events"}, "Some leads are not watched. Partitions of events that do not open: 1.")],
        over="16m",
        near={STATE % ("events", 0, "running", 1): gauge(("20m", 1))},  # its owner has it until then
    ),
    Case(
        alert="SlaPolicyDiffers",
        given={
            'sla_policy_file_differs{instance="w1"}': gauge(("2m", 0), ("20m", 1), ("5m", 0)),
            'sla_policy_file_differs{instance="w2"}': gauge(("2m", 0), ("20m", 1), ("5m", 0)),
        },
        at="18m",
        fires=[({}, "Leads are watched by other rules than the policy file says, as 2 processes have it.")],
        over="23m",
        near={  # a roll-out of the file
            'sla_policy_file_differs{instance="w1"}': gauge(("2m", 0), ("5m", 1), ("5m", 0)),
            'sla_policy_file_differs{instance="w2"}': gauge(("2m", 0), ("9m", 1), ("5m", 0)),
        },
    ),
    Case(
        alert="SlaClockJumped",
        given={'sla_clock_jumps_total{instance="w1"}': gauge(("5m", 0), ("25m", 1))},
        at="6m",
        fires=[
            ({"instance": "w1"}, "The clock of w1 jumped ahead. Deadlines waited until it was trusted again."),
        ],
        over="25m",
        near={'sla_clock_jumps_total{instance="w1"}': gauge(("30m", 1))},  # long ago
    ),
]
