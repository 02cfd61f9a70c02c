"""Members are invited before they join, and a workspace has one owner."""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add what invitations need."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
