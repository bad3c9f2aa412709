"""Outcomes on their way to webhooks: a row a lead that has some to deliver, and a row an endpoint.

                        Relay
                          |
                          v    the first of its endpoint, next_try reached      Posted ok
     .----------------> WAITING ---------------------------------> OUT -----------------> gone
     |                    |  ^ |                                    |
     |  the endpoint is   |  | | a day old                          |
     |  disabled: look    '--' '--------> dead letter <-------------|
     |  again later                                                 |
     '--------------------------------------------------------------'
                      Posted failed, or no answer

An attempt is committed together with its next try, as for notices (`queue.py`): that timer is the whole recovery. Of a
lead and an endpoint one outcome is out, and the next waits for it, so the order of a lead's outcomes holds; but one
that the endpoint refuses again and again keeps the others waiting no longer. Nothing here is older than a day; what
was given up is a dead letter that can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import queue as machine
from .effects import Bury, Count, Effect, Post, Relay
from .events import Posted, WebhookEnabled
from .fold import Rows
from .hashing import stable_hash
from .queue import GIVE_UP
from .row import Header
from .rules import HOUR, MINUTE, Rules, Webhook

OUTBOX = "\x01outbox-"
"""Before a lead_id: the key of what it has to deliver. No id from outside begins with a control character."""

ENDPOINT = "\x01webhook-"
"""Before the name of a webhook: the key of what a partition knows of it."""

POST_LIMIT = MINUTE
"""An attempt that has not answered by then is lost. The shell posts within half of it, so two never overlap."""

LEFT_ALONE = 6 * HOUR
"""The longest Retry-After that is obeyed: some attempts are to be made before it is given up."""

LOOK_AGAIN = 10 * MINUTE
"""Between two looks whether a disabled endpoint has been enabled, or is not in the policy any more."""

MOST = 96 * 1024
"""Bytes of outcomes that a lead may have to deliver: with all that JSON may add, far below the size of a row."""

KEPT = 20
"""Attempts that an endpoint's row remembers, newest."""

REFUSED = frozenset({400, 405, 406, 409, 411, 413, 414, 415, 422})
"""The HTTP statuses by which an endpoint says that it does not take this outcome; others may be of its own trouble."""

GONE = 410
"""The HTTP status by which an endpoint says that it wants no more."""

RELAYING, DISABLED = 2, 3
"""The statuses in the headers of an outbox, and of an endpoint that wants no more; of another it is 0."""


@dataclass(slots=True)
class Delivery:
    """One outcome to one endpoint: see `queue.Message`. at: when it was queued.

    waits_from: when it began to wait, ms. entry: of the policy, that it was last posted to; 0 for none yet.
    """

    webhook: str
    outcome_id: str
    at: int
    next_try: int
    body: str = ""
    out: bool = False
    attempt: int = 0
    tries: int = 0
    error: str = ""
    refusals: int = 0
    waits_from: int = 0
    entry: int = 0


@dataclass(slots=True)
class Outbox:
    """What a lead has to deliver, in the order in which it was published."""

    lead_id: str
    deliveries: list[Delivery] = field(default_factory=list)

    def header(self) -> Header:
        """With the instant of the oldest."""
        next_due = min((first.next_try for first in self.timed()), default=None)
        return Header(next_due, RELAYING, min((delivery.at for delivery in self.deliveries), default=0))

    def timed(self) -> Iterator[Delivery]:
        """Those whose timer runs: of each endpoint the one that is out, else the first and those it lets pass."""
        for webhook in dict.fromkeys(delivery.webhook for delivery in self.deliveries):
            line = [delivery for delivery in self.deliveries if delivery.webhook == webhook]
            out = next((delivery for delivery in line if delivery.out), None)
            yield from [out] if out else _up_to_the_first_that_holds(line)

    def size(self) -> int:
        """Bytes of the outcomes."""
        return sum(len(delivery.body.encode()) for delivery in self.deliveries)


def _up_to_the_first_that_holds(line: list[Delivery]) -> Iterator[Delivery]:
    for delivery in line:
        yield delivery
        if not machine.passed_by(delivery):
            return


@dataclass(slots=True)
class Attempt:
    """An attempt that was answered, or failed. status: of HTTP, 0 if there was no answer. took: ms."""

    outcome_id: str
    number: int
    at: int
    status: int
    error: str
    took: int


