"""What uses up what the objective allows."""

from __future__ import annotations

from tests.alerting.cases.case import Case, decided, minutely
from tests.alerting.promtool import Given


def burn(window: str, factor: str, given: Given, at: str, says: str, over: str, near: Given, **steps: str) -> Case:
    labels = {"severity": "page" if window in ("1h", "6h") else "ticket", "window": window}
    text = f"{says}. 5% are allowed; at this pace what 30 days allow is used up in {factor} days."
    case = {"given": given, "at": at, "fires": [({}, text)], "over": over, "near": near}
    return Case(alert="SlaErrorBudgetBurn", labels=labels, **case, **steps)


def late(share: str, window: str, leads: int) -> str:
    return f"{share} of the customers who were due an answer in the last {window} got none in time: {leads} leads"


CASES = [
    burn(
        "1h",
        "2.1",
        decided(("1h", 1, 0), ("1h", 0.2, 0.8), ("20m", 1, 0)),
        "2h",
        late("80%", "1h", 48),
        "2h15m",
        decided(("1h", 1, 0), ("1h", 0.02, 0.2), ("20m", 0.1, 0)),  # 92% late, but of 13 leads
    ),
    burn(
        "6h",
        "5",
        decided(("6h", 1, 0), ("6h", 0.6, 0.4), ("1h", 1, 0), series=minutely),
        "12h",
        late("40%", "6h", 144),
        "12h50m",
        decided(("6h", 1, 0), ("6h", 0.75, 0.25), ("1h", 1, 0), series=minutely),  # 25%, and 30 are asked for
        step="1m",
        every="5m",
    ),
    burn(
        "1d",
        "10",
        decided(("2d", 0.08, 0.02), ("4h", 0.1, 0), series=minutely),
        "2d",
        late("20%", "1d", 29),
        "51h",
        decided(("44h", 0.088, 0.012), ("8h", 0.08, 0.02), series=minutely),  # the short window alone
        step="1m",
        every="5m",
    ),
    burn(
        "3d",
        "30",
        decided(("3d", 0.9, 0.1), ("8h", 1, 0), series=minutely),
        "3d",
        late("10%", "3d", 432),
        "79h",
        decided(("66h", 0.97, 0.03), ("14h", 0.92, 0.08), series=minutely),  # the short window alone
        step="1m",
        every="5m",
    ),
]
