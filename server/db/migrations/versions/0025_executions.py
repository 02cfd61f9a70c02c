"""How many executions of workflows a workspace has in a month, and how many there were."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the limit and the count."""
    op.execute("ALTER TABLE workspace_limits ADD COLUMN workflow_executions INTEGER")
    op.execute(
        "CREATE TABLE workspace_executions (tenant_id UUID NOT NULL, month DATE NOT NULL,"
        " used INTEGER DEFAULT 0 NOT NULL, CONSTRAINT pk_workspace_executions PRIMARY KEY (tenant_id))"
    )
