"""Webhooks and schedules of published workflows."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Change the tables to what they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
