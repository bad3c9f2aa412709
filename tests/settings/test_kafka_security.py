"""How Kafka is reached securely is said completely and consistently, or refused; secrets stay secret."""

from __future__ import annotations

import ast
import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sla_monitor.errors import Misconfigured
from sla_monitor.settings import read_settings
from sla_monitor.stream.kafka.access import Access

SOURCES = Path(__file__).parents[2] / "sla_monitor"
USER = {"SLA_KAFKA_USER": "worker", "SLA_KAFKA_PASSWORD": "seventeen-geese"}


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch):
    """An environment without any SLA_*; returns how to set one."""
    for name in [name for name in os.environ if name.startswith("SLA_")]:
        monkeypatch.delenv(name)
    return lambda **variables: [monkeypatch.setenv(name, str(value)) for name, value in variables.items()]


def reached(environ: Any, **variables: object) -> Access:
    environ(SLA_BROKER="kafka://kafka:9092", **variables)
    return Access.of(read_settings())


def refused(environ: Any, **variables: object) -> str:
    with pytest.raises(Misconfigured) as told:
        reached(environ, **variables)
    return str(told.value)


def test_without_a_word_kafka_is_spoken_to_in_plain_text(environ):
    assert reached(environ).client() == {"bootstrap_servers": "kafka:9092", "security_protocol": "PLAINTEXT"}


def test_a_user_is_proven_by_scram_over_checked_tls(environ):
    client = reached(environ, SLA_KAFKA_SECURITY_PROTOCOL="SASL_SSL", **USER).client()
    context = client.pop("ssl_context")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert client == {
        "bootstrap_servers": "kafka:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "worker",
        "sasl_plain_password": "seventeen-geese",
    }


