# SPDX-License-Identifier: EUPL-1.2
"""Who signs. A key is read from a file and stays in memory: not in the database, not in logs, not in arguments.

A key service (Web3Signer, a cloud's KMS) takes the place of `LocalKey` by offering the same two things.
"""

import os
import re
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account

_KEY = re.compile(r"0x[0-9a-fA-F]{64}")


class KeyUnreadable(ValueError):
    """The file holds no key of the form 0x and 64 hex digits. The text names the file, never its content."""


class Signer(Protocol):
    """Signs transactions for one address."""

    @property
    def address(self) -> bytes:
        """The 20 bytes that the chain knows this signer by."""

    def sign(self, transaction: dict[str, Any]) -> tuple[bytes, bytes]:
        """Return the raw transaction and its hash."""


class LocalKey:
    """A private key in this process."""

    def __init__(self, path: Path) -> None:
        text = path.read_text("ascii", errors="replace").strip()
        if not _KEY.fullmatch(text):
            raise KeyUnreadable(f"{path} must hold a private key: 0x and 64 hex digits")
        self._account = Account.from_key(text)

    @property
    def address(self) -> bytes:
        """The 20 bytes that the chain knows this key by."""
        return bytes.fromhex(self._account.address.removeprefix("0x"))

    def sign(self, transaction: dict[str, Any]) -> tuple[bytes, bytes]:
        """Return the raw transaction and its hash. A transaction without a chain id could be replayed elsewhere."""
        if not transaction.get("chainId"):
            raise ValueError("refusing to sign without a chain id")
        signed = self._account.sign_transaction(transaction)
        return bytes(signed.raw_transaction), bytes(signed.hash)

    def __repr__(self) -> str:
        return f"LocalKey(0x{self.address.hex()})"


def made_key(path: Path) -> LocalKey:
    """Return the key in `path`, made at first use, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("0x" + Account.create().key.hex().removeprefix("0x") + "\n")
        try:
            # Whoever is first wins, whole: never a half-written key, never two.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return LocalKey(path)


def home_keys(home: Path) -> tuple[LocalKey, LocalKey]:
    """Return the settler's and the administrator's key of a `heitje run`, made at first use."""
    return made_key(home / "secrets" / "chain-settler.key"), made_key(home / "secrets" / "chain-admin.key")


def settler_key(key_file: str, home: Path) -> LocalKey:
    """Return the key in `key_file` (the setting CHAIN_KEY_FILE) or, when that is empty, the one of `home`."""
    return LocalKey(Path(key_file)) if key_file else home_keys(home)[0]
