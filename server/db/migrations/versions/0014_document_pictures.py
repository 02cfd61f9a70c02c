"""Pictures that were found in documents."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Change the tables to what they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
