# SPDX-License-Identifier: EUPL-1.2
"""What is committed is what the compiler makes of the source."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from token_bridge.contract import artefact

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "token_bridge" / "contracts"


@pytest.mark.node
def test_compiling_again_gives_the_same_bytes():
    made = subprocess.run(["node", CONTRACTS / "build.mjs", "--print"], capture_output=True, check=True)

    assert made.stdout == (CONTRACTS / "Heitje.json").read_bytes()


def test_the_artefact_names_its_compiler_and_sources():
    packages = ROOT / "node_modules"
    digest = hashlib.sha256()
    for source in sorted(artefact()["sources"]):
        file = CONTRACTS / source if source == "Heitje.sol" else packages / source
        digest.update(f"{source}\n{file.read_text('utf-8')}\n".encode())

    assert artefact()["compiler"].startswith("0.8.37+")
    assert artefact()["sources_sha256"] == digest.hexdigest()