@dataclass(slots=True)
class Endpoint:
    """What one partition knows of an endpoint. look_at: when to see whether the policy still has it.

    gone: the entry that was answered with 410, 0 for none. attempts: the newest, newest last. enabled_at: when somebody
    last wanted it to be asked again, ms.
    """

    webhook: str
    look_at: int
    gone: int = 0
    gone_at: int = 0
    succeeded_at: int = 0
    failed_at: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    enabled_at: int = 0

    def header(self) -> Header:
        return Header(self.look_at, DISABLED if self.gone else 0)


KINDS = (Outbox, Endpoint)
"""The rows."""


def wanted(type_: str, rules: Rules) -> tuple[str, ...]:
    """The webhooks that outcomes of a type (without `.v1`) go to."""
    return tuple(name for name, webhook in rules.webhooks.items() if not webhook.types or type_ in webhook.types)


def entry(webhook: Webhook) -> int:
    """Tells an entry of the policy from a changed one: what was disabled is the entry, not the name."""
    parts = (webhook.url, webhook.secret_file, str(webhook.allow_private), *webhook.types)
    return stable_hash("\0".join(parts))


def disabled(endpoint: Endpoint | None, webhook: Webhook | None) -> bool:
    """Whether an endpoint is not to be asked: it said so, or it is not in the policy (any more, or yet)."""
    return webhook is None or (endpoint is not None and endpoint.gone == entry(webhook))


# what comes in


def accept(rows: Rows, fact: Relay, now: int, rules: Rules) -> list[Effect]:
    """A delivery for each endpoint; one too many is a dead letter."""
    box = rows.get(OUTBOX + fact.lead_id) or Outbox(fact.lead_id)
    effects: list[Effect] = [Count("ok")]
    for webhook in fact.to:
        delivery = Delivery(webhook, fact.outcome_id, at=now, next_try=now, body=fact.body)
        if box.size() + len(fact.body.encode()) > MOST:
            effects += _bury(box, delivery, "too many outcomes of this lead wait")
        else:
            box.deliveries.append(delivery)
    return effects + go_on(rows, box, now, rules)


def forget(rows: Rows, lead_id: str) -> None:
    """The lead is erased: what waits goes at once, and what is out is not tried again (R31)."""
    rows.put(OUTBOX + lead_id, None)


def enable(rows: Rows, fact: WebhookEnabled, now: int) -> list[Effect]:
    """Ask the endpoint again. What waits for it is asked behind this: see `_again`."""
    endpoint: Endpoint | None = rows.get(ENDPOINT + fact.webhook)
    if endpoint is not None:
        endpoint.gone = endpoint.gone_at = 0
        endpoint.enabled_at = now
        rows.put(ENDPOINT + fact.webhook, endpoint)
    return [Count("ok")]


# how an attempt ended


def settle(rows: Rows, fact: Posted, now: int, rules: Rules) -> list[Effect]:
    """The result of the attempt that is out. That an outcome arrived is believed of any attempt of it."""
    if fact.asked:
        _remember(rows, fact, now)
    box: Outbox | None = rows.get(OUTBOX + fact.lead_id)
    for delivery in box.deliveries if box else ():
        same = (delivery.webhook, delivery.outcome_id) == (fact.webhook, fact.outcome_id)
        if box and same and (fact.error is None or (delivery.out and delivery.attempt == fact.attempt)):
            return _end(box, delivery, fact, now) + go_on(rows, box, now, rules)
    return [Count("ignored_stale")]


def _remember(rows: Rows, fact: Posted, now: int) -> None:
    endpoint = rows.get(ENDPOINT + fact.webhook) or Endpoint(fact.webhook, now + LOOK_AGAIN)
    attempt = Attempt(fact.outcome_id, fact.attempt, fact.at, fact.status, fact.error or "", fact.took)
    endpoint.attempts = [*endpoint.attempts[-KEPT + 1 :], attempt]
    if fact.error is None:
        endpoint.succeeded_at = fact.at
    else:
        endpoint.failed_at = fact.at
    if fact.status == GONE:
        endpoint.gone, endpoint.gone_at = fact.entry, fact.at
    rows.put(ENDPOINT + fact.webhook, endpoint)


