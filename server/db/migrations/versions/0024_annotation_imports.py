"""Files of annotations that were taken in."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the table."""
    op.execute(
        "CREATE TABLE annotation_imports (id UUID NOT NULL, tenant_id UUID NOT NULL, app_id UUID NOT NULL,"
        " created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,"
        " CONSTRAINT pk_annotation_imports PRIMARY KEY (id))"
    )
    op.execute("CREATE INDEX ix_annotation_imports_app ON annotation_imports (app_id)")
