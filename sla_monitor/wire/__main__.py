"""Print docs/events.md."""

import sys

from .schemas import events_markdown

sys.stdout.write(events_markdown())
