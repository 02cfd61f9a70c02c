ALTER TABLE datasets ADD COLUMN vector_store TEXT, ADD COLUMN moving_to TEXT;

-- Until now all vectors were in the one store of the settings; those in this database have a space here.
UPDATE datasets SET vector_store = CASE
    WHEN EXISTS (SELECT FROM index_spaces s WHERE s.kind = 'vector' AND s.dataset_id = datasets.id) THEN 'pgvector'
    ELSE 'milvus'
END WHERE dimension IS NOT NULL OR live_dimension IS NOT NULL;

CREATE INDEX ix_datasets_moving_to ON datasets (moving_to) WHERE moving_to IS NOT NULL;

ALTER TABLE documents ADD COLUMN claim UUID;

CREATE INDEX ix_documents_unfinished ON documents (updated_at)
    WHERE indexing_status IN ('waiting', 'parsing', 'cleaning', 'splitting', 'indexing');

CREATE TABLE vector_moves (
    dataset_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    target TEXT DEFAULT '' NOT NULL,
    total INTEGER DEFAULT '0' NOT NULL,
    copied INTEGER DEFAULT '0' NOT NULL,
    generation INTEGER DEFAULT '0' NOT NULL,
    after_node UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_vector_moves PRIMARY KEY (dataset_id)
);

CREATE INDEX ix_vector_moves_tenant ON vector_moves (tenant_id);

CREATE TABLE workers (
    name TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workers PRIMARY KEY (name)
);

CREATE TABLE upkeep_findings (
    kind TEXT NOT NULL,
    total BIGINT DEFAULT 0 NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_upkeep_findings PRIMARY KEY (kind)
);
