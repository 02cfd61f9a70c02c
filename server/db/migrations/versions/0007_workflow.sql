CREATE TABLE workflows (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    type TEXT DEFAULT 'workflow' NOT NULL,
    version TEXT DEFAULT 'draft' NOT NULL,
    marked_name TEXT DEFAULT '' NOT NULL,
    marked_comment TEXT DEFAULT '' NOT NULL,
    graph JSON DEFAULT '{}' NOT NULL,
    features JSON DEFAULT '{}' NOT NULL,
    environment_variables JSON DEFAULT '[]' NOT NULL,
    conversation_variables JSON DEFAULT '[]' NOT NULL,
    created_by UUID,
    updated_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflows PRIMARY KEY (id),
    CONSTRAINT uq_workflows_app_id_version UNIQUE (app_id, version)
);

CREATE TABLE workflow_runs (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    task_id UUID,
    conversation_id UUID,
    message_id UUID,
    type TEXT DEFAULT 'workflow' NOT NULL,
    triggered_from TEXT DEFAULT 'app-run' NOT NULL,
    created_from TEXT DEFAULT 'service-api' NOT NULL,
    version TEXT DEFAULT 'draft' NOT NULL,
    status TEXT DEFAULT 'running' NOT NULL,
    error TEXT,
    elapsed_time FLOAT DEFAULT '0' NOT NULL,
    total_tokens BIGINT DEFAULT '0' NOT NULL,
    total_steps INTEGER DEFAULT '0' NOT NULL,
    exceptions_count INTEGER DEFAULT '0' NOT NULL,
    created_by_role TEXT DEFAULT 'end_user' NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_workflow_runs PRIMARY KEY (id)
);

CREATE INDEX ix_workflow_runs_app ON workflow_runs (app_id, triggered_from, created_at, id);

CREATE TABLE workflow_run_data (
    run_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    inputs JSON DEFAULT '{}' NOT NULL,
    outputs JSON,
    graph JSON,
    CONSTRAINT pk_workflow_run_data PRIMARY KEY (run_id)
);

CREATE TABLE workflow_node_executions (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    workflow_run_id UUID,
    triggered_from TEXT DEFAULT 'workflow-run' NOT NULL,
    is_draft BOOLEAN DEFAULT 'false' NOT NULL,
    index INTEGER DEFAULT '0' NOT NULL,
    predecessor_node_id TEXT,
    node_id TEXT DEFAULT '' NOT NULL,
    node_type TEXT DEFAULT '' NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'running' NOT NULL,
    error TEXT,
    elapsed_time FLOAT DEFAULT '0' NOT NULL,
    created_by_role TEXT DEFAULT 'end_user' NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_workflow_node_executions PRIMARY KEY (id)
);

CREATE INDEX ix_workflow_node_executions_draft ON workflow_node_executions (app_id, node_id, created_at) WHERE is_draft;

CREATE INDEX ix_workflow_node_executions_run ON workflow_node_executions (workflow_run_id, index);

CREATE TABLE workflow_node_data (
    execution_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    inputs JSON,
    process_data JSON,
    outputs JSON,
    execution_metadata JSON,
    CONSTRAINT pk_workflow_node_data PRIMARY KEY (execution_id)
);

CREATE TABLE workflow_draft_variables (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    node_id TEXT DEFAULT '' NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    value_type TEXT DEFAULT 'string' NOT NULL,
    value JSON,
    visible BOOLEAN DEFAULT 'true' NOT NULL,
    editable BOOLEAN DEFAULT 'true' NOT NULL,
    node_execution_id UUID,
    last_edited_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_draft_variables PRIMARY KEY (id),
    CONSTRAINT uq_workflow_draft_variables_app_id_node_id_name UNIQUE (app_id, node_id, name)
);

ALTER TABLE messages ADD COLUMN workflow_run_id UUID;

ALTER TABLE conversation_variables DROP CONSTRAINT pk_conversation_variables,
    ADD CONSTRAINT pk_conversation_variables PRIMARY KEY (conversation_id, id);
