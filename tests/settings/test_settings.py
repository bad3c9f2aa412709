"""The environment becomes settings, or every mistake in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sla_monitor.addresses import Listen
from sla_monitor.core.rules import DAY, SECOND
from sla_monitor.errors import Misconfigured
from sla_monitor.settings import Settings, read_settings, settings_markdown
from sla_monitor.values import duration_text, parse_duration, parse_size, size_text

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch):
    """An environment without any SLA_*; returns how to set one."""
    for name in [name for name in os.environ if name.startswith("SLA_")]:
        monkeypatch.delenv(name)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


def mistakes(**flags: object) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        read_settings(flags)
    return [str(problem) for problem in caught.value.problems]


def test_nothing_needs_to_be_set(environ):
    settings = read_settings()
    assert settings.listen == Listen("127.0.0.1", 8080)
    assert settings.listen.loopback
    assert settings.database == Path("sla-data/sla.db")
    assert (settings.topic_prefix, settings.clock_speed) == ("sla.", 1.0)
    assert (settings.policy, settings.keys) == (None, None)
    assert settings.outcomes_retention == 400 * DAY
    assert (settings.event_bytes, settings.batch_events, settings.batch_bytes) == (65_536, 500, 1_048_576)


def test_the_log_lies_in_the_data_directory_unless_the_broker_says_where(environ):
    environ(SLA_DATA_DIR="/var/lib/sla")
    assert read_settings().database == Path("/var/lib/sla/sla.db")
    environ(SLA_BROKER="sqlite:////srv/log.db")
    assert read_settings().database == Path("/srv/log.db")
    environ(SLA_BROKER="sqlite:///log.db")
    assert read_settings().database == Path("log.db")


def test_a_flag_wins_over_the_environment_and_an_absent_flag_does_not(environ):
    environ(SLA_LISTEN="127.0.0.1:1", SLA_DATA_DIR="a")
    settings = read_settings({"listen": "127.0.0.1:2", "data_dir": None})
    assert (settings.listen.port, settings.data_dir) == (2, Path("a"))


def test_an_empty_variable_says_nothing(environ):
    environ(SLA_POLICY="", SLA_LISTEN="")
    assert read_settings().policy is None


@pytest.mark.parametrize(
    ("text", "listen", "loopback"),
    [
        ("0.0.0.0:0", Listen("0.0.0.0", 0), False),
        ("localhost:80", Listen("localhost", 80), True),
        ("127.8.8.8:80", Listen("127.8.8.8", 80), True),
        ("[::1]:80", Listen("::1", 80), True),
        ("[::]:80", Listen("::", 80), False),
        ("sla.example:80", Listen("sla.example", 80), False),
    ],
)
def test_an_address_is_host_and_port_and_knows_whether_it_is_loopback(environ, text, listen, loopback):
    environ(SLA_LISTEN=text)
    found = read_settings().listen
    assert (found, found.loopback, str(found)) == (listen, loopback, text)


def test_every_mistake_is_told_at_once_by_the_name_it_was_given_under(environ):
    environ(SLA_BROKR="x", SLA_LISTEN="8080", SLA_EVENT_BYTES="64kb")
    assert mistakes(clock_speed="0") == [
        "SLA_BROKR: is no setting; did you mean `SLA_BROKER`?",
        "SLA_LISTEN: must be host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080",
        "--clock-speed: must be greater than 0",
        "SLA_EVENT_BYTES: must be a size, such as 64KiB, 1MiB or 65536",
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SLA_BROKER", "kafka://a", "must be kafka://host:port"),
        ("SLA_BROKER", "redis://", "must be sqlite:///path"),
        ("SLA_BROKER", "sqlite:///", "must be sqlite:///path"),
        ("SLA_BROKER", "sqlite:///:memory:", "must be sqlite:///path"),
        ("SLA_LISTEN", "127.0.0.1:65536", "must have a port from 0 (any that is free) to 65535"),
        ("SLA_TOPIC_PREFIX", "a b", "must be up to 100 letters, digits, dots, dashes and underscores"),
        ("SLA_CLOCK_SPEED", "nan", "must be "),
        ("SLA_CLOCK_SPEED", "fast", "must be a number"),
        ("SLA_EVENTS_RETENTION", "0s", "must be longer than 0s"),
        ("SLA_TELEGRAM_URL", "api.telegram.org", "must be http:// or https:// and a host"),
        ("SLA_SLACK_URL", "https://slack.com/", "must be http:// or https:// and a host"),
        ("SLA_BATCH_EVENTS", "0", "must be greater than or equal to 1"),
        ("SLA_EVENT_BYTES", "1", "must be greater than or equal to 1024"),
    ],
)
def test_a_bad_value_is_told_with_its_remedy(environ, name, value, message):
    environ(**{name: value})
    (told,) = mistakes()
    assert told.startswith(f"{name}: ")
    assert message in told


def test_a_fast_clock_is_served_on_loopback_only(environ):
    environ(SLA_CLOCK_SPEED="60")
    assert read_settings().clock_speed == 60
    assert "SLA_CLOCK_SPEED other than 1 is served on loopback only" in mistakes(listen="0.0.0.0:8080")[0]


def test_a_secret_is_given_once_by_its_setting_or_by_its_file(environ, tmp_path):
    (tmp_path / "token").write_text("1234:s3cr3t\n")
    environ(SLA_TELEGRAM_TOKEN_FILE=str(tmp_path / "token"), SLA_SLACK_TOKEN="xoxb-1")
    settings = read_settings()
    assert (settings.reveal("telegram_token"), settings.reveal("slack_token")) == ("1234:s3cr3t", "xoxb-1")
    assert [settings.is_set(name) for name in ("telegram_token", "slack_token", "slack_secret")] == [True, True, False]
    environ(SLA_TELEGRAM_TOKEN="1234:other")
    assert "SLA_TELEGRAM_TOKEN and SLA_TELEGRAM_TOKEN_FILE say the same" in mistakes()[0]


def test_what_tests_and_kubernetes_set_is_passed_over(environ):
    environ(
        SLA_TEST_KILL="1",
        SLA_VECTORS="x",
        SLA_MONITOR_SERVICE_HOST="10.0.0.1",
        SLA_MONITOR_SERVICE_PORT_HTTP="80",
        SLA_MONITOR_PORT="tcp://10.0.0.1:80",
        SLA_MONITOR_PORT_80_TCP_ADDR="10.0.0.1",
    )
    assert read_settings().listen.port == 8080


def test_settings_cannot_be_changed(environ):
    with pytest.raises(ValueError, match="frozen"):
        read_settings().clock_speed = 2.0  # type: ignore[misc]


def test_every_setting_has_its_meaning_in_the_published_page():
    assert all(field.description for field in Settings.model_fields.values())
    committed = (DOCS / "settings.md").read_text()
    assert committed == settings_markdown(), "run: python -m sla_monitor.settings > docs/settings.md"


@pytest.mark.parametrize(
    ("text", "ms"), [("0s", 0), ("90s", 90 * SECOND), ("1h30m", 5_400 * SECOND), ("7d", 7 * DAY), (5, 5)]
)
def test_durations_are_read_in_their_units(text, ms):
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "10", "-1s", "1.5h", "30m1h", "1w", "٣s", True, None, ["1s"]])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="must be a duration with its units"):
        parse_duration(text)


def test_durations_and_sizes_are_written_as_they_are_read():
    assert [duration_text(parse_duration(text)) for text in ("90s", "24h", "0s")] == ["1m30s", "1d", "0s"]
    assert [size_text(parse_size(text)) for text in ("64KiB", "1024 KiB", "65537", "10B")] == [
        "64KiB",
        "1MiB",
        "65537B",
        "10B",
    ]


@pytest.mark.parametrize("text", ["", "64kb", "-1", True, None])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="must be a size"):
        parse_size(text)


def test_proxies_are_addresses_and_networks(environ):
    environ(SLA_PROXY_HEADER="X-Forwarded-Email", SLA_TRUSTED_PROXIES="10.0.0.5, 10.1.0.0/24,fd00::/8")
    assert list(map(str, read_settings().trusted_proxies)) == ["10.0.0.5/32", "10.1.0.0/24", "fd00::/8"]


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "10.0.0.1/24", ",", "10.0.0.1,"])
def test_a_proxy_that_is_no_address_is_a_mistake(environ, text):
    environ(SLA_PROXY_HEADER="X-Forwarded-Email", SLA_TRUSTED_PROXIES=text)
    assert mistakes() == [
        "SLA_TRUSTED_PROXIES: must be addresses or networks, such as 10.0.0.5 or 10.0.0.0/24,fd00::/8"
    ]


@pytest.mark.parametrize("said", [{"SLA_PROXY_HEADER": "X-User"}, {"SLA_TRUSTED_PROXIES": "10.0.0.5"}])
def test_a_header_that_anybody_could_send_and_proxies_without_one_are_mistakes(environ, said):
    environ(**said)
    assert mistakes() == ["SLA_PROXY_HEADER and SLA_TRUSTED_PROXIES need each other; set both or neither"]


def test_the_name_of_the_header_is_one(environ):
    environ(SLA_PROXY_HEADER="X Forwarded: Email", SLA_TRUSTED_PROXIES="10.0.0.5")
    assert mistakes()[0] == "SLA_PROXY_HEADER: must be the name of an HTTP header, such as X-Forwarded-Email"
