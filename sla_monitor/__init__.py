"""An event-driven lead-response SLA monitor."""

__version__ = "0.1.0"
