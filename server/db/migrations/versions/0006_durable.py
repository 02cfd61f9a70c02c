"""Where vectors are, who works on a document, moves between vector stores, who works, what upkeep found."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns and tables as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
