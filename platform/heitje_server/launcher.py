# SPDX-License-Identifier: EUPL-1.2
"""Become another program that dies with its parent: `launcher.py PARENT SIGNAL UID COMMAND...`.

A process of its own instead of `preexec_fn`, which may deadlock in a program with threads. Standard library
only, and run by path with `-I -S`, so it starts in milliseconds.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` when the parent ends; leave at once if it already has."""
    if libc.prctl(PR_SET_PDEATHSIG, death_signal) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


def appear_as(uid: int) -> None:
    """Enter a user namespace in which root is the ordinary user `uid`; files stay root's outside of it."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(
            "This machine does not let root open a user namespace, and PostgreSQL refuses to run as root.\n"
            "Run as an ordinary user, or set DATABASE_URL to a PostgreSQL server of yours."
        )
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{uid} {outer_gid} 1")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")


def main(arguments: list[str]) -> None:
    """Never returns: this process becomes COMMAND."""
    parent, death_signal, uid, *command = arguments
    if uid != "-":
        appear_as(int(uid))
    die_with_parent(int(parent), int(death_signal))
    os.execvp(command[0], command)  # noqa: S606 - becoming that program is the point


if __name__ == "__main__":
    main(sys.argv[1:])
