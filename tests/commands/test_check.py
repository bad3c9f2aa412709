"""`sla-monitor check`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sla_monitor.core.rules import MINUTE, Manager, Policy
from sla_monitor.policy import EXAMPLE, example_rules
from tests.commands.shelf import Run, Shelf
from tests.world import sales


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(EXAMPLE)
    return path


def test_a_good_policy_is_explained_and_nothing_is_wrong(run: Run, file: Path) -> None:
    answer = run("check", "--policy", str(file), "--no-json")
    assert answer.code == 0
    assert "default (every other lead): an attempt within 1m" in answer.out
    assert "on shift at start and due: anna, vera" in answer.out
    assert answer.out.endswith("All is well.\n")


def test_a_data_directory_that_others_may_look_into_is_a_warning_and_stays_as_it_is(
    run: Run, file: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o750)
    answer = run("check", "--policy", str(file), "--data-dir", str(kept))
    assert answer.code == 1
    assert [warning["message"] for warning in answer.json["warnings"]] == [
        "has the mode 0750, so others on this machine may look into it; `chmod 700` closes it"
    ]
    assert kept.stat().st_mode & 0o777 == 0o750
    kept.chmod(0o700)
    assert run("check", "--policy", str(file), "--data-dir", str(kept)).json["warnings"] == []


def test_every_mistake_of_settings_keys_and_policy_is_told_at_once(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("teams: {sales: {head: nobody, managers: [anna]}}\nmanagers: {anna: {}}\n")
    (tmp_path / "keys.yaml").write_text("a: {sha256: [x], scopes: [write]}")
    monkeypatch.setenv("SLA_KEYS", "keys.yaml")
    answer = run("check", "--policy", str(file))
    places = [error["place"] for error in answer.json["errors"]]
    assert (answer.code, places[0]) == (2, f"{file}:1")
    assert places[1] == "keys.yaml:1"
    monkeypatch.setenv("SLA_LISTEN", "nowhere")
    places = [error["place"] for error in run("check", "--policy", str(file)).json["errors"]]
    assert places == ["SLA_LISTEN", f"{file}:1"]


@pytest.mark.parametrize("address", ["nosuch://secret/token", "exec://secret", "tgram://1:secret-secret/111/222"])
def test_an_address_that_cannot_be_used_is_a_mistake_without_its_secrets(run: Run, file: Path, address: str) -> None:
    file.write_text(EXAMPLE.replace('vera: {name: Vera, notify: ["log://"]}', f'vera: {{notify: ["{address}"]}}'))
    answer = run("check", "--policy", str(file))
    assert (answer.code, [error["path"] for error in answer.json["errors"]]) == (2, ["managers.vera.notify[0]"])
    assert "secret" not in answer.out


def test_a_policy_with_an_address_that_cannot_be_used_does_not_come_into_force(
    run: Run, file: Path, shelf: Shelf
) -> None:
    shelf.enforce(sales())
    file.write_text(EXAMPLE.replace('vera: {name: Vera, notify: ["log://"]}', 'vera: {notify: ["exec://x"]}'))
    assert run("policy", "apply", str(file)).code == 2


def test_the_zone_and_the_quiet_hours_of_everybody_are_told(run: Run, file: Path) -> None:
    file.write_text(
        """
calendars:
  msk: {timezone: Europe/Moscow, hours: {mon-fri: ["09:00-20:00"]}}
  vvo: {timezone: Asia/Vladivostok, hours: {mon-fri: ["09:00-20:00"]}}
managers: {anna: {shift: msk}, vera: {shift: msk}, daria: {shift: vvo}, irina: {quiet: ["21:00-08:00", "12:00-13:00"]}}
teams: {moscow: {managers: [anna, vera]}, east: {head: irina, managers: [daria]}}
policies:
  - {name: moscow, match: {team: [moscow]}, team: moscow, calendar: msk}
  - {name: default, team: east, calendar: vvo}
