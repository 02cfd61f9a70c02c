CREATE TABLE triggers (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    node_id TEXT DEFAULT '' NOT NULL,
    type TEXT DEFAULT '' NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'enabled' NOT NULL,
    is_live BOOLEAN DEFAULT 'true' NOT NULL,
    webhook_id TEXT,
    schedule JSON,
    due_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_triggers PRIMARY KEY (id),
    CONSTRAINT uq_triggers_app_id_node_id UNIQUE (app_id, node_id),
    CONSTRAINT uq_triggers_webhook_id UNIQUE (webhook_id)
);

CREATE INDEX ix_triggers_due ON triggers (due_at) WHERE due_at IS NOT NULL;
