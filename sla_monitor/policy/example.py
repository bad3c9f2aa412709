"""The policy of `sla-monitor up --example`."""

EXAMPLE = """\
# Two managers and their head, around the clock. A lead that nobody answers within a minute goes to the other
# of them, and after one more minute to their head.
version: 1
managers:
  anna: {name: Anna, notify: ["log://"]}
  vera: {name: Vera, notify: ["log://"]}
  boris: {name: Boris, notify: ["log://"]}
teams:
  sales: {head: boris, managers: [anna, vera]}
policies:
  - {name: default, team: sales, target: 1m, warn_at: [60%], max_turns: 2}
"""
