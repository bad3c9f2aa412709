"""Print docs/policy.md; with the argument `schema`, docs/policy.schema.json."""

from __future__ import annotations

import json
import sys

from . import policy_markdown, schema

if __name__ == "__main__":
    as_schema = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    sys.stdout.write(as_schema if sys.argv[1:] == ["schema"] else policy_markdown())
