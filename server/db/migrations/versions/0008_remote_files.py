"""What a remote file of a message is, as its address told when the message came."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns as they were at this revision."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
