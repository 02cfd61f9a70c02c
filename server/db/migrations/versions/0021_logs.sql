ALTER TABLE conversations ADD COLUMN read_at TIMESTAMP WITH TIME ZONE, ADD COLUMN read_account_id UUID;

CREATE INDEX ix_conversations_created ON conversations (app_id, created_at, id) WHERE NOT is_deleted;
CREATE INDEX ix_conversations_updated ON conversations (app_id, updated_at, id) WHERE NOT is_deleted;
CREATE INDEX ix_message_feedbacks_conversation ON message_feedbacks (conversation_id);
CREATE INDEX ix_annotations_conversation ON annotations (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX ix_annotation_hits_message ON annotation_hits (message_id);
