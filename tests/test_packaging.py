"""Lock files, container and service files: checked as far as a machine without an engine can."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def requirements(lock):
    """(name, lines that follow) of each requirement."""
    text = (ROOT / lock).read_text("utf-8")
    for block in re.split(r"\n(?=\S)", text.strip()):
        yield re.split(r"[=\[; ]", block, maxsplit=1)[0].lower(), block


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_registry(lock):
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / lock).read_text("utf-8"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_has_a_hash(lock):
    found = list(requirements(lock))
    assert len(found) > 20
    assert [name for name, block in found if "==" not in block or "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("lock", "with_dev"), [("requirements.lock", False), ("requirements-dev.lock", True)])
def test_a_lock_file_holds_what_the_project_asks_for(lock, with_dev):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = project["project"]["dependencies"] + (project["dependency-groups"]["dev"] if with_dev else [])
    names = {re.split(r"[\[>=<~ ]", one, maxsplit=1)[0].lower() for one in wanted}
    assert names - {name for name, _ in requirements(lock)} == set()


# --- container ---


def test_the_image_gets_all_code_and_texts_and_nothing_else():
    copied = set(re.findall(r"^COPY (?!--)(.*) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    names = {name for line in copied for name in line.split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    packages = {pattern.rstrip("*") for pattern in project["packages"]["find"]["include"]}
    modules = {f"{module}.py" for module in project["py-modules"]}
    assert packages | modules | {"templates", "static"} <= names
    assert [name for name in names if not (ROOT / name).exists()] == []
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")}
    assert let_in == names


def test_the_image_does_not_run_as_root():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER (?!root|0)", text.rpartition("FROM ")[2], re.MULTILINE)


@pytest.mark.parametrize("service", sorted(COMPOSE["services"]))
def test_every_service_comes_back_stops_gently_and_says_whether_it_is_well(service):
    made = COMPOSE["services"][service]
    assert made["restart"] in {"unless-stopped", "on-failure"}
    assert made["stop_grace_period"] == "30s"
    assert "healthcheck" in made or service == "web"  # the image's own


def test_compose_holds_no_secret_of_its_own():
    text = (ROOT / "compose.yaml").read_text("utf-8")
    assert re.findall(r"^\s*\w*PASSWORD: (?!\$\{POSTGRES_PASSWORD:\?)\S+", text, re.MULTILINE) == []
    assert re.findall(r"://\w+:(?!\$\{POSTGRES_PASSWORD:\?)\S+@", text) == []
    assert "SECRET_KEY" not in text


def test_every_volume_is_declared_and_used():
    used = {volume.partition(":")[0] for made in COMPOSE["services"].values() for volume in made.get("volumes", ())}
    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])


DOCKER = shutil.which("docker")


def has_compose():
    return (
        bool(DOCKER)
        and subprocess.run([DOCKER, "compose", "version"], capture_output=True, check=False).returncode == 0
    )


def as_stack(made):
    """The file as ``docker stack config`` takes it: the same schema but for these keys."""
    services = {
        name: service | {"depends_on": list(service.get("depends_on", ()))}
        for name, service in made["services"].items()
    }
    return {"version": "3.9", "services": services, "volumes": made["volumes"]}


@pytest.mark.skipif(DOCKER is None, reason="docker is not on this machine")
def test_docker_reads_the_compose_file(tmp_path):
    command = ["compose", "-f", "compose.yaml", "config", "--quiet"]
    made = COMPOSE
    if not has_compose():  # the client alone brings a checker, too; neither needs an engine
        command, made = ["stack", "config", "-c", "compose.yaml"], as_stack(COMPOSE)
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(made), "utf-8")
    shutil.copy(ROOT / "Dockerfile", tmp_path)
    values = {"POSTGRES_PASSWORD": "invented", "SITE_ADDRESS": "wz.example.com"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()), "ascii")
    done = subprocess.run(
        [DOCKER, *command], cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | values
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(DOCKER is None, reason="docker is not on this machine")
def test_docker_does_not_start_without_a_database_password(tmp_path):
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(as_stack(COMPOSE)), "utf-8")
    (tmp_path / ".env").touch()
    without = {name: value for name, value in os.environ.items() if name != "POSTGRES_PASSWORD"}
    without["SITE_ADDRESS"] = "wz.example.com"  # else docker names whichever it meets first
    done = subprocess.run(
        [DOCKER, "stack", "config", "-c", "compose.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=without,
    )
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD" in done.stderr


# --- systemd ---


@pytest.mark.parametrize("unit", [u for u in UNITS if u.suffix == ".service"], ids=lambda u: u.name)
def test_a_service_is_hardened_and_stops_gently(unit):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(unit, "utf-8")
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "KillSignal": "SIGTERM",
        "TimeoutStopSec": "30",
        "Restart": "on-failure",
        "User": "wenzheng",
        "EnvironmentFile": "/etc/wenzheng/env",
    }
    assert {name: parser["Service"].get(name) for name in wanted} == wanted


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_understands_the_units(tmp_path):
    for unit in UNITS:  # it wants the programs to be there
        text = unit.read_text("utf-8").replace("/opt/wenzheng/.venv/bin/wenzheng", sys.executable)
        (tmp_path / unit.name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "wenzheng" in line]
    assert (done.returncode, ours) == (0, [])


def test_ci_runs_both_targets_and_stops_at_the_first_failure():
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines[0].endswith("bash")
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make lint", "make test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
