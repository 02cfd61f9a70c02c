CREATE TABLE embedding_cache (
    tenant_id UUID NOT NULL,
    space BYTEA NOT NULL,
    text_hash BYTEA NOT NULL,
    vector BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_embedding_cache PRIMARY KEY (tenant_id, space, text_hash)
);

-- Numbers do not compress: no time is spent on trying.
ALTER TABLE embedding_cache ALTER COLUMN vector SET STORAGE EXTERNAL;

CREATE INDEX ix_embedding_cache_created_at ON embedding_cache (created_at);
