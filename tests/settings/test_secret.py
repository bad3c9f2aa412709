"""The secret of an installation is set, or made once, or missing with a remedy; it is never guessable."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sla_monitor.errors import Misconfigured, Unavailable
from sla_monitor.secret import secrets_of
from sla_monitor.settings import Settings

LONG, OTHER = "a" * 32, "b" * 40
KAFKA = "kafka://kafka:9092"


def test_on_one_machine_it_is_made_once_for_this_user_alone(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data")
    (made,) = secrets_of(settings)
    assert len(made) == 64
    assert secrets_of(settings) == (made,)
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]
    assert secrets_of(Settings(data_dir=tmp_path / "other")) != (made,)


def test_one_that_another_process_made_meanwhile_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "secret").write_text(LONG + "\n")
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert secrets_of(Settings(data_dir=tmp_path)) == (LONG,)


def test_two_processes_that_make_it_at_once_sign_with_the_same_even_with_the_same_pid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    both_written, really = threading.Barrier(2), os.fsync

    def fsync(descriptor: int) -> None:
        really(descriptor)
        both_written.wait(10)

    monkeypatch.setattr(os, "fsync", fsync)
    with ThreadPoolExecutor(2) as processes:
        first, second = processes.map(secrets_of, [Settings(data_dir=tmp_path)] * 2)
    assert first == second == ((tmp_path / "secret").read_text().strip(),)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_the_one_of_a_data_directory_is_changed_like_any_other(tmp_path: Path):
    (made,) = secrets_of(Settings(data_dir=tmp_path))
    (tmp_path / "secret").write_text(f"{LONG}\n{made}\n")
    assert secrets_of(Settings(data_dir=tmp_path)) == (LONG, made)
    (tmp_path / "secret").write_text("")
    with pytest.raises(Misconfigured, match="needs 32 characters at least"):
        secrets_of(Settings(data_dir=tmp_path))


def test_one_that_cannot_be_read_is_told_with_a_remedy(tmp_path: Path):
    (tmp_path / "secret").mkdir()
    with pytest.raises(Unavailable, match="SLA_SECRET_FILE"):
        secrets_of(Settings(data_dir=tmp_path))


def test_on_kafka_there_is_none_unless_it_is_shared(tmp_path: Path):
    assert secrets_of(Settings(broker=KAFKA, data_dir=tmp_path)) == ()
    assert secrets_of(Settings(broker=KAFKA, secret=LONG)) == (LONG,)
    assert list(tmp_path.iterdir()) == []


def test_of_a_file_with_several_lines_the_first_signs(tmp_path: Path):
    file = tmp_path / "secrets"
    file.write_text(f"{LONG}\n\n  {OTHER}\n")
    assert secrets_of(Settings(secret_file=file)) == (LONG, OTHER)


@pytest.mark.parametrize("text", ["short\n", f"{LONG}\nshort\n", " \n\n"])
def test_one_that_could_be_guessed_is_refused_and_not_shown(tmp_path: Path, text: str):
    file = tmp_path / "secrets"
    file.write_text(text)
    with pytest.raises(Misconfigured, match="SLA_SECRET_FILE: needs 32 characters at least") as caught:
        secrets_of(Settings(secret_file=file))
    assert "short" not in str(caught.value)


def test_it_is_said_in_one_place(tmp_path: Path):
    with pytest.raises(ValueError, match="SLA_SECRET and SLA_SECRET_FILE say the same"):
        Settings(secret=LONG, secret_file=tmp_path / "secrets")


def test_it_is_in_no_text_of_the_settings():
    assert LONG not in repr(Settings(secret=LONG))


@pytest.mark.parametrize(
    "url", ["https://sla.example", "https://sla.example:8443/leads/", "http://localhost:8080", "http://[::1]:80"]
)
def test_a_public_url_is_kept_without_the_slash_behind_it(url: str):
    assert Settings(public_url=url).public_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://sla.example", "sla.example", "https://", "https://u:p@sla.example", "https://a/?b=1", "https://a b"]
)
def test_links_that_could_be_read_on_their_way_or_not_be_opened_are_refused(url: str):
    with pytest.raises(ValueError, match="must be https://host"):
        Settings(public_url=url)
