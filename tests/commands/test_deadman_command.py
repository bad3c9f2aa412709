"""`sla-monitor deadman`; tests/deadman has what it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.shelf import Run


def test_a_test_message_goes_to_every_address(run: Run, tmp_path: Path) -> None:
    (tmp_path / "addresses").write_text("# ours\n\nlog://\n")
    answer = run("deadman", "--test", "--notify", "log://", "--notify-file", "addresses", "--data-dir", "kept")
    assert (answer.code, answer.out) == (0, "log://...: told\n")
    lines = [json.loads(line) for line in (tmp_path / "kept" / "notifications.log").read_text().splitlines()]
    assert [line["title"] for line in lines] == ["sla-monitor: a test"] * 2


def test_an_address_that_cannot_be_told_is_exit_code_1_without_its_secret(run: Run) -> None:
    answer = run("deadman", "--test", "--notify", "json://127.0.0.1:9/secret-path")
    assert (answer.code, "secret-path" in answer.out + answer.err) == (1, False)
    assert answer.out.startswith("json://127.0.0.1: ")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "--notify: names nobody to speak to"),
        (("--notify", "nowhere"), "--notify: a channel address begins with a scheme"),
        (("--notify-file", "missing"), "--notify-file: missing: cannot be read"),
        (("--notify", "log://", "--silence", "0s"), "--silence: 0s: must be at least 1s"),
        (("--notify", "log://", "--listen", "9099"), "--listen: must be host:port"),
        (("--notify", "log://", "--token-file", "missing"), "--token-file: missing: cannot be read"),
    ],
)
def test_what_cannot_be_is_a_mistake(run: Run, args: tuple[str, ...], said: str) -> None:
    answer = run("deadman", *args)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_an_empty_file_is_a_mistake(run: Run, tmp_path: Path) -> None:
    (tmp_path / "addresses").write_text("\n")
    assert "addresses: is empty" in run("deadman", "--notify-file", "addresses").err
