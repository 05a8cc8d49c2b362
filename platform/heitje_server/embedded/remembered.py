# SPDX-License-Identifier: EUPL-1.2
"""Secrets and ports that a home makes once and keeps."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path


def remembered_secret(home: Path, name: str) -> str:
    """Return this home's secret of that name: made on first use (256 bits), readable by its owner only."""
    folder = home / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return remembered_text(folder / name, secrets.token_urlsafe(32))


def remembered_text(file: Path, text: str) -> str:
    """Return what `file` holds; a file that is missing first gets `text`, whole or not at all, mode 0600."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    if not file.exists():
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        with suppress(FileExistsError):  # another process was first: its text counts
            os.link(draft, file)
        draft.unlink()
    return file.read_text()


def remembered_port(home: Path, name: str, preferred: int = 0) -> int:
    """Return the port on 127.0.0.1 that this home used last for `name`, or a free one if that is taken.

    A home that has none yet takes `preferred` if that is free (0: any).
    """
    file = home / "ports" / name
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    candidates = [int(file.read_text())] if file.exists() else []
    port = next((port for port in [*candidates, preferred] if port and is_free(port)), None) or _free_port()
    file.write_text(str(port))
    return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