def _end(box: Outbox, delivery: Delivery, fact: Posted, now: int) -> list[Effect]:
    if fact.error is None:
        box.deliveries.remove(delivery)
        return [Count("sent")]
    machine.failed(delivery, fact.error, asked=fact.asked, refused=fact.status in REFUSED)
    mark = f"{delivery.webhook}\0{delivery.outcome_id}\0{delivery.attempt}"
    span = machine.wait(mark, delivery.tries if fact.asked else 1, fact.retry_after, LEFT_ALONE)
    at = machine.next_attempt(now, span, delivery.at + GIVE_UP)
    if at is None:
        return _bury(box, delivery, fact.error)
    delivery.next_try, delivery.waits_from = at, now
    return [Count("retried")]


def _bury(box: Outbox, delivery: Delivery, error: str) -> list[Effect]:
    """Give up, visibly: a dead letter that, replayed, is a delivery to this endpoint again."""
    if delivery in box.deliveries:
        box.deliveries.remove(delivery)
    again = Relay(lead_id=box.lead_id, outcome_id=delivery.outcome_id, to=(delivery.webhook,), body=delivery.body)
    detail = f"webhook {delivery.webhook}: {error}"
    return [Bury(reason="webhook_failed", fact=again, detail=detail), Count("failed")]


# time


def due(rows: Rows, key: str, now: int, rules: Rules) -> list[Effect]:
    """The timer of a row."""
    if key.startswith(OUTBOX):
        return go_on(rows, rows.get(key), now, rules)
    endpoint: Endpoint = rows.get(key)
    webhook = rules.webhooks.get(endpoint.webhook)
    if not disabled(endpoint, webhook):
        endpoint.gone = endpoint.gone_at = 0
    endpoint.look_at = now + LOOK_AGAIN
    rows.put(key, endpoint if webhook else None)
    return []


def go_on(rows: Rows, box: Outbox, now: int, rules: Rules) -> list[Effect]:
    """Do what is due by now, until nothing is; an empty outbox goes."""
    effects: list[Effect] = []
    for waiting in box.timed():
        if not waiting.out and _again(rows, waiting, rules):
            waiting.next_try = now
    while delivery := next((first for first in box.timed() if first.next_try <= now), None):
        effects += _fire(rows, box, delivery, now, rules)
    rows.put(OUTBOX + box.lead_id, box if box.deliveries else None)
    return effects


def _again(rows: Rows, delivery: Delivery, rules: Rules) -> bool:
    """Whether its endpoint was enabled, or its entry changed, since it began to wait."""
    endpoint: Endpoint | None = rows.get(ENDPOINT + delivery.webhook)
    enabled = endpoint is not None and 0 < delivery.waits_from < endpoint.enabled_at
    webhook = rules.webhooks.get(delivery.webhook)
    return enabled or (webhook is not None and delivery.entry not in (0, entry(webhook)))


def _fire(rows: Rows, box: Outbox, delivery: Delivery, now: int, rules: Rules) -> list[Effect]:
    if delivery.out:
        machine.lost(delivery)
        if now >= delivery.at + GIVE_UP:
            return _bury(box, delivery, delivery.error)
    webhook = rules.webhooks.get(delivery.webhook)
    if webhook is None or disabled(rows.get(ENDPOINT + delivery.webhook), webhook):
        return _look_again(box, delivery, now)
    machine.begin(delivery, delivery.attempt + 1, now, POST_LIMIT)
    delivery.entry = entry(webhook)
    post = Post(
        webhook=delivery.webhook,
        lead_id=box.lead_id,
        outcome_id=delivery.outcome_id,
        attempt=delivery.attempt,
        limit=POST_LIMIT,
        body=delivery.body,
    )
    return [post]


def _look_again(box: Outbox, delivery: Delivery, now: int) -> list[Effect]:
    """Nobody is asked; after its day it goes."""
    delivery.error = delivery.error or "the webhook is disabled"
    at = machine.next_attempt(now, LOOK_AGAIN, delivery.at + GIVE_UP)
    if at is None:
        return _bury(box, delivery, delivery.error)
    delivery.out, delivery.next_try, delivery.waits_from = False, at, now
    return []
