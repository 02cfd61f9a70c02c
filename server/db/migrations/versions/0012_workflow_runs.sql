ALTER TABLE runs ALTER COLUMN message_id DROP NOT NULL, ALTER COLUMN conversation_id DROP NOT NULL;

CREATE INDEX ix_workflow_runs_task ON workflow_runs (task_id);

CREATE TABLE workflow_pauses (
    run_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    state JSON DEFAULT '{}' NOT NULL,
    plan JSON DEFAULT '{}' NOT NULL,
    reasons JSON DEFAULT '[]' NOT NULL,
    elapsed_time FLOAT DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_pauses PRIMARY KEY (run_id)
);

CREATE TABLE human_input_forms (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    workflow_run_id UUID NOT NULL,
    node_id TEXT DEFAULT '' NOT NULL,
    node_title TEXT DEFAULT '' NOT NULL,
    token TEXT,
    definition JSON DEFAULT '{}' NOT NULL,
    status TEXT DEFAULT 'waiting' NOT NULL,
    action_id TEXT DEFAULT '' NOT NULL,
    submitted_data JSON,
    expires_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_human_input_forms PRIMARY KEY (id),
    CONSTRAINT uq_human_input_forms_token UNIQUE (token)
);

CREATE INDEX ix_human_input_forms_run ON human_input_forms (workflow_run_id);

CREATE INDEX ix_human_input_forms_waiting ON human_input_forms (expires_at) WHERE status = 'waiting';
