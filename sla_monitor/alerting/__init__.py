"""What Prometheus is to record and to alert on: written from the catalogue, for one objective and one pace of time."""

from .generate import groups, operator_yaml, rules_yaml
from .options import BURN_WINDOWS, Options, suggested_burn
from .page import alerts_markdown
from .rules import Alert, Dashboard, Group, Recording, Severity

__all__ = [
    "BURN_WINDOWS",
    "Alert",
    "Dashboard",
    "Group",
    "Options",
    "Recording",
    "Severity",
    "alerts_markdown",
    "groups",
    "operator_yaml",
    "rules_yaml",
    "suggested_burn",
]
