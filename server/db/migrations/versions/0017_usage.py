"""A ledger of what models cost, and which key a run came with."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table and column as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
