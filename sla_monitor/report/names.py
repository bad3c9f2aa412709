"""What people call the groups of a report: names of the policy in force, with the id where two are called alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sla_monitor.core.rules import Rules

from .figures import By

Names = Mapping[By, Mapping[str, str]]
"""By the id, of each kind of group that has names."""


def names_of(rules: Rules) -> Names:
    return {
        By.MANAGER: _told_apart({manager.id: manager.name for manager in rules.managers.values()}),
        By.TEAM: _told_apart({team.id: team.name for team in rules.teams.values()}),
        By.POLICY: _told_apart({policy.name: policy.title for policy in rules.policies}),
    }


def _told_apart(names: Mapping[str, str]) -> Mapping[str, str]:
    called = {key: name or key for key, name in names.items()}
    times = Counter(called.values())
    return {key: f"{name} ({key})" if times[name] > 1 and name != key else name for key, name in called.items()}


def label(by: By, key: str, names: Names) -> str:
    """A group as people call it, by its id where it has no name."""
    return names.get(by, {}).get(key, key)
