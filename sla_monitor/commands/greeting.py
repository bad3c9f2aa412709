"""What somebody sees who has just started `sla-monitor up`: where it is, by which policy, and how to send a lead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sla_monitor import __version__
from sla_monitor.bootstrap import Up
from sla_monitor.clock import today
from sla_monitor.keys import KeyRing
from sla_monitor.policy import example_rules, same
from sla_monitor.settings import Settings

EXAMPLE_DATA = Path("sla-data-example")
"""Where `--example` keeps its log, so that nothing of a trial is carried into real life."""


def greeting(system: Up, keys: KeyRing, *, named: bool) -> Iterator[str]:
    """Lines. named: whether the policy was named, and is not what was applied last."""
    url, settings = system.server.url, system.settings
    yield f"sla-monitor {__version__} on {url}  (board {url}/, metrics {url}/metrics)"
    yield from strangers(settings, keys)
    if system.clock.speed != 1:
        yield f"The clock runs {system.clock.speed:g} times as fast as real time."
    yield from _policy(system, named=named)
    yield f"Notices to log:// are written to {settings.data_dir / 'notifications.log'}"
    yield "Send a lead:"
    yield from (f"  {line}" for line in curl(url, settings, keys))


def strangers(settings: Settings, keys: KeyRing) -> Iterator[str]:
    """That nobody else is served, where somebody else could come."""
    if not keys and not settings.listen.loopback:
        yield (
            "There are no keys, so only this machine is served: whoever comes from elsewhere gets 403. "
            "`sla-monitor keys new` makes a key, SLA_KEYS names the file of keys."
        )


def _policy(system: Up, *, named: bool) -> Iterator[str]:
    rules, example = system.rules, example_rules(today())
    was_example, is_example = same(system.before, example), same(rules, example)
    if was_example and not is_example:
        yield (
            f"{system.settings.data_dir} holds the leads of the built-in example, whose policy was in force here until "
            "now: they stay on the board and in your reports. To begin with an empty log, stop this and name a new "
            "SLA_DATA_DIR."
        )
    if not rules.managers:
        yield "There is nobody to reassign to: name managers in a policy file (SLA_POLICY), or try --example."
    elif not named and is_example:
        yield (
            "The policy in force is the built-in example, which was applied here before. For your own leads name your "
            "policy (SLA_POLICY) and a new SLA_DATA_DIR, or leads of the example stay in your reports."
        )
    elif not named:
        yield f"No policy file is named: version {rules.version}, which was applied last, stays in force."
    yield from (f"Team {t.id}: {', '.join(t.managers)}; head {t.head or 'nobody'}." for t in rules.teams.values())


def curl(url: str, settings: Settings, keys: KeyRing) -> Iterator[str]:
    """Lines of a shell that send a lead, another one each time."""
    key = """ -H "Authorization: Bearer $KEY\"""" if keys else ""
    if keys:
        yield f"KEY=...  # one of {settings.keys} with the scope write"
    yield "lead=L-$(date +%s)"
    yield (
        f"curl -i {url}/v1/events{key} -H 'Content-Type: application/cloudevents+json' -d "
        '\'{"specversion":"1.0","id":"\'$lead\'","source":"/crm","type":"lead.created.v1",'
        '"time":"\'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"\'","data":{"lead_id":"\'$lead\'"}}\''
    )
