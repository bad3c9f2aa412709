"""A service of docker-compose.yml as a process: its command, user, environment and files, without a container engine.

The root file system is the machine's own, read-only, in a mount namespace; over it lie the image, the declared tmpfs,
volumes, configs and secrets, and nothing else can be written. The network is the machine's: addresses are mapped.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.deploy.compose import COMPOSE, SERVICES, environment, instruction
from tests.deploy.image import HOME, LOCKED
from tests.deploy.tools import ROOT, missing

NEW_ROOT = "/mnt/root"
OVERLAY = (
    "mount -t tmpfs tmpfs /mnt",
    f"mkdir /mnt/upper /mnt/work {NEW_ROOT}",
    f"mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay {NEW_ROOT}",
)
"""The commands that lay an empty file system over the machine's own."""
NOTHING_ALLOWED = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups")
"""What `cap_drop: [ALL]` and `no-new-privileges` mean."""


def require_namespaces() -> None:
    """Skip the test, or fail it in CI, where a process cannot be given a root file system of its own."""
    if os.geteuid() != 0:
        missing("only root may start processes as other users")
    probe = "\n".join(["set -e", *OVERLAY])
    if subprocess.run(["unshare", "--mount", "sh", "-c", probe], capture_output=True, check=False).returncode:
        missing("this machine lays no file system over another (unshare, overlay)")


@dataclass(frozen=True)
class Machine:
    """Where containers run. image: the files of our image. home: for volumes and secrets. kafka: its address."""

    image: Path
    home: Path
    kafka: str
    prefix: str

    def secret(self, name: str) -> Path:
        return self.home / COMPOSE["secrets"][name]["file"]

    def volume(self, name: str, owner: str) -> Path:
        """A named volume belongs at first to whom the image gives the directory."""
        path = self.home / name
        path.mkdir(exist_ok=True)
        os.chown(path, *map(int, owner.split(":")))
        return path


@dataclass(frozen=True)
class Container:
    """One replica of a service. port: of this machine, instead of 8080."""

    machine: Machine
    name: str
    port: int

    @property
    def service(self) -> dict[str, Any]:
        return dict(SERVICES[self.name])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, command: list[str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """Start the service's own command, or another one beside it. The process is the program itself, no shell."""
        run = command or [*json.loads(instruction("ENTRYPOINT")), *self.service["command"]]
        user, group = self.service["user"].split(":")
        jailed = ["chroot", NEW_ROOT, "setpriv", "--reuid", user, "--regid", group, *NOTHING_ALLOWED]
        inside = ["env", "--ignore-environment", f"--chdir={instruction('WORKDIR')}", *self.variables, *run]
        script = "\n".join(["set -e", *self.mounts, "exec " + shlex.join([*jailed, *map(self.mapped, inside)])])
        return subprocess.Popen(["unshare", "--mount", "sh", "-c", script], text=True, **options)

    def ask_health(self) -> bool:
        """Run the service's healthcheck once; whether it succeeded."""
        kind, *command = self.service["healthcheck"]["test"]
        assert kind == "CMD"
        return self.start(command, stderr=subprocess.DEVNULL).wait(60) == 0

    @property
    def variables(self) -> list[str]:
        said = environment(self.name) | {"SLA_TOPIC_PREFIX": self.machine.prefix}
        return [f"{name}={value}" for name, value in said.items()]

    def mapped(self, text: str) -> str:
        """With the addresses of this machine instead of those of the containers' network."""
        listened = text.replace("0.0.0.0:8080", "127.0.0.1:8080").replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        return listened.replace("kafka:9092", self.machine.kafka)

    @cached_property
    def mounts(self) -> list[str]:
        """The commands that make the root file system."""
        return [
            *OVERLAY,
            *(f"chmod a+x {NEW_ROOT}{parent}" for parent in Path(sys.base_prefix).parents),  # /root, where pyenv is
            *self._files(),
            f"mount --rbind /proc {NEW_ROOT}/proc",
            f"mount --rbind /dev {NEW_ROOT}/dev",
            f"mount -o remount,ro {NEW_ROOT}",
        ]

    def _files(self) -> Iterator[str]:
        yield from _bind(self.machine.image, HOME)
        yield from _bind(Path(sysconfig.get_path("purelib")), LOCKED)
        yield from _bind_directory_of_data(self)
        for config in self.service.get("configs", ()):
            yield from _bind(ROOT / COMPOSE["configs"][config["source"]]["file"], config["target"])
        for name in self.service.get("secrets", ()):
            yield from _bind(self.machine.secret(name), f"/run/secrets/{name}")
        for path, options in (said.partition(":")[::2] for said in self.service["tmpfs"]):
            yield f"mkdir -p {NEW_ROOT}{path} && mount -t tmpfs -o {options} tmpfs {NEW_ROOT}{path}"


def _bind_directory_of_data(container: Container) -> Iterator[str]:
    """The image's directory of data, and the volumes."""
    yield f"install -d -m 0750 -o 10001 -g 10001 {NEW_ROOT}{instruction('WORKDIR')}"
    for name, target in (said.split(":") for said in container.service.get("volumes", ())):
        source = container.machine.volume(name, container.service["user"])
        yield from _bind(source, target, writable=True)


def _bind(source: Path, target: str, *, writable: bool = False) -> Iterator[str]:
    place = NEW_ROOT + target
    make = f"mkdir -p {place}" if source.is_dir() else f"mkdir -p {Path(place).parent} && touch {place}"
    yield f"{make} && mount --bind {source} {place}"
    if not writable:
        yield f"mount -o remount,bind,ro {place}"
