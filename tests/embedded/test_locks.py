# SPDX-License-Identifier: EUPL-1.2
"""The locks are whole, and hold no address of the machine that wrote them."""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def locked_packages():
    return tomllib.loads((ROOT / "uv.lock").read_text())["package"]


def test_every_package_of_the_lock_comes_from_one_public_index():
    index = {urlsplit(one["source"]["registry"]) for one in locked_packages() if "registry" in one["source"]}
    others = [one["source"] for one in locked_packages() if "registry" not in one["source"]]

    assert len(index) == 1
    assert index.pop().scheme == "https"
    assert others == [{"editable": "."}]
    hosts = {urlsplit(url).hostname for url in re.findall(r'url = "([^"]+)"', (ROOT / "uv.lock").read_text())}
    assert len(hosts) == 1


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_each_requirement_is_pinned_and_hashed_and_names_no_address(file):
    text = file.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert all(re.match(r"[a-z0-9.\-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)


def test_what_runs_is_what_the_lock_says():
    locked = {one["name"]: one["version"] for one in locked_packages()}

    for name in ("run.txt", "dev.txt"):
        pinned = dict(
            re.findall(r"^([a-z0-9.\-]+)==([^ \\]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
        )
        assert pinned.items() <= locked.items()


def test_the_node_packages_are_hashed_and_name_no_address():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    assert not any("resolved" in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)
