"""Providers of tools that a workspace adds."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
