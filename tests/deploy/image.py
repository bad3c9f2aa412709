"""The image as far as it can be made without a container engine: its files, as the Dockerfile lays them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.deploy.tools import ROOT

HOME = "/opt/sla-monitor"
"""Where the Dockerfile puts the virtual environment."""
LOCKED = "/opt/locked"
"""Where a process of a test finds what requirements.lock names: the packages that the tests themselves run with."""


def context(target: Path) -> Path:
    """What .dockerignore lets into a build."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert (lines[0], lines[-1]) == ("*", "**/__pycache__")
    target.mkdir()
    for name in (line.removeprefix("!") for line in lines[1:-1]):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    return target


def wheel(source: Path, target: Path) -> Path:
    """The package, built from a build's context with nothing from outside."""
    pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", target, source)
    (built,) = target.glob("sla_monitor-*.whl")
    return built


def install(built: Path, target: Path) -> Path:
    """A virtual environment that has the package, finds what the lock names, and believes that it lies in HOME."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True)
    pip("--python", target / "bin" / "python", "install", "--no-index", "--no-deps", built)
    (site,) = target.glob("lib/*/site-packages")
    (site / "locked.pth").write_text(f"{LOCKED}\n{sysconfig.get_path('purelib')}\n")
    script = target / "bin" / "sla-monitor"
    script.write_text(f"#!{HOME}/bin/python\n" + script.read_text().partition("\n")[2])
    return target


def pip(*args: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
