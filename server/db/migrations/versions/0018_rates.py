"""How many calls a minute a workspace allows a key and an end user."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE workspace_limits ADD COLUMN key_rate INTEGER, ADD COLUMN user_rate INTEGER")
