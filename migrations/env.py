# SPDX-License-Identifier: EUPL-1.2
"""Runs migrations as the role that owns the tables; never waits long for a lock on a live system."""

from alembic import context
from sqlalchemy import create_engine, text

url = context.config.attributes["url"]
engine = create_engine(url, connect_args={"options": "-c lock_timeout=5s"})

with engine.connect() as connection:
    connection.execute(text("set role heitje_owner"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
