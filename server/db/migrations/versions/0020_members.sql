ALTER TABLE memberships ADD COLUMN joined BOOLEAN DEFAULT true NOT NULL;
CREATE UNIQUE INDEX uq_memberships_owner ON memberships (tenant_id) WHERE role = 'owner';

CREATE TABLE invitations (
    token_hash TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    account_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_invitations PRIMARY KEY (token_hash),
    CONSTRAINT uq_invitations_tenant_id_account_id UNIQUE (tenant_id, account_id)
);
