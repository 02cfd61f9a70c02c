"""Alembic's environment: runs on the connection that server.db.migrate hands over."""

from alembic import context

from server.db import index_tables

connection = context.config.attributes["connection"]
metadata = index_tables.index_spaces.metadata
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
