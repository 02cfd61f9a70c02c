"""Table definitions (data-model.md). Ids are UUID text, times are UTC, money is numeric.

Every table of business data carries ``tenant_id``; stores put it, or the app that
implies it, into every statement.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

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
    sa.UniqueConstraint("tenant_id", "account_id"),
    sa.Index("ix_memberships_account", "account_id"),
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
    # The `workflow` section of an imported app file, until the engine takes it over.
    _json("draft_workflow", nullable=True),
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
    sa.UniqueConstraint("app_id", "session_id"),
)

# Conversations and messages (data-model.md section 4)

conversations = sa.Table(
    "conversations", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("app_config_id", nullable=True),
    _text("mode"), _text("name"), _json("inputs"), _text("introduction", nullable=True), _text("status", "normal"),
    _text("invoke_from", "service-api"), _text("from_source", "api"),
    _id("from_end_user_id", nullable=True), _id("from_account_id", nullable=True),
    _int("dialogue_count"), _bool("is_deleted", False), _time("created_at"), _time("updated_at"),
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
    _time("created_at"), _time("updated_at"),
    sa.Index("ix_messages_conversation", "conversation_id", "created_at", "id"),
    sa.Index("ix_messages_app", "app_id", "created_at"),
)

message_files = sa.Table(
    "message_files", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("message_id"),
    _text("type"), _text("transfer_method"), _text("belongs_to", "user"), _text("url", nullable=True),
    _id("upload_file_id", nullable=True), _time("created_at"),
    sa.Index("ix_message_files_message", "message_id"),
    sa.Index("ix_message_files_upload", "upload_file_id"),
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
)

conversation_variables = sa.Table(
    "conversation_variables", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("conversation_id"),
    _text("name"), _text("value_type", "string"), _json("value", nullable=True), _text("description"),
    _time("created_at"), _time("updated_at"),
    sa.Index("ix_conversation_variables_conversation", "conversation_id", "created_at", "id"),
)

# Runs (architecture.md section 3)

runs = sa.Table(
    "runs", metadata,
    _id("task_id", primary_key=True), _id("tenant_id"), _id("app_id"),
    _text("mode"), _id("message_id"), _id("conversation_id"), _id("end_user_id", nullable=True),
    # The process that works on it; see process_leases.
    _text("owner"),
    # running, succeeded, failed, stopped. Left once, never entered again.
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

# Work after commit

jobs = sa.Table(
    "jobs", metadata,
    # The outbox: a row is written in the transaction that makes the work necessary, and deleted when it is done.
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _text("kind"), _json("payload"), _int("attempts"), _text("last_error", nullable=True),
    _time("created_at"), _time("due_at"),
    sa.Index("ix_jobs_due", "due_at"),
)

pending_imports = sa.Table(
    "pending_imports", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("account_id"), _json("document"), _time("expires_at"),
)
