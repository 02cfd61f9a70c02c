"""People, apps, conversations, runs, files, providers, jobs."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
