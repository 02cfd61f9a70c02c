"""Runs without a message, paused runs, and forms that people fill in."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Change the tables to what they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
