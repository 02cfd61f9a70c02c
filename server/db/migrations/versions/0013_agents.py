"""What agents thought on the way to an answer."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table as it was at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
