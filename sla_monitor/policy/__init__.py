"""The policy file: what it may say, what is wrong with it, and the rules it makes.

Read in this order: `model.py`, `hours.py`, `checks.py`, `resolve.py`, `load.py`, `doubts.py`.
"""

from .difference import differences
from .doubts import REGION, doubts
from .example import EXAMPLE
from .load import default_rules, example_rules, parse_rules, read_rules, same, schema
from .reference import FULL_EXAMPLE, policy_markdown

__all__ = [
    "EXAMPLE",
    "FULL_EXAMPLE",
    "REGION",
    "default_rules",
    "differences",
    "doubts",
    "example_rules",
    "parse_rules",
    "policy_markdown",
    "read_rules",
    "same",
    "schema",
]
