# SPDX-License-Identifier: EUPL-1.2
"""Settings, each from one environment variable of the same name in capitals.

`heitje run` fills those of the embedded services itself; in production they are set by the deployment
(`infra/`). A test compares this list with what `infra/` names.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process needs to know. Read once at start; never changed."""

    public_url: str = "http://127.0.0.1:8000"
    """Where people reach the platform; links in mails and sign-in callbacks start with it."""
    secret_key: str = ""
    """Signs form tokens and derives chain addresses. At least 32 characters."""
    heitje_home: Path = Path(".heitje")
    """Folder of the embedded services: databases, logs, made-up secrets. Not used in production."""
    demo: bool = False
    """Shows the demo's sign-in buttons and mail catcher link. Never on with real money."""

    database_url: str = ""
    """PostgreSQL as role heitje_app: owns nothing, bypasses nothing."""
    operator_database_url: str = ""
    """PostgreSQL as role heitje_operator: admin API, schedule and bridge."""
    migration_database_url: str = ""
    """PostgreSQL as a role that may create roles and become heitje_owner; used by `heitje migrate` only."""
    redis_url: str = ""
    """Valkey or Redis: the queue of background jobs. Nothing in it is the only copy."""

    smtp_url: str = ""
    """smtp://user:password@host:port or smtps://...; where mail is handed in."""
    mail_from: str = "Heitje <heitje@example.org>"
    mail_catcher_url: str = ""
    """Page of the demo's mail catcher, shown after asking for a sign-in code."""

    files_dir: str = ""
    """Folder for evidence photos, when no S3 bucket is set."""
    s3_bucket: str = ""
    s3_endpoint_url: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""

    chain_url: str = ""
    """JSON-RPC address of an EVM node; empty: the embedded chain in heitje_home."""
    chain_id: int = 0
    """Expected chain id; 0 accepts what the node says on first contact and pins it."""
    chain_key_file: str = ""
    """File with the settler's private key (0x and 64 hex digits); embedded: made on first use."""
    chain_confirmations: int = 1
    """Blocks on top of a transaction before it counts as confirmed."""

    stripe_api_key: str = ""
    stripe_api_base: str = ""
    """Empty: Stripe itself; else a peer that speaks its API (the demo's)."""
    stripe_webhook_secrets: str = ""
    """One or two webhook secrets, comma separated, while rotating."""

    payout_iban: str = ""
    """Account from which the shops are paid; its statements are read. Empty: no payouts can be made."""
    payout_name: str = ""
    """Name on that account, at most 70 characters."""

    oidc_issuer: str = ""
    """Provider through which the staff of a new organisation first signs in."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_allow_private: bool = False
    """Accept providers on plain http and private addresses: demo and tests only."""

    web_workers: int = 2
    """Web server processes."""
    web_threads: int = 4
    """Threads in each."""
    trusted_proxies: int = 0
    """How many proxies in front set X-Forwarded-For and -Proto; 0 ignores those headers."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read every setting that is set; raises `SettingUnreadable` naming the variable and what it wants."""
        values: dict[str, object] = {}
        for setting in fields(cls):
            text = environment.get(setting.name.upper())
            if text is None:
                continue
            values[setting.name] = _read(setting.name, text, setting.default)
        return cls(**values)  # type: ignore[arg-type]


class SettingUnreadable(ValueError):
    """An environment variable holds something that its setting cannot be."""


def _read(name: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"", "0", "false", "no", "off"}:
            return False
        raise SettingUnreadable(f"{name.upper()} must be 1 or 0, not {text!r}")
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            raise SettingUnreadable(f"{name.upper()} must be a whole number, not {text!r}") from None
    if isinstance(default, Path):
        return Path(text)
    return text
