CREATE TABLE annotations (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    conversation_id UUID,
    message_id UUID,
    question TEXT,
    answer TEXT,
    hit_count INTEGER DEFAULT '0' NOT NULL,
    account_id UUID,
    vector BYTEA,
    vector_space TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_annotations PRIMARY KEY (id)
);
CREATE INDEX ix_annotations_app ON annotations (app_id, created_at);
CREATE INDEX ix_annotations_message ON annotations (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE annotation_hits (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    annotation_id UUID NOT NULL,
    message_id UUID NOT NULL,
    end_user_id UUID,
    source TEXT DEFAULT '' NOT NULL,
    query TEXT DEFAULT '' NOT NULL,
    question TEXT DEFAULT '' NOT NULL,
    answer TEXT DEFAULT '' NOT NULL,
    score FLOAT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_annotation_hits PRIMARY KEY (id)
);
CREATE INDEX ix_annotation_hits_annotation ON annotation_hits (annotation_id, created_at);
CREATE INDEX ix_annotation_hits_app ON annotation_hits (app_id);
CREATE TABLE annotation_settings (
    app_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    enabled BOOLEAN DEFAULT 'false' NOT NULL,
    score_threshold FLOAT DEFAULT '0' NOT NULL,
    provider TEXT DEFAULT '' NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    revision BIGINT DEFAULT '0' NOT NULL,
    job_id UUID NOT NULL,
    job_action TEXT DEFAULT '' NOT NULL,
    job_status TEXT DEFAULT 'waiting' NOT NULL,
    job_error TEXT DEFAULT '' NOT NULL,
    job_ended_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_annotation_settings PRIMARY KEY (app_id)
);
