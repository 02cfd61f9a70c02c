ALTER TABLE end_users DROP CONSTRAINT uq_end_users_app_id_session_id;
CREATE UNIQUE INDEX ux_end_users_session ON end_users (app_id, session_id) WHERE type <> 'browser';
CREATE UNIQUE INDEX ux_end_users_browser ON end_users (app_id, session_id) WHERE type = 'browser';

CREATE TABLE pinned_conversations (
    conversation_id UUID NOT NULL,
    end_user_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_pinned_conversations PRIMARY KEY (conversation_id, end_user_id)
);

CREATE TABLE saved_messages (
    message_id UUID NOT NULL,
    end_user_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    app_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_saved_messages PRIMARY KEY (message_id, end_user_id)
);
CREATE INDEX ix_saved_messages_end_user ON saved_messages (app_id, end_user_id);