def test_a_password_without_tls_is_refused_unless_it_is_allowed(environ):
    told = refused(environ, SLA_KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT", **USER)
    assert "SLA_KAFKA_SASL_WITHOUT_TLS=true" in told
    assert "shows the network" in told
    client = reached(environ, SLA_KAFKA_SASL_WITHOUT_TLS="true").client()
    assert (client["security_protocol"], client["sasl_plain_username"]) == ("SASL_PLAINTEXT", "worker")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SLA_KAFKA_SECURITY_PROTOCOL": "TLS"}, "SLA_KAFKA_SECURITY_PROTOCOL: must be 'PLAINTEXT', 'SSL'"),
        ({"SLA_KAFKA_SASL_MECHANISM": "GSSAPI"}, "SLA_KAFKA_SASL_MECHANISM: must be 'SCRAM-SHA-512'"),
        ({"SLA_KAFKA_USER": "worker"}, "SLA_KAFKA_USER does nothing with PLAINTEXT"),
        ({"SLA_KAFKA_CA": "ca.pem"}, "SLA_KAFKA_CA does nothing with PLAINTEXT"),
        ({"SLA_KAFKA_SECURITY_PROTOCOL": "SSL", **USER}, "SLA_KAFKA_PASSWORD does nothing with SSL"),
        ({"SLA_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "needs SLA_KAFKA_USER and SLA_KAFKA_PASSWORD or"),
        ({"SLA_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "SLA_KAFKA_USER": "worker"}, "needs SLA_KAFKA_USER and"),
        ({"SLA_KAFKA_SECURITY_PROTOCOL": "SSL", "SLA_KAFKA_KEY": "a.key"}, "need each other; set both or neither"),
        (
            {"SLA_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "SLA_KAFKA_PASSWORD_FILE": "a", **USER},
            "SLA_KAFKA_PASSWORD and SLA_KAFKA_PASSWORD_FILE say the same; leave one of them out",
        ),
    ],
)
def test_what_is_half_set_is_told_with_its_remedy(environ, variables, told):
    assert told in refused(environ, **variables)


def test_all_that_is_half_set_is_told_at_once(environ):
    told = refused(environ, SLA_KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT", SLA_KAFKA_CA="ca.pem")
    assert len(told.splitlines()) == 3


def test_a_password_is_read_from_a_file_without_the_end_of_its_line(environ, tmp_path: Path):
    (tmp_path / "password").write_text(" seventeen geese \r\n")
    file = {"SLA_KAFKA_USER": "worker", "SLA_KAFKA_PASSWORD_FILE": tmp_path / "password"}
    client = reached(environ, SLA_KAFKA_SECURITY_PROTOCOL="SASL_SSL", **file).client()
    assert client["sasl_plain_password"] == " seventeen geese "


def test_a_secret_is_in_no_error_and_no_text_of_settings_and_access(environ):
    access = reached(environ, SLA_KAFKA_SECURITY_PROTOCOL="SASL_SSL", **USER)
    settings = read_settings()
    shown = f"{settings!r} {settings} {settings.model_dump_json()} {access!r} {access}"
    assert "geese" not in shown
    assert "geese" not in refused(environ, SLA_KAFKA_SECURITY_PROTOCOL="nonsense")
    assert "geese" not in refused(environ, SLA_KAFKA_SECURITY_PROTOCOL="PLAINTEXT")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates with their keys, one of which is encrypted."""
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("openssl is missing")
    home = tmp_path_factory.mktemp("papers")
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=w")
    for name, how in (("plain", ("-nodes",)), ("locked", ("-passout", "pass:seventeen-geese"))):
        made = [*new, *how, "-keyout", home / f"{name}.key", "-out", home / f"{name}.pem"]
        subprocess.run(made, check=True, capture_output=True)
    (home / "empty").touch()
    return home


def certified(environ: Any, papers: Path, certificate: str, key: str, **variables: object) -> Access:
    said = {"SLA_KAFKA_CERTIFICATE": papers / certificate, "SLA_KAFKA_KEY": papers / key}
    return reached(environ, SLA_KAFKA_SECURITY_PROTOCOL="SSL", **said, **variables)


def test_a_certificate_is_shown_and_its_key_opened(environ, papers: Path):
    assert certified(environ, papers, "plain.pem", "plain.key", SLA_KAFKA_CA=papers / "plain.pem")
    assert certified(environ, papers, "locked.pem", "locked.key", SLA_KAFKA_KEY_PASSWORD="seventeen-geese")


@pytest.mark.parametrize(
    ("certificate", "key", "variables", "told"),
    [
        ("absent", "plain.key", {}, "SLA_KAFKA_CERTIFICATE: * cannot be read: No such file or directory"),
        ("empty", "plain.key", {}, "SLA_KAFKA_CERTIFICATE: * holds no certificate in PEM"),
        ("plain.pem", "absent", {}, "SLA_KAFKA_KEY: * cannot be read: No such file or directory"),
        ("plain.pem", "plain.pem", {}, "SLA_KAFKA_KEY: * holds no private key in PEM"),
        ("plain.pem", "locked.key", {}, "SLA_KAFKA_KEY_PASSWORD: * is not opened by this password, or by none"),
        ("locked.pem", "locked.key", {"SLA_KAFKA_KEY_PASSWORD": "gander"}, "SLA_KAFKA_KEY_PASSWORD: * is not opened"),
        ("locked.pem", "plain.key", {}, "SLA_KAFKA_KEY: * is not the key of "),
        (
            "locked.pem",
            "locked.key",
            {"SLA_KAFKA_KEY_PASSWORD_FILE": "empty"},
            "SLA_KAFKA_KEY_PASSWORD_FILE: * is empty",
        ),
        ("plain.pem", "plain.key", {"SLA_KAFKA_CA": "absent"}, "SLA_KAFKA_CA: * cannot be read"),
        ("plain.pem", "plain.key", {"SLA_KAFKA_CA": "plain.key"}, "SLA_KAFKA_CA: * holds no certificate in PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_setting(environ, papers, certificate, key, variables, told):
    in_files = {n: v if n == "SLA_KAFKA_KEY_PASSWORD" else papers / v for n, v in variables.items()}
    with pytest.raises(Misconfigured) as refusal:
        certified(environ, papers, certificate, key, **in_files)
    setting, _, message = told.partition(" * ")
    assert str(refusal.value).startswith(setting)
    assert message in str(refusal.value)
    assert "gander" not in str(refusal.value)


def test_every_client_of_kafka_is_given_the_access():
    made = []
    for path in SOURCES.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in CLIENTS:
                given = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
                made.append((path.name, ast.unparse(call.func), any(said.endswith(GIVEN) for said in given)))
    assert made
    assert [(name, client) for name, client, secured in made if not secured] == []


CLIENTS = {
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "AIOKafkaAdminClient",
    "AIOKafkaClient",
    "Transactional",
    "create_conn",
}
GIVEN = ("access.client()", "access.security")
