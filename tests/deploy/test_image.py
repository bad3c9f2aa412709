"""The image: what is in it, and how the Dockerfile makes it."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from sla_monitor import __version__
from tests.deploy.compose import instruction
from tests.deploy.tools import ROOT, tool

DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def test_the_dockerfile_has_no_fault_that_a_linter_knows():
    done = subprocess.run([tool("hadolint"), DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_stages_are_the_same_pinned_python_and_the_last_is_the_slim_one():
    builder, final = re.findall(r"^FROM python:(\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert re.fullmatch(r"\d+\.\d+\.\d+-[a-z]+", builder)
    version, system = builder.split("-")
    assert final == f"{version}-slim-{system}"


def test_it_runs_as_nobody_in_particular_and_is_asked_for_its_health():
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instruction("USER"))
    assert "/healthz" in instruction("HEALTHCHECK")


def test_everything_installed_is_named_by_its_hash():
    for line in re.findall(r"pip (?:\S+ \S+ )?(?:install|wheel) .*", DOCKERFILE.read_text()):
        assert "--require-hashes" in line or "--no-index" in line, line


def test_the_package_holds_every_file_that_the_program_reads(package: Path):
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "sla_monitor"], capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout: there is no list of what belongs to it")
    assert set(listed.stdout.split()) <= set(zipfile.ZipFile(package).namelist())


def test_the_package_needs_nothing_that_is_not_locked(package: Path):
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    with zipfile.ZipFile(package) as files:
        (name,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = files.read(name).decode()
    needed = re.findall(r"^Requires-Dist: ([A-Za-z0-9-]+)[^;\n]*$", metadata, re.MULTILINE)
    assert needed
    assert {name.lower() for name in needed} <= locked


def test_it_runs_outside_the_checkout(image: Path, tmp_path: Path):
    command = [image / "bin" / "python", image / "bin" / "sla-monitor", "--version"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"{__version__}\n", "", 0)
