"""Indexes of datasets: spaces, full text, keywords. Vectors have theirs in server/db/pgvector.py."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
