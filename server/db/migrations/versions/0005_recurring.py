"""When recurring jobs are due."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table as it was at this revision."""
    op.execute(
        "CREATE TABLE recurring_jobs (kind TEXT NOT NULL, next_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, "
        "CONSTRAINT pk_recurring_jobs PRIMARY KEY (kind))"
    )
