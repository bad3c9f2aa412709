"""A provider in trouble, hour by hour: real HTTP to a stand-in, the queue of the product, injected time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Log, Send
from sla_monitor.core.mailbox import Mailbox
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Policy, Rules
from sla_monitor.notify.channels import registry
from sla_monitor.notify.provider import Provider
from sla_monitor.notify.sender import Sender
from tests import facts
from tests.notify.providers import Hook, Slack, Standin, Telegram
from tests.world import T0, World, sales


class Office(World):
    """The whole core, whose sends go out by HTTP. spoken: the answer to each attempt, `key` of the row included."""

    def __init__(self, rules: Rules, sender: Sender, clock: ManualClock) -> None:
        self.pending: list[tuple[Log, Send]] = []
        self.attempts: list[tuple[int, Send]] = []
        self.sender, self.clock = sender, clock
        super().__init__(rules)

    def _perform(self, log: Log, effects: list[Any]) -> None:
        self.pending += [(log, effect) for effect in effects if isinstance(effect, Send)]
        super()._perform(log, [effect for effect in effects if not isinstance(effect, Send)])

    async def settle(self) -> None:
        """Make the attempts that were committed, and bring the answers back."""
        while self.pending:
            log, send = self.pending.pop(0)
            self.clock.at = self.now
            self.attempts.append((self.now, send))
            answer = await self.sender.send(send, self.rules)
            self._perform(log, self.logs[log].apply(send.key, answer, self.now, self.rules))
            self.run()

    async def until(self, at: int) -> None:
        while (due := self.next_due())[0] <= at:
            self.to(due[0])
            await self.settle()
        self.now = max(self.now, at)

    async def lead(self, number: int) -> None:
        self.feed(facts.lead(f"L{number}", self.now, owner_id="anna"))
        await self.settle()

    def waiting(self) -> list[str]:
        """What has not reached anna yet."""
        log = self.logs[Log.NOTIFICATIONS]
        rows = [log.codec.decode(row) for row in log.rows.values()]
        return [item.notice_id for row in rows if isinstance(row, Mailbox) for item in row.items()]


PROVIDERS = {"telegram": Telegram, "slack": Slack, "json": Hook}


@pytest.fixture(params=PROVIDERS)
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Standin]:
    async with PROVIDERS[request.param]() as made:
        yield made


@pytest.fixture
async def office(provider, tmp_path) -> AsyncIterator[Office]:
    """A team of anna and the head; a lead of hers waits for days before anything else is said of it."""
    team = sales("anna", policy=Policy(target=10 * DAY, warn_at=()))
    anna = replace(team.managers["anna"], notify=(provider.address,))
    clock = ManualClock(T0, speed=10)
    account = Provider(provider.url, provider.token, buttons=True)
    channels = registry(tmp_path, clock, telegram=account, slack=account)
    sender = Sender(channels, clock, lambda *_: None)
    yield Office(replace(team, managers={**team.managers, "anna": anna}), sender, clock)
    await sender.close()


def told(provider: Standin) -> list[str]:
    """The leads that anna read of, in order."""
    return re.findall(r"New lead for you: (L\d+)", "\n".join(provider.texts()))


async def test_down_for_an_hour_nothing_is_lost_nothing_comes_twice_and_the_queue_drains(office, provider):
    await office.lead(0)
    provider.down = True
    for number in range(1, 31):
        await office.until(office.now + 2 * MINUTE)
        await office.lead(number)
    asked = provider.asked
    assert told(provider) == ["L0"]
    assert asked < 60, "a receiver that is down is not asked for every notice that waits"
    provider.down = False
    await office.until(office.now + 15 * MINUTE)
    leads = told(provider)
    assert len(leads) == len(set(leads))
    assert [lead for lead in leads if lead in ("L0", "L1")] == ["L0", "L1"]
    assert sum(f"And {31 - len(leads)} more." in text for text in provider.texts()) == 1
    assert office.waiting() == []
    assert len(provider.texts()) <= 4
    assert office.buried == []


async def test_down_for_an_hour_with_few_leads_each_comes_by_itself(office, provider):
    provider.down = True
    for number in range(3):
        await office.lead(number)
        await office.until(office.now + 20 * MINUTE)
    provider.down = False
    await office.until(office.now + HOUR)
    assert sorted(told(provider)) == ["L0", "L1", "L2"]  # whichever was tried when it worked again came first
    assert office.waiting() == []


async def test_too_many_requests_leave_it_alone_for_as_long_as_it_says(office, provider):
    provider.trouble = [provider.too_many(300)]
    wait = 300 * SECOND if provider.pause else MINUTE
    await office.lead(1)
    await office.until(office.now + wait // 2)
    await office.lead(2)
    await office.until(T0 + wait - 1)
    assert provider.asked == 1
    await office.until(T0 + wait)
    assert told(provider) == ["L1", "L2"]


async def test_a_slow_answer_is_asked_for_again_under_the_same_id(office, provider):
    provider.open.clear()
    await office.lead(1)
    provider.open.set()
    await office.until(office.now + MINUTE)
    ids = [send.notice_id for _, send in office.attempts]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert office.waiting() == []


async def test_a_storm_is_two_messages(office, provider):
    office.feed(*(facts.lead(f"L{number}", office.now, owner_id="anna") for number in range(30)))
    await office.settle()
    assert len(provider.texts()) == 2
    assert told(provider)[0] == "L0"
    assert office.waiting() == []


async def test_a_manager_who_cannot_be_reached_is_told_of_to_the_head_once(office, provider):
    gone = replace(office.rules.managers["anna"], notify=(provider.gone,))
    office.change_rules(replace(office.rules, version=2, managers={**office.rules.managers, "anna": gone}))
    for number in range(3):
        await office.lead(number)
        await office.until(office.now + MINUTE)
    kinds = [send.kind for _, send in office.attempts if send.manager_id == "boris"]
    assert kinds == ["undelivered"]
    assert [bury.reason for bury in office.buried] == ["notification_failed"] * 3
    assert office.waiting() == []
