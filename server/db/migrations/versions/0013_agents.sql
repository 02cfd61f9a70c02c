CREATE TABLE message_agent_thoughts (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    message_id UUID NOT NULL,
    position INTEGER DEFAULT 0 NOT NULL,
    thought TEXT DEFAULT '' NOT NULL,
    tool TEXT DEFAULT '' NOT NULL,
    tool_labels JSON DEFAULT '{}' NOT NULL,
    tool_input TEXT DEFAULT '' NOT NULL,
    observation TEXT DEFAULT '' NOT NULL,
    files JSON DEFAULT '{}' NOT NULL,
    message_tokens INTEGER DEFAULT 0 NOT NULL,
    answer_tokens INTEGER DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_message_agent_thoughts PRIMARY KEY (id)
);
CREATE INDEX ix_message_agent_thoughts_message ON message_agent_thoughts (message_id, position);
