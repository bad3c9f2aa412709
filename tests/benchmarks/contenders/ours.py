"""`sla-monitor worker`, all of it, but of the four logs it owns that of leads alone."""

from __future__ import annotations

import sys

from sla_monitor import kafka_worker
from sla_monitor.cli import main
from sla_monitor.core.effects import Log

if __name__ == "__main__":
    kafka_worker.ROLES = tuple(role for role in kafka_worker.ROLES if role.log is Log.EVENTS)
    sys.argv[1:] = ["worker"]
    main()
