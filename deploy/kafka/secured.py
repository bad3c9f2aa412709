"""A cluster that lets nobody in unknown: its certificates and users, and what brokers and clients are told of them.

Everything lies in one directory: the authority (`ca.pem`), a key and certificate for each client (`worker.key`,
`worker.pem`) or a password (`worker.password`), and `worker.env`, the environment that makes a client of ours that one.
"""

from __future__ import annotations

import secrets
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUPER = "super"
"""May do everything; the others what ACLs give them, which at first is nothing."""
CLIENTS = (SUPER, "ingest", "worker", "web", "audit", "admin")
BROKER = "broker"
MECHANISM = "SCRAM-SHA-512"

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash")
MEMBER = ("basicConstraints=critical,CA:FALSE", "subjectAltName=IP:127.0.0.1", "authorityKeyIdentifier=keyid")


@dataclass(frozen=True)
class Secured:
    """protocol: Kafka's name of what clients have to speak, SSL or SASL_SSL."""

    home: Path
    protocol: str

    @property
    def sasl(self) -> bool:
        return self.protocol.startswith("SASL_")

    def make(self) -> None:
        """Make all keys, certificates and passwords."""
        self.home.mkdir(mode=0o700, parents=True)
        (self.home / "openssl.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")
        self._certify("ca", AUTHORITY)
        for name in (BROKER,) if self.sasl else (BROKER, *CLIENTS):
            self._certify(name, MEMBER, "-CA", str(self.home / "ca.pem"), "-CAkey", str(self.home / "ca.key"))
        store = self.home / "broker.keystore.pem"
        store.touch(0o600)
        store.write_text((self.home / "broker.key").read_text() + (self.home / "broker.pem").read_text())
        for name in (BROKER, *CLIENTS) if self.sasl else ():
            password = self.home / f"{name}.password"
            password.touch(0o600)
            password.write_text(secrets.token_urlsafe(24))

    def _certify(self, name: str, extensions: tuple[str, ...], *by: str) -> None:
        """A key, and a certificate that is the authority's own unless it says `by` whom."""
        command = ["openssl", "req", "-x509", "-config", self.home / "openssl.cnf", *NEW_KEY, *by, "-days", "3650"]
        command += ["-subj", f"/CN={name}", "-keyout", self.home / f"{name}.key", "-out", self.home / f"{name}.pem"]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - all arguments are of this file

    def users(self) -> Iterator[str]:
        """Arguments for the tool that formats a broker's log."""
        for name in (BROKER, *CLIENTS) if self.sasl else ():
            yield "--add-scram"
            yield f"{MECHANISM}=[name={name},password={self._password(name)}]"

    def properties(self) -> str:
        """Of a broker. Controllers know each other by certificates, in both modes."""
        return f"""\
ssl.keystore.type=PEM
ssl.keystore.location={self.home / "broker.keystore.pem"}
ssl.truststore.type=PEM
ssl.truststore.location={self.home / "ca.pem"}
ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{BROKER};User:{SUPER}
allow.everyone.if.no.acl.found=false
{self._sasl_properties() if self.sasl else ""}"""

    def _sasl_properties(self) -> str:
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        return f"""\
sasl.enabled.mechanisms={MECHANISM}
sasl.mechanism.inter.broker.protocol={MECHANISM}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login} \
username="{BROKER}" password="{self._password(BROKER)}";
"""

    def write_environments(self, address: str) -> Iterator[Path]:
        """A file for each client, to be read by `set -a; . FILE`."""
        for name in CLIENTS:
            path = self.home / f"{name}.env"
            said = {"SLA_BROKER": f"kafka://{address}", **self._environment(name)}
            path.write_text("".join(f"{variable}={shlex.quote(str(value))}\n" for variable, value in said.items()))
            yield path

    def _environment(self, name: str) -> dict[str, object]:
        said: dict[str, object] = {"SLA_KAFKA_SECURITY_PROTOCOL": self.protocol, "SLA_KAFKA_CA": self.home / "ca.pem"}
        if self.sasl:
            return {
                **said,
                "SLA_KAFKA_SASL_MECHANISM": MECHANISM,
                "SLA_KAFKA_USER": name,
                "SLA_KAFKA_PASSWORD_FILE": self.home / f"{name}.password",
            }
        return {**said, "SLA_KAFKA_CERTIFICATE": self.home / f"{name}.pem", "SLA_KAFKA_KEY": self.home / f"{name}.key"}

    def _password(self, name: str) -> str:
        return (self.home / f"{name}.password").read_text()
