CREATE TABLE datasets (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    name TEXT DEFAULT '' NOT NULL, 
    description TEXT, 
    provider TEXT DEFAULT 'vendor' NOT NULL, 
    permission TEXT DEFAULT 'only_me' NOT NULL, 
    data_source_type TEXT, 
    indexing_technique TEXT, 
    embedding_provider TEXT, 
    embedding_model TEXT, 
    generation INTEGER DEFAULT '1' NOT NULL, 
    live_technique TEXT, 
    live_provider TEXT, 
    live_model TEXT, 
    live_generation INTEGER DEFAULT '1' NOT NULL, 
    dimension INTEGER, 
    live_dimension INTEGER, 
    doc_form TEXT, 
    keyword_number INTEGER DEFAULT '10' NOT NULL, 
    retrieval_model JSON, 
    summary_index_setting JSON, 
    icon_info JSON, 
    built_in_field_enabled BOOLEAN DEFAULT 'false' NOT NULL, 
    enable_api BOOLEAN DEFAULT 'true' NOT NULL, 
    external_api_id UUID, 
    external_knowledge_id TEXT, 
    created_by UUID NOT NULL, 
    updated_by UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_datasets PRIMARY KEY (id), 
    CONSTRAINT uq_datasets_tenant_id_name UNIQUE (tenant_id, name)
);

CREATE INDEX ix_datasets_tenant ON datasets (tenant_id, created_at, id);

CREATE TABLE dataset_members (
    dataset_id UUID NOT NULL, 
    account_id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    CONSTRAINT pk_dataset_members PRIMARY KEY (dataset_id, account_id)
);

CREATE TABLE app_datasets (
    app_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    CONSTRAINT pk_app_datasets PRIMARY KEY (app_id, dataset_id)
);

CREATE INDEX ix_app_datasets_dataset ON app_datasets (dataset_id);

CREATE TABLE process_rules (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    mode TEXT DEFAULT '' NOT NULL, 
    rules JSON, 
    created_by UUID NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_process_rules PRIMARY KEY (id)
);

CREATE INDEX ix_process_rules_dataset ON process_rules (dataset_id, created_at);

CREATE TABLE documents (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    position INTEGER DEFAULT '0' NOT NULL, 
    name TEXT DEFAULT '' NOT NULL, 
    batch TEXT DEFAULT '' NOT NULL, 
    created_from TEXT DEFAULT 'api' NOT NULL, 
    data_source_type TEXT DEFAULT 'upload_file' NOT NULL, 
    upload_file_id UUID, 
    process_rule_id UUID NOT NULL, 
    doc_form TEXT DEFAULT 'text_model' NOT NULL, 
    doc_language TEXT DEFAULT 'English' NOT NULL, 
    doc_type TEXT, 
    doc_metadata JSONB, 
    need_summary BOOLEAN DEFAULT 'false' NOT NULL, 
    indexing_status TEXT DEFAULT 'waiting' NOT NULL, 
    error TEXT, 
    version INTEGER DEFAULT '1' NOT NULL, 
    live_version INTEGER DEFAULT '0' NOT NULL, 
    attempts INTEGER DEFAULT '0' NOT NULL, 
    is_paused BOOLEAN DEFAULT 'false' NOT NULL, 
    paused_at TIMESTAMP WITH TIME ZONE, 
    paused_by UUID, 
    processing_started_at TIMESTAMP WITH TIME ZONE, 
    parsing_completed_at TIMESTAMP WITH TIME ZONE, 
    cleaning_completed_at TIMESTAMP WITH TIME ZONE, 
    splitting_completed_at TIMESTAMP WITH TIME ZONE, 
    completed_at TIMESTAMP WITH TIME ZONE, 
    stopped_at TIMESTAMP WITH TIME ZONE, 
    indexing_latency FLOAT, 
    word_count INTEGER, 
    tokens INTEGER, 
    enabled BOOLEAN DEFAULT 'true' NOT NULL, 
    disabled_at TIMESTAMP WITH TIME ZONE, 
    disabled_by UUID, 
    archived BOOLEAN DEFAULT 'false' NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    archived_by UUID, 
    created_by UUID NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_documents PRIMARY KEY (id)
);

CREATE INDEX ix_documents_batch ON documents (dataset_id, batch);

CREATE INDEX ix_documents_dataset ON documents (dataset_id, created_at, position);

CREATE INDEX ix_documents_metadata ON documents USING gin (doc_metadata);

CREATE INDEX ix_documents_tenant ON documents (tenant_id);

