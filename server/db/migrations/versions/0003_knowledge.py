"""Datasets, documents, segments and what belongs to them; limits of a workspace."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
