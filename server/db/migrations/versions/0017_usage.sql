ALTER TABLE runs ADD COLUMN api_key_id UUID;

CREATE TABLE usage_records (
    task_id UUID NOT NULL,
    position INTEGER NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    api_key_id UUID,
    end_user_id UUID,
    mode TEXT DEFAULT '' NOT NULL,
    provider TEXT DEFAULT '' NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    calls INTEGER DEFAULT 0 NOT NULL,
    prompt_tokens BIGINT DEFAULT 0 NOT NULL,
    completion_tokens BIGINT DEFAULT 0 NOT NULL,
    price NUMERIC(20, 7) DEFAULT 0 NOT NULL,
    currency TEXT DEFAULT 'USD' NOT NULL,
    is_estimated BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_usage_records PRIMARY KEY (task_id, position)
);
CREATE INDEX ix_usage_records_tenant ON usage_records (tenant_id, created_at);
