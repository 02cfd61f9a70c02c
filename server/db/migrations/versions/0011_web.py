"""Visitors of web pages, what they pinned and kept."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the tables and indexes as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
