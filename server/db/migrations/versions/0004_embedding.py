"""The document cache of embeddings."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
