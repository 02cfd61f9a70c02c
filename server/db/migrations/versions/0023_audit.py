"""An audit log of administrative acts."""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add its table."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