CREATE TABLE document_segments (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    document_id UUID NOT NULL, 
    version INTEGER DEFAULT '1' NOT NULL, 
    position INTEGER DEFAULT '0' NOT NULL, 
    content TEXT DEFAULT '' NOT NULL, 
    answer TEXT, 
    word_count INTEGER DEFAULT '0' NOT NULL, 
    tokens INTEGER DEFAULT '0' NOT NULL, 
    keywords JSON, 
    index_node_id UUID NOT NULL, 
    index_node_hash TEXT DEFAULT '' NOT NULL, 
    hit_count INTEGER DEFAULT '0' NOT NULL, 
    enabled BOOLEAN DEFAULT 'true' NOT NULL, 
    disabled_at TIMESTAMP WITH TIME ZONE, 
    disabled_by UUID, 
    status TEXT DEFAULT 'waiting' NOT NULL, 
    error TEXT, 
    indexing_at TIMESTAMP WITH TIME ZONE, 
    completed_at TIMESTAMP WITH TIME ZONE, 
    stopped_at TIMESTAMP WITH TIME ZONE, 
    created_by UUID NOT NULL, 
    updated_by UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_document_segments PRIMARY KEY (id)
);

CREATE INDEX ix_document_segments_dataset ON document_segments (dataset_id);

CREATE INDEX ix_document_segments_document ON document_segments (document_id, version, position, id);

CREATE INDEX ix_document_segments_node ON document_segments (index_node_id);

CREATE TABLE child_chunks (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    document_id UUID NOT NULL, 
    segment_id UUID NOT NULL, 
    position INTEGER DEFAULT '0' NOT NULL, 
    content TEXT DEFAULT '' NOT NULL, 
    word_count INTEGER DEFAULT '0' NOT NULL, 
    index_node_id UUID NOT NULL, 
    index_node_hash TEXT DEFAULT '' NOT NULL, 
    type TEXT DEFAULT 'automatic' NOT NULL, 
    created_by UUID NOT NULL, 
    updated_by UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_child_chunks PRIMARY KEY (id)
);

CREATE INDEX ix_child_chunks_dataset ON child_chunks (dataset_id);

CREATE INDEX ix_child_chunks_document ON child_chunks (document_id);

CREATE INDEX ix_child_chunks_node ON child_chunks (index_node_id);

CREATE INDEX ix_child_chunks_segment ON child_chunks (segment_id, position, id);

CREATE TABLE segment_attachments (
    segment_id UUID NOT NULL, 
    upload_file_id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    document_id UUID NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_segment_attachments PRIMARY KEY (segment_id, upload_file_id)
);

CREATE INDEX ix_segment_attachments_document ON segment_attachments (document_id);

CREATE TABLE segment_summaries (
    segment_id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    document_id UUID NOT NULL, 
    content TEXT DEFAULT '' NOT NULL, 
    index_node_id UUID NOT NULL, 
    index_node_hash TEXT DEFAULT '' NOT NULL, 
    tokens INTEGER DEFAULT '0' NOT NULL, 
    status TEXT DEFAULT 'not_started' NOT NULL, 
    error TEXT, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_segment_summaries PRIMARY KEY (segment_id)
);

CREATE INDEX ix_segment_summaries_document ON segment_summaries (document_id);

CREATE INDEX ix_segment_summaries_node ON segment_summaries (index_node_id);

CREATE TABLE dataset_metadata_fields (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    type TEXT DEFAULT '' NOT NULL, 
    name TEXT DEFAULT '' NOT NULL, 
    created_by UUID NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_dataset_metadata_fields PRIMARY KEY (id), 
    CONSTRAINT uq_dataset_metadata_fields_dataset_id_name UNIQUE (dataset_id, name)
);

CREATE TABLE document_metadata_bindings (
    document_id UUID NOT NULL, 
    field_id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    CONSTRAINT pk_document_metadata_bindings PRIMARY KEY (document_id, field_id)
);

CREATE INDEX ix_document_metadata_bindings_field ON document_metadata_bindings (field_id);

CREATE TABLE dataset_queries (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    dataset_id UUID NOT NULL, 
    content JSON DEFAULT '{}' NOT NULL, 
    source TEXT DEFAULT 'hit_testing' NOT NULL, 
    app_id UUID, 
    created_by_role TEXT DEFAULT 'account' NOT NULL, 
    created_by UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_dataset_queries PRIMARY KEY (id)
);

CREATE INDEX ix_dataset_queries_dataset ON dataset_queries (dataset_id, created_at);

CREATE TABLE external_knowledge_apis (
    id UUID NOT NULL, 
    tenant_id UUID NOT NULL, 
    name TEXT DEFAULT '' NOT NULL, 
    description TEXT DEFAULT '' NOT NULL, 
    endpoint TEXT DEFAULT '' NOT NULL, 
    sealed_key TEXT DEFAULT '' NOT NULL, 
    created_by UUID NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_external_knowledge_apis PRIMARY KEY (id)
);

CREATE INDEX ix_external_knowledge_apis_tenant ON external_knowledge_apis (tenant_id, created_at);

CREATE TABLE workspace_limits (
    tenant_id UUID NOT NULL, 
    members INTEGER, 
    apps INTEGER, 
    vector_space INTEGER, 
    documents INTEGER, 
    knowledge_rate INTEGER, 
    add_segment BOOLEAN DEFAULT 'true' NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_workspace_limits PRIMARY KEY (tenant_id)
);
