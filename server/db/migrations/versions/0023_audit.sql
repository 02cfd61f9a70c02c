CREATE TABLE audit_logs (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    account_id UUID NOT NULL,
    action TEXT DEFAULT '' NOT NULL,
    resource TEXT DEFAULT '' NOT NULL,
    resource_id TEXT DEFAULT '' NOT NULL,
    detail JSON DEFAULT '{}' NOT NULL,
    ip TEXT,
    outcome TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_logs PRIMARY KEY (id)
);
CREATE INDEX ix_audit_logs_tenant ON audit_logs (tenant_id, id);
CREATE INDEX ix_audit_logs_created ON audit_logs (created_at);
