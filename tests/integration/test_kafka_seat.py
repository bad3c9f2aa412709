"""A worker that was killed and is back within its session disturbs nobody."""

from __future__ import annotations

import multiprocessing
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sla_monitor.stream.kafka.seat import Seat
from tests.e2e.kafka_installation import Installation
from tests.e2e.process import PATIENCE


def seat_of(directory: Path) -> str | None:
    seat = Seat(directory)
    seat.close()
    return seat.name


def test_who_comes_after_has_the_same_name(tmp_path: Path):
    assert seat_of(tmp_path) == seat_of(tmp_path)


def test_no_two_have_the_same_name_at_once(tmp_path: Path):
    one, other = Seat(tmp_path), Seat(tmp_path)
    assert one.name != other.name
    name = one.name
    one.close()
    assert seat_of(tmp_path) == name
    other.close()


def test_a_killed_process_leaves_its_seat_to_the_next(tmp_path: Path):
    process = multiprocessing.get_context("spawn").Process(target=sit, args=(tmp_path,))
    process.start()
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "taken").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    name = (tmp_path / "worker-1.seat").read_text()
    assert seat_of(tmp_path) != name
    process.kill()
    process.join()
    assert seat_of(tmp_path) == name


def sit(directory: Path) -> None:
    seat = Seat(directory)
    (directory / "taken").touch()
    time.sleep(3600)
    seat.close()


def test_without_a_directory_that_keeps_anything_there_is_no_name(tmp_path: Path):
    (tmp_path / "file").touch()
    assert seat_of(tmp_path / "file" / "data") is None


def series(url: str, name: str) -> list[tuple[dict[str, str], float]]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return [(s.labels, s.value) for family in families for s in family.samples if s.name == name]


def running(url: str) -> set[tuple[str, str]]:
    states = series(url, "sla_partition_state")
    return {(at["topic"], at["partition"]) for at, value in states if value and at["state"] == "running"}


@pytest.fixture
def installation(kafka: str, tmp_path: Path):
    made = Installation(tmp_path, kafka)
    yield made
    made.end_all()


def owned_by(*urls: str, count: int) -> list[set[tuple[str, str]]]:
    """What each of them has, once all partitions run."""
    deadline = time.monotonic() + PATIENCE
    while len(set().union(*(found := [running(url) for url in urls]))) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_a_worker_that_is_back_within_its_session_takes_up_what_it_had_and_the_group_is_not_rebalanced(
    installation: Installation,
):
    assert installation.command("topics", "apply").returncode == 0
    victim = installation.start_worker()
    first = installation.url
    count = 6 * 3 + 1  # phones, events, notifications and three public topics; the desk has one
    owned_by(first, count=count)
    installation.start_worker()
    other = installation.url
    before, kept = owned_by(first, other, count=count)
    ((_, rebalances),) = series(other, "sla_rebalances_total")

    installation.end(victim)
    installation.start_worker()
    after, still = owned_by(installation.url, other, count=count)

    assert (after, still) == (before, kept)
    assert series(other, "sla_rebalances_total") == [({}, rebalances)]
