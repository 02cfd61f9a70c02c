"""Workflows, their runs, and values of conversation variables under the id of their definition."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
