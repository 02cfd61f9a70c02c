"""Table definitions (data-model.md). Ids are UUID text, times are UTC, money is numeric.

Every table of business data carries ``tenant_id``; stores put it, or the app that
implies it, into every statement.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, JSONB

from server.kit.trace import traceparent

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NOW = sa.text("now()")


def _id(name: str = "id", *, primary_key: bool = False, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Uuid(as_uuid=False), primary_key=primary_key, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=nullable, server_default=None if nullable else NOW
    )


def _text(name: str, default: str | None = "", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=None if nullable else default)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    # json, not jsonb: clients see the order of keys in what they stored.
    return sa.Column(name, JSON, nullable=nullable, server_default=None if nullable else "{}")


def _int(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=nullable, server_default=None if nullable else "0")


def _bool(name: str, default: bool) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default="true" if default else "false")


# People and workspaces (data-model.md section 2)

accounts = sa.Table(
    "accounts", metadata,
    _id(primary_key=True),
    _text("name"), _text("email"),
    sa.Column("email_lower", sa.Text, nullable=False, unique=True),
    _text("password_hash", nullable=True),
    _text("avatar", nullable=True),
    _text("interface_language", "en-US"), _text("interface_theme", "light"), _text("timezone", "UTC"),
    _text("status", "active"),
    _time("last_login_at", nullable=True), _text("last_login_ip", nullable=True),
    _time("last_active_at"), _time("initialized_at"), _time("created_at"), _time("updated_at"),
)

tenants = sa.Table(
    "tenants", metadata,
    _id(primary_key=True),
    _text("name"), _text("plan", "basic"), _text("status", "normal"), _json("custom_config"),
    _time("created_at"), _time("updated_at"),
)

memberships = sa.Table(
    "memberships", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("account_id"),
    _text("role", "normal"), _bool("current", False), _id("invited_by", nullable=True), _time("created_at"),
    # False: invited. The workspace counts and lists it, the account has nothing of it yet.
    _bool("joined", True),
    sa.UniqueConstraint("tenant_id", "account_id"),
    sa.Index("ix_memberships_account", "account_id"),
    sa.Index("uq_memberships_owner", "tenant_id", unique=True, postgresql_where=sa.text("role = 'owner'")),
)

invitations = sa.Table(
    "invitations", metadata,
    # The newest one of a membership that is not joined.
    sa.Column("token_hash", sa.Text, primary_key=True),
    _id("tenant_id"), _id("account_id"), _time("expires_at"), _time("created_at"),
    sa.UniqueConstraint("tenant_id", "account_id"),
)

setup_records = sa.Table(
    "setup_records", metadata,
    # One row at most: its presence means installed.
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    _text("version"), _time("setup_at"),
    sa.CheckConstraint("id = 1", name="only_one"),
)

refresh_tokens = sa.Table(
    "refresh_tokens", metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    _id("account_id"), _time("expires_at"), _time("created_at"),
    sa.Index("ix_refresh_tokens_account", "account_id"),
)

login_failures = sa.Table(
    "login_failures", metadata,
    sa.Column("email_lower", sa.Text, primary_key=True),
    _int("failures"), _time("until"),
)

# Apps (data-model.md section 3)

apps = sa.Table(
    "apps", metadata,
    _id(primary_key=True), _id("tenant_id"),
    _text("name"), _text("description"), _text("mode"),
    _text("icon_type", nullable=True), _text("icon", nullable=True), _text("icon_background", nullable=True),
    _id("app_config_id", nullable=True), _id("workflow_id", nullable=True),
    _text("status", "normal"), _bool("enable_site", True), _bool("enable_api", True),
    _int("max_active_requests", nullable=True), _bool("use_icon_as_answer_icon", False),
    # Plugins named by an imported file (app-dsl.md section 1).
    _json("dependencies", nullable=True),
    _id("created_by", nullable=True), _id("updated_by", nullable=True), _time("created_at"), _time("updated_at"),
    sa.Index("ix_apps_tenant", "tenant_id", "created_at", "id"),
)

app_configs = sa.Table(
    "app_configs", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"),
    # The whole model_config (app-dsl.md section 5). Rows are never changed: conversations keep theirs.
    _json("document"),
    _id("created_by", nullable=True), _time("created_at"),
    sa.Index("ix_app_configs_app", "app_id"),
)

sites = sa.Table(
    "sites", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    _text("title"), _text("icon_type", nullable=True), _text("icon", nullable=True),
    _text("icon_background", nullable=True), _text("description", nullable=True),
    _text("default_language", "en-US"), _text("chat_color_theme", nullable=True),
    _bool("chat_color_theme_inverted", False), _text("customize_domain", nullable=True),
    _text("copyright", nullable=True), _text("privacy_policy", nullable=True), _text("custom_disclaimer"),
    _text("input_placeholder", nullable=True),
    _text("customize_token_strategy", "not_allow"), _bool("prompt_public", False), _bool("show_workflow_steps", True),
    _bool("use_icon_as_answer_icon", False), _text("status", "normal"),
    _id("created_by", nullable=True), _id("updated_by", nullable=True), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("app_id"),
)

api_keys = sa.Table(
    "api_keys", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id", nullable=True),
    _text("type", "app"),
    # Looked up by hash; kept sealed because the console lists keys in clear (console-api.md section 7).
    sa.Column("token_hash", sa.Text, nullable=False, unique=True), _text("token_sealed"),
    _time("last_used_at", nullable=True), _id("created_by", nullable=True), _time("created_at"),
    sa.Index("ix_api_keys_app", "app_id"), sa.Index("ix_api_keys_tenant", "tenant_id", "type"),
)

tags = sa.Table(
    "tags", metadata,
    _id(primary_key=True), _id("tenant_id"), _text("type"), _text("name"), _id("created_by", nullable=True),
    _time("created_at"),
    sa.UniqueConstraint("tenant_id", "type", "name"),
)

tag_bindings = sa.Table(
    "tag_bindings", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("tag_id"), _id("target_id"), _time("created_at"),
    sa.UniqueConstraint("tag_id", "target_id"), sa.Index("ix_tag_bindings_target", "target_id"),
)

end_users = sa.Table(
    "end_users", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"),
    _text("type", "service-api"), _text("session_id"), _text("external_user_id", nullable=True),
    _text("name", nullable=True), _bool("is_anonymous", False), _time("created_at"), _time("updated_at"),
    # A visitor of the page and a user of the API are two, whatever they call themselves.
    sa.Index(
        "ux_end_users_session", "app_id", "session_id", unique=True, postgresql_where=sa.text("type <> 'browser'")
    ),
    sa.Index(
        "ux_end_users_browser", "app_id", "session_id", unique=True, postgresql_where=sa.text("type = 'browser'")
    ),
)

# Conversations and messages (data-model.md section 4)

conversations = sa.Table(
    "conversations", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("app_config_id", nullable=True),
    _text("mode"), _text("name"), _json("inputs"), _text("introduction", nullable=True), _text("status", "normal"),
    _text("invoke_from", "service-api"), _text("from_source", "api"),
    _id("from_end_user_id", nullable=True), _id("from_account_id", nullable=True),
    _int("dialogue_count"), _bool("is_deleted", False), _time("created_at"), _time("updated_at"),
    # When a member of the workspace first looked at it, and who.
    _time("read_at", nullable=True), _id("read_account_id", nullable=True),
    *(
        sa.Index(f"ix_conversations_{name}", "app_id", f"{name}_at", "id", postgresql_where=sa.text("NOT is_deleted"))
        for name in ("created", "updated")
    ),
    sa.Index(
        "ix_conversations_end_user", "app_id", "from_end_user_id", "updated_at", "id",
        postgresql_where=sa.text("NOT is_deleted"),
    ),
)

messages = sa.Table(
    "messages", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("conversation_id"),
    _id("parent_message_id", nullable=True), _id("app_config_id", nullable=True),
    _text("provider", nullable=True), _text("model", nullable=True),
    _json("inputs"), _text("query"), _text("answer"),
    _int("message_tokens"), _int("answer_tokens"),
    sa.Column("total_price", sa.Numeric(20, 7), nullable=True), _text("currency", "USD"),
    sa.Column("latency", sa.Float, nullable=False, server_default="0"),
    _text("status", "normal"), _text("error", nullable=True),
    # usage, retriever_resources, annotation_reply as they were sent.
    _json("metadata"),
    _text("app_mode"), _text("invoke_from", "service-api"), _text("from_source", "api"),
    _id("from_end_user_id", nullable=True), _id("from_account_id", nullable=True),
    _id("workflow_run_id", nullable=True),
    _time("created_at"), _time("updated_at"),
    sa.Index("ix_messages_conversation", "conversation_id", "created_at", "id"),
    sa.Index("ix_messages_app", "app_id", "created_at"),
)

message_files = sa.Table(
    "message_files", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("message_id"),
    _text("type"), _text("transfer_method"), _text("belongs_to", "user"), _text("url", nullable=True),
    _id("upload_file_id", nullable=True), _time("created_at"),
    # Of a remote file, as its address told.
    _text("name", nullable=True), _text("mime_type", nullable=True), sa.Column("size", sa.BigInteger),
    sa.Index("ix_message_files_message", "message_id"),
    sa.Index("ix_message_files_upload", "upload_file_id"),
)

# Rounds of agent apps (data-model.md section 4).
message_agent_thoughts = sa.Table(
    "message_agent_thoughts", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("message_id"), _int("position"),
    _text("thought"), _text("tool"), _json("tool_labels"), _text("tool_input"), _text("observation"), _json("files"),
    _int("message_tokens"), _int("answer_tokens"), _time("created_at"),
    sa.Index("ix_message_agent_thoughts_message", "message_id", "position"),
)

message_feedbacks = sa.Table(
    "message_feedbacks", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("conversation_id"), _id("message_id"),
    _text("rating"), _text("content", nullable=True), _text("from_source", "user"),
    _id("from_end_user_id", nullable=True), _id("from_account_id", nullable=True),
    _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint(
        "message_id", "from_source", "from_end_user_id", "from_account_id", postgresql_nulls_not_distinct=True
    ),
    sa.Index("ix_message_feedbacks_app", "app_id", "created_at", "id"),
    sa.Index("ix_message_feedbacks_conversation", "conversation_id"),
)

pinned_conversations = sa.Table(
    "pinned_conversations", metadata,
    _id("conversation_id", primary_key=True), _id("end_user_id", primary_key=True), _id("tenant_id"), _id("app_id"),
    _time("created_at"),
)

saved_messages = sa.Table(
    "saved_messages", metadata,
    _id("message_id", primary_key=True), _id("end_user_id", primary_key=True), _id("tenant_id"), _id("app_id"),
    _time("created_at"),
    sa.Index("ix_saved_messages_end_user", "app_id", "end_user_id"),
)

conversation_variables = sa.Table(
    "conversation_variables", metadata,
    # The id is that of the definition in the workflow: the same in every conversation.
    _id("conversation_id", primary_key=True), _id(primary_key=True), _id("tenant_id"), _id("app_id"),
    _text("name"), _text("value_type", "string"), _json("value", nullable=True), _text("description"),
    _time("created_at"), _time("updated_at"),
    sa.Index("ix_conversation_variables_conversation", "conversation_id", "created_at", "id"),
)

# Runs (architecture.md section 3)

runs = sa.Table(
    "runs", metadata,
    _id("task_id", primary_key=True), _id("tenant_id"), _id("app_id"),
    # A workflow app has no message.
    _text("mode"), _id("message_id", nullable=True), _id("conversation_id", nullable=True),
    _id("end_user_id", nullable=True), _id("api_key_id", nullable=True),
    # The process that works on it; see process_leases.
    _text("owner"),
    # running, succeeded, failed, stopped; paused: nobody works on it, and another process may go on.
    _text("status", "running"),
    _time("stop_requested_at", nullable=True), _text("error", nullable=True),
    # Number of the last event, known at the end.
    _int("last_sequence"),
    _time("created_at"), _time("finished_at", nullable=True),
    sa.Index("ix_runs_running", "owner", postgresql_where=sa.text("status = 'running'")),
    sa.Index("ix_runs_app", "app_id", "created_at"),
    sa.Index("ix_runs_message", "message_id"),
)

process_leases = sa.Table(
    "process_leases", metadata,
    sa.Column("owner", sa.Text, primary_key=True), _time("expires_at"),
)

# Files (data-model.md section 8)

upload_files = sa.Table(
    "upload_files", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id", nullable=True),
    _text("key"), _text("name"), sa.Column("size", sa.BigInteger, nullable=False), _text("extension"),
    _text("mime_type"), _text("created_by_role", "end_user"), _id("created_by", nullable=True),
    _text("hash"), _text("source_url"), _time("created_at"),
    sa.Index("ix_upload_files_tenant", "tenant_id", "created_at"),
)

# Model providers (data-model.md section 7)

provider_credentials = sa.Table(
    "provider_credentials", metadata,
    _id(primary_key=True), _id("tenant_id"), _text("provider"),
    # Empty for a credential of the whole provider; set for a custom model's own.
    _text("model"), _text("model_type"),
    _text("name"), _text("sealed"), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("tenant_id", "provider", "model", "model_type", "name"),
)

provider_models = sa.Table(
    "provider_models", metadata,
    # model and model_type empty: the provider itself, pointing at its current credential.
    _id("tenant_id", primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True, server_default=""),
    sa.Column("model_type", sa.Text, primary_key=True, server_default=""),
    _id("credential_id", nullable=True), _bool("enabled", True), _bool("is_custom", False), _time("created_at"),
)

default_models = sa.Table(
    "default_models", metadata,
    _id("tenant_id", primary_key=True), sa.Column("model_type", sa.Text, primary_key=True),
    _text("provider"), _text("model"), _time("updated_at"),
)

# Knowledge (data-model.md section 6, dataset-api.md, rag-engine.md)

datasets = sa.Table(
    "datasets", metadata,
    _id(primary_key=True), _id("tenant_id"),
    _text("name"), _text("description", nullable=True), _text("provider", "vendor"), _text("permission", "only_me"),
    _text("data_source_type", nullable=True),
    # high_quality or economy; null until the first document.
    _text("indexing_technique", nullable=True),
    _text("embedding_provider", nullable=True), _text("embedding_model", nullable=True),
    # Number of the index that is wanted; another technique or model makes it one more.
    sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
    # The index that answers searches while the wanted one is built: technique null before the first document,
    # dimension null before the first vector.
    _text("live_technique", nullable=True), _text("live_provider", nullable=True), _text("live_model", nullable=True),
    sa.Column("live_generation", sa.Integer, nullable=False, server_default="1"),
    _int("dimension", nullable=True), _int("live_dimension", nullable=True),
    # pgvector or milvus: where its vectors are, null before the first; while they move, where to.
    _text("vector_store", nullable=True), _text("moving_to", nullable=True),
    _text("doc_form", nullable=True),
    sa.Column("keyword_number", sa.Integer, nullable=False, server_default="10"),
    _json("retrieval_model", nullable=True), _json("summary_index_setting", nullable=True),
    _json("icon_info", nullable=True),
    _bool("built_in_field_enabled", False), _bool("enable_api", True),
    # provider external: the registered API and the id over there.
    _id("external_api_id", nullable=True), _text("external_knowledge_id", nullable=True),
    _id("created_by"), _id("updated_by", nullable=True), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("tenant_id", "name"),
    sa.Index("ix_datasets_tenant", "tenant_id", "created_at", "id"),
    sa.Index("ix_datasets_moving_to", "moving_to", postgresql_where=sa.text("moving_to IS NOT NULL")),
)

vector_moves = sa.Table(
    "vector_moves", metadata,
    # How far a move to another vector store is: the entries of generations before this one, and of this one up to
    # a node, are there.
    _id("dataset_id", primary_key=True), _id("tenant_id"), _text("target"), _int("total"), _int("copied"),
    _int("generation"), _id("after_node", nullable=True), _time("created_at"),
    sa.Index("ix_vector_moves_tenant", "tenant_id"),
)

dataset_members = sa.Table(
    "dataset_members", metadata,
    # Who may read a dataset of permission partial_members.
    _id("dataset_id", primary_key=True), _id("account_id", primary_key=True), _id("tenant_id"),
)

app_datasets = sa.Table(
    "app_datasets", metadata,
    # Rebuilt when an app's configuration is saved: which datasets an app searches.
    _id("app_id", primary_key=True), _id("dataset_id", primary_key=True), _id("tenant_id"),
    sa.Index("ix_app_datasets_dataset", "dataset_id"),
)

process_rules = sa.Table(
    "process_rules", metadata,
    # Rows are never changed: documents keep the rule they were made with.
    _id(primary_key=True), _id("tenant_id"), _id("dataset_id"),
    _text("mode"), _json("rules", nullable=True), _id("created_by"), _time("created_at"),
    sa.Index("ix_process_rules_dataset", "dataset_id", "created_at"),
)

documents = sa.Table(
    "documents", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("dataset_id"),
    _int("position"), _text("name"), _text("batch"), _text("created_from", "api"),
    _text("data_source_type", "upload_file"), _id("upload_file_id", nullable=True), _id("process_rule_id"),
    _text("doc_form", "text_model"), _text("doc_language", "English"), _text("doc_type", nullable=True),
    # Value by field name; built-in fields too while they are on.
    sa.Column("doc_metadata", JSONB, nullable=True),
    _bool("need_summary", False),
    # waiting, parsing, splitting, indexing, completed, error (dataset-api.md 3.11).
    _text("indexing_status", "waiting"), _text("error", nullable=True),
    # Number of the text that is wanted, and of the one that answers searches; 0: none yet. Segments carry theirs.
    sa.Column("version", sa.Integer, nullable=False, server_default="1"), _int("live_version"),
    # How often indexing of this version was begun; after a few it is an error.
    _int("attempts"),
    # Another value each time it is begun: whoever does not know it has lost the document to somebody else.
    _id("claim", nullable=True),
    _bool("is_paused", False), _time("paused_at", nullable=True), _id("paused_by", nullable=True),
    _time("processing_started_at", nullable=True), _time("parsing_completed_at", nullable=True),
    _time("cleaning_completed_at", nullable=True), _time("splitting_completed_at", nullable=True),
    _time("completed_at", nullable=True), _time("stopped_at", nullable=True),
    sa.Column("indexing_latency", sa.Float, nullable=True),
    _int("word_count", nullable=True), _int("tokens", nullable=True),
    _bool("enabled", True), _time("disabled_at", nullable=True), _id("disabled_by", nullable=True),
    _bool("archived", False), _time("archived_at", nullable=True), _id("archived_by", nullable=True),
    _id("created_by"), _time("created_at"), _time("updated_at"),
    sa.Index("ix_documents_dataset", "dataset_id", "created_at", "position"),
    sa.Index("ix_documents_batch", "dataset_id", "batch"),
    sa.Index("ix_documents_tenant", "tenant_id"),
    sa.Index("ix_documents_metadata", "doc_metadata", postgresql_using="gin"),
    sa.Index(
        "ix_documents_unfinished", "updated_at",
        postgresql_where=sa.text("indexing_status IN ('waiting', 'parsing', 'cleaning', 'splitting', 'indexing')"),
    ),
)

document_segments = sa.Table(
    "document_segments", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("dataset_id"), _id("document_id"),
    # Of the document; only segments of its live version answer.
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    _int("position"), _text("content"), _text("answer", nullable=True),
    _int("word_count"), _int("tokens"), _json("keywords", nullable=True),
    # Its name in vector, text and keyword index.
    _id("index_node_id"), _text("index_node_hash"),
    _int("hit_count"),
    _bool("enabled", True), _time("disabled_at", nullable=True), _id("disabled_by", nullable=True),
    # waiting, indexing, completed, error, re_segment.
    _text("status", "waiting"), _text("error", nullable=True),
    _time("indexing_at", nullable=True), _time("completed_at", nullable=True), _time("stopped_at", nullable=True),
    _id("created_by"), _id("updated_by", nullable=True), _time("created_at"), _time("updated_at"),
    sa.Index("ix_document_segments_document", "document_id", "version", "position", "id"),
    sa.Index("ix_document_segments_dataset", "dataset_id"),
    sa.Index("ix_document_segments_node", "index_node_id"),
)

child_chunks = sa.Table(
    "child_chunks", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("dataset_id"), _id("document_id"), _id("segment_id"),
    _int("position"), _text("content"), _int("word_count"),
    _id("index_node_id"), _text("index_node_hash"),
    # automatic, or customized once made or changed over the API.
    _text("type", "automatic"),
    _id("created_by"), _id("updated_by", nullable=True), _time("created_at"), _time("updated_at"),
    sa.Index("ix_child_chunks_segment", "segment_id", "position", "id"),
    sa.Index("ix_child_chunks_document", "document_id"),
    sa.Index("ix_child_chunks_dataset", "dataset_id"),
    sa.Index("ix_child_chunks_node", "index_node_id"),
)

segment_attachments = sa.Table(
    "segment_attachments", metadata,
    _id("segment_id", primary_key=True), _id("upload_file_id", primary_key=True),
    _id("tenant_id"), _id("dataset_id"), _id("document_id"), _time("created_at"),
    sa.Index("ix_segment_attachments_document", "document_id"),
)

document_pictures = sa.Table(
    "document_pictures", metadata,
    # Pictures that were found in a document; version: the last one they are in.
    _id("document_id", primary_key=True), _id("upload_file_id", primary_key=True),
    _id("tenant_id"), _id("dataset_id"), _int("version"), sa.Index("ix_document_pictures_dataset", "dataset_id"),
)

segment_summaries = sa.Table(
    "segment_summaries", metadata,
    _id("segment_id", primary_key=True), _id("tenant_id"), _id("dataset_id"), _id("document_id"),
    _text("content"), _id("index_node_id"), _text("index_node_hash"), _int("tokens"),
    # not_started, generating, completed, error.
    _text("status", "not_started"), _text("error", nullable=True), _time("created_at"), _time("updated_at"),
    sa.Index("ix_segment_summaries_document", "document_id"),
    sa.Index("ix_segment_summaries_node", "index_node_id"),
)

dataset_metadata_fields = sa.Table(
    "dataset_metadata_fields", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("dataset_id"),
    # string, number or time.
    _text("type"), _text("name"), _id("created_by"), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("dataset_id", "name"),
)

document_metadata_bindings = sa.Table(
    "document_metadata_bindings", metadata,
    _id("document_id", primary_key=True), _id("field_id", primary_key=True), _id("tenant_id"), _id("dataset_id"),
    sa.Index("ix_document_metadata_bindings_field", "field_id"),
)

dataset_queries = sa.Table(
    "dataset_queries", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("dataset_id"),
    _json("content"), _text("source", "hit_testing"), _id("app_id", nullable=True),
    _text("created_by_role", "account"), _id("created_by", nullable=True), _time("created_at"),
    sa.Index("ix_dataset_queries_dataset", "dataset_id", "created_at"),
)

external_knowledge_apis = sa.Table(
    "external_knowledge_apis", metadata,
    _id(primary_key=True), _id("tenant_id"), _text("name"), _text("description"), _text("endpoint"),
    _text("sealed_key"), _id("created_by"), _time("created_at"), _time("updated_at"),
    sa.Index("ix_external_knowledge_apis_tenant", "tenant_id", "created_at"),
)

workspace_limits = sa.Table(
    "workspace_limits", metadata,
    # What a plan allows; null: unlimited. No row: nothing is limited.
    _id("tenant_id", primary_key=True),
    _int("members", nullable=True), _int("apps", nullable=True),
    # MiB of vectors, documents, knowledge requests a minute, segments by API.
    _int("vector_space", nullable=True), _int("documents", nullable=True), _int("knowledge_rate", nullable=True),
    _bool("add_segment", True), _time("updated_at"),
    # Calls a minute of one key and of one end user.
    _int("key_rate", nullable=True), _int("user_rate", nullable=True),
    # Executions of workflows in a month.
    _int("workflow_executions", nullable=True),
)

workspace_executions = sa.Table(
    "workspace_executions", metadata,
    # Executions of workflows in a month (UTC) of workspaces where they are limited.
    _id("tenant_id", primary_key=True), sa.Column("month", sa.Date, nullable=False), _int("used"),
)

# Work after commit

jobs = sa.Table(
    "jobs", metadata,
    # The outbox: a row is written in the transaction that makes the work necessary, and deleted when it is done.
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _text("kind"), _json("payload"), _int("attempts"), _text("last_error", nullable=True),
    _time("created_at"), _time("due_at"),
    # W3C trace context of the call that ordered it, when that was traced.
    sa.Column("traceparent", sa.Text, default=traceparent),
    sa.Index("ix_jobs_due", "due_at"),
)

recurring_jobs = sa.Table(
    "recurring_jobs", metadata,
    # When a job that comes again and again is due next; a worker that finds it due orders it.
    sa.Column("kind", sa.Text, primary_key=True), _time("next_at"),
)

workers = sa.Table(
    "workers", metadata,
    # Worker processes that take jobs; each says so every few seconds.
    sa.Column("name", sa.Text, primary_key=True), _time("seen_at"),
)

upkeep_findings = sa.Table(
    "upkeep_findings", metadata,
    # What was not as it should be, how often since the beginning; upkeep mended it.
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("total", sa.BigInteger, nullable=False, server_default="0"), _time("found_at"),
)

pending_imports = sa.Table(
    "pending_imports", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("account_id"), _json("document"), _time("expires_at"),
)