"""
    )
    told = run("check", "--policy", str(file)).json["forecast"][-3:]
    assert told == [
        "notices in Europe/Moscow, never quiet: anna, vera",
        "notices in Asia/Vladivostok, never quiet: daria",
        "notices in Asia/Vladivostok, quiet 12:00-13:00 and 21:00-08:00: irina",
    ]


def test_a_public_url_that_nobody_could_use_is_a_warning(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLA_PUBLIC_URL", "https://sla.example")
    answer = run("check", "--policy", str(file))
    assert (answer.code, [w["place"] for w in answer.json["warnings"]]) == (1, ["SLA_PUBLIC_URL"])


def test_keys_and_proxies_that_let_nobody_in_are_warnings(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("keys.yaml").write_text(run("keys", "new", "eve", "--scope", "act", "--manager", "eve").out.splitlines()[1])
    monkeypatch.setenv("SLA_KEYS", "keys.yaml")
    monkeypatch.setenv("SLA_PROXY_HEADER", "X-Forwarded-Email")
    monkeypatch.setenv("SLA_TRUSTED_PROXIES", "10.0.0.5")
    answer = run("check", "--policy", str(file))
    told = [(w["place"], w["path"]) for w in answer.json["warnings"]]
    assert (answer.code, told) == (1, [("SLA_PROXY_HEADER", ""), ("keys.yaml", "eve.manager")])


def test_a_secret_that_could_be_guessed_is_a_mistake_and_none_is_made(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("check", "--policy", str(file))
    assert not list(tmp_path.rglob("secret"))
    monkeypatch.setenv("SLA_SECRET", "short")
    answer = run("check", "--policy", str(file))
    assert (answer.code, [error["place"] for error in answer.json["errors"]]) == (2, ["SLA_SECRET"])


def test_a_channel_without_its_token_is_a_warning(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(EXAMPLE.replace('vera: {name: Vera, notify: ["log://"]}', "vera: {notify: [telegram://7]}"))
    answer = run("check", "--policy", str(file))
    (warning,) = answer.json["warnings"]
    assert (answer.code, warning["path"]) == (1, "managers.vera.notify")
    assert "SLA_TELEGRAM_TOKEN" in warning["message"]
    Path("token").write_text("1234:s3cr3t\n")
    monkeypatch.setenv("SLA_TELEGRAM_TOKEN_FILE", "token")
    assert run("check", "--policy", str(file)).json["warnings"] == []


def test_a_file_of_a_secret_that_cannot_be_read_is_a_mistake(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLA_SLACK_SECRET_FILE", "nowhere")
    answer = run("check", "--policy", str(file))
    assert (answer.code, [error["place"] for error in answer.json["errors"]]) == (2, ["SLA_SLACK_SECRET_FILE"])


def test_a_webhook_without_a_secret_is_a_warning_that_does_not_show_it(run: Run, file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    file.write_text(EXAMPLE + f"webhooks: [{{url: https://crm.example/, secret_file: {secret}}}]\n")
    answer = run("check", "--policy", str(file))
    assert (answer.code, [w["path"] for w in answer.json["warnings"]]) == (1, ["webhooks.crm.example"])
    assert "hunter2" not in answer.out


def test_a_policy_that_is_most_likely_not_meant_is_a_warning(run: Run, file: Path) -> None:
    file.write_text(EXAMPLE.replace("max_turns: 2", "max_turns: 5"))
    answer = run("check", "--policy", str(file))
    assert (answer.code, [w["path"] for w in answer.json["warnings"]]) == (1, ["policies.default.max_turns"])


def test_a_source_without_a_key_is_a_warning(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("keys.yaml").write_text(run("keys", "new", "crm").out.splitlines()[1])
    monkeypatch.setenv("SLA_KEYS", "keys.yaml")
    file.write_text(
        EXAMPLE + "sources: {crm: {default_region: RU}, pbx1: {default_region: RU}, other: {default_region: RU}}\n"
    )
    assert [w["path"] for w in run("check", "--policy", str(file)).json["warnings"]] == ["sources.pbx1"]


def test_an_id_at_a_source_without_a_key_is_a_warning(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("keys.yaml").write_text(run("keys", "new", "crm").out.splitlines()[1])
    monkeypatch.setenv("SLA_KEYS", "keys.yaml")
    text = EXAMPLE.replace("managers:\n", "managers:\n  zoe: {ids: {crm: '7', bitrx: '7'}}\n")
    file.write_text(text + "sources: {crm: {default_region: RU}}\n")
    assert "managers.zoe.ids.bitrx" in [w["path"] for w in run("check", "--policy", str(file)).json["warnings"]]


@pytest.mark.parametrize("source", ["{}", "{calls: live}"])
def test_a_source_without_a_region_is_a_warning(run: Run, file: Path, source: str) -> None:
    file.write_text(EXAMPLE + f"sources: {{pbx1: {source}}}\n")
    (warning,) = run("check", "--policy", str(file)).json["warnings"]
    assert warning["path"] == "sources.pbx1"
    assert "default_region" in warning["message"]
    for said in ("default_region: RU", "international_without_plus: true"):
        file.write_text(EXAMPLE + f"sources: {{pbx1: {{{said}}}}}\n")
        assert run("check", "--policy", str(file)).json["warnings"] == []


def test_a_key_that_the_policy_does_not_know_is_a_warning(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("keys.yaml").write_text(run("keys", "new", "crm").out.splitlines()[1])
    monkeypatch.setenv("SLA_KEYS", "keys.yaml")
    file.write_text(EXAMPLE)
    assert [w["path"] for w in run("check", "--policy", str(file)).json["warnings"]] == ["sources.crm"]


@pytest.mark.parametrize(
    ("country", "day"), [("GB", "Easter Monday"), ("CH", "2"), ("AU", "2"), ("CA", "2"), ("ES", "2")]
)
def test_holidays_of_a_country_whose_regions_differ_are_a_warning(run: Run, file: Path, country: str, day: str) -> None:
    office = "timezone: UTC, hours: {mon-fri: ['09:00-18:00']}"
    file.write_text(f"calendars: {{office: {{{office}, holidays: {{country: {country}}}}}}}\n")
    (warning,) = [w for w in run("check", "--policy", str(file)).json["warnings"] if "holidays" in w["path"]]
    assert day in warning["message"]


@pytest.mark.parametrize("holidays", ["{country: GB, subdiv: ENG}", "{country: RU}", "{country: US}", "{country: FR}"])
def test_holidays_that_all_regions_have_are_no_warning(run: Run, file: Path, holidays: str) -> None:
    file.write_text(
        f"calendars: {{office: {{timezone: UTC, hours: {{mon-fri: ['09:00-18:00']}}, holidays: {holidays}}}}}\n"
    )
    assert not [w for w in run("check", "--policy", str(file)).json["warnings"] if "holidays" in w["path"]]


def test_serving_the_world_without_keys_is_a_warning(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLA_LISTEN", "0.0.0.0:8080")
    assert [w["place"] for w in run("check", "--policy", str(file)).json["warnings"]] == ["SLA_LISTEN"]


def test_a_file_that_is_not_in_force_yet_is_told(run: Run, file: Path, shelf: Shelf) -> None:
    shelf.enforce(sales())
    notes = run("check", "--policy", str(file)).json["notes"]
    assert notes[0] == "No worker runs."
    assert "version 1" in notes[1]


def test_without_a_file_the_policy_in_force_is_judged_and_it_says_so(run: Run, shelf: Shelf) -> None:
    shelf.enforce(sales(policy=Policy(target=7 * MINUTE)))
    answer = run("check")
    assert "an attempt within 7m" in answer.json["forecast"][0]
    assert any("policy in force, version 1" in note for note in answer.json["notes"])
    assert [w["path"] for w in answer.json["warnings"]] == ["policies.default.max_turns"]


def test_without_a_file_and_before_any_was_applied_it_says_that_the_built_in_policy_is_judged(run: Run) -> None:
    answer = run("check")
    assert any("built-in policy" in note for note in answer.json["notes"])
    assert answer.code == 1


def test_a_file_that_is_not_in_force_yet_is_compared_with_the_one_that_is(run: Run, file: Path, shelf: Shelf) -> None:
    address = "json://s3cret.example"
    was = replace(example_rules(date(2026, 11, 30)), version=1)
    vera = replace(was.managers["vera"], notify=(address,))
    policy = replace(was.policies[0], target=9 * MINUTE)
    shelf.enforce(replace(was, managers={**was.managers, "vera": vera, "gleb": Manager("gleb")}, policies=(policy,)))
    answer = run("check", "--policy", str(file))
    said = [note.strip() for note in answer.json["notes"]]
    assert "policies.default.target: 1m in the file, 9m in force" in said
    assert "managers.gleb: only in force" in said
    assert "managers.vera.notify: another in the file" in said
    assert address not in answer.out


def test_a_data_directory_that_cannot_be_used_is_unreachable(run: Run, file: Path, tmp_path: Path) -> None:
    answer = run("check", "--policy", str(file), "--data-dir", str(file))
    assert (answer.code, answer.json["unreachable"]) == (3, [f"{file} is no directory; name another SLA_DATA_DIR"])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sla.db").write_bytes(b"no database" * 100)
    answer = run("check", "--policy", str(file), "--data-dir", "broken", "--no-json")
    assert answer.code == 3
    assert "is damaged" in answer.out


def test_a_check_makes_nothing(run: Run, file: Path, tmp_path: Path) -> None:
    run("check", "--policy", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["policy.yaml"]
