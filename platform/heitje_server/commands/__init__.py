# SPDX-License-Identifier: EUPL-1.2
"""One file per subcommand of `heitje`.

A file `bank_file.py` here *is* the command `heitje bank-file`: it has a click command or group named `command`, and
the first line of its docstring is what `heitje --help` says of it. Files are imported only when their command runs.
"""
