"""Commands where SLA_BROKER names Kafka and nobody answers; tests/e2e/test_kafka_web.py has those with brokers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.shelf import Run


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLA_BROKER", "kafka://127.0.0.1:1")


def test_up_says_what_to_run_instead(run: Run) -> None:
    answer = run("up")
    assert answer.code == 2
    assert "run `sla-monitor worker` and `sla-monitor web`" in answer.err


@pytest.mark.parametrize(
    "command",
    [
        "web",
        "explain L-1",
        "report",
        "dead-letters list",
        "dead-letters replay --all",
        "policy show",
        "policy apply policy.yaml",
        "webhooks list",
        "webhooks log crm",
        "webhooks enable crm",
        "webhooks test crm",
    ],
)
def test_brokers_that_do_not_answer_are_unreachable(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "policy.yaml").write_text("version: 1\n")
    answer = run(*command.split())
    assert (answer.code, answer.out) == (3, "")
    assert "Kafka at 127.0.0.1:1 does not answer" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["policy.yaml"], "nothing is made"


def test_a_check_tells_of_brokers_that_do_not_answer_and_of_the_rest(run: Run) -> None:
    answer = run("check")
    assert answer.code == 3
    assert "Kafka at 127.0.0.1:1 does not answer" in answer.json["unreachable"][0]
    assert answer.json["forecast"] == []  # of the policy in force, which lies there
