"""API-based extensions of workspaces."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the table as it was at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
