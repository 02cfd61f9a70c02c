"""Annotations and who they answered."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
