"""Who has looked at a conversation, and indexes for the logs of apps."""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the columns and indexes as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
