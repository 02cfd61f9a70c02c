"""Webhooks and schedules of published workflows."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Change the tables to what they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
