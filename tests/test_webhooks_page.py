"""What docs/webhooks.md tells receivers to do works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from base64 import b64decode
from typing import Any

import pytest

from sla_monitor.core import queue, relay
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND
from sla_monitor.notify import turns
from sla_monitor.notify.signature import signatures
from tests.docs import ROOT

PAGE = (ROOT / "docs/webhooks.md").read_text()
SECRETS = ["whsec_" + "QUJD" * 8, "whsec_" + "REVG" * 8]
BODY = '{"lead_id":"Лид"}'


def block(language: str) -> str:
    """The code behind `<!-- language -->`."""
    found = re.search(rf"<!-- {language} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def requests() -> list[tuple[str, dict[str, str], str, bool]]:
    """(secret, headers, body, whether it is to be taken)."""
    now = int(time.time())
    keys = [b64decode(secret.removeprefix("whsec_")) for secret in SECRETS]
    new, old = (
        {
            "webhook-id": "L1:1:sla.met:response",
            "webhook-timestamp": str(at),
            "webhook-signature": signatures(keys, "L1:1:sla.met:response", at, BODY.encode()),
        }
        for at in (now, now - 600)
    )
    return [
        (SECRETS[0], new, BODY, True),
        (SECRETS[1], new, BODY, True),
        ("whsec_" + "SElK" * 8, new, BODY, False),
        (SECRETS[0], old, BODY, False),
        (SECRETS[0], new, BODY + " ", False),
        (SECRETS[0], new | {"webhook-id": "L2:1:sla.met:response"}, BODY, False),
        (SECRETS[0], new | {"webhook-signature": "v1,a garbage v2"}, BODY, False),
    ]


def test_the_python_of_the_page_takes_what_is_ours_and_nothing_else() -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)
    for secret, headers, body, right in requests():
        assert names["verify"](secret, headers, body.encode()) is right


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_the_node_of_the_page_takes_what_is_ours_and_nothing_else() -> None:
    asked = (
        "const all = JSON.parse(require('node:fs').readFileSync(0));"
        "console.log(JSON.stringify(all.map(([secret, headers, body]) => verify(secret, headers, Buffer.from(body)))))"
    )
    done = subprocess.run(
        ["node", "-e", block("node") + asked], input=json.dumps(requests()), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [right for *_, right in requests()]


def test_the_page_tells_the_times_that_are_kept() -> None:
    assert queue.BACKOFF == (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
    assert turns.PAUSES == (5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE)
    assert (queue.GIVE_UP, relay.LEFT_ALONE, relay.LOOK_AGAIN) == (DAY, 6 * HOUR, 10 * MINUTE)
    assert (relay.POST_LIMIT / 4, relay.KEPT, turns.AT_ONCE, relay.MOST) == (15 * SECOND, 20, 8, 96 * 1024)
