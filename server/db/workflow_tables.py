"""Workflows, their runs and what debugging leaves behind (data-model.md section 5)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from server.db.tables import _bool, _id, _int, _json, _text, _time, metadata

workflows = sa.Table(
    "workflows", metadata,
    # One draft of an app, which changes, and its published versions, which never do.
    _id(primary_key=True), _id("tenant_id"), _id("app_id"),
    # workflow or chat.
    _text("type", "workflow"),
    # draft, or the UTC time of publishing as text.
    _text("version", "draft"), _text("marked_name"), _text("marked_comment"),
    _json("graph"), _json("features"),
    # Lists; the values of secrets are sealed.
    sa.Column("environment_variables", JSON, nullable=False, server_default="[]"),
    sa.Column("conversation_variables", JSON, nullable=False, server_default="[]"),
    # Something else than a user starts it; for lists of apps, which do not read graphs.
    _bool("has_trigger", False),
    _id("created_by", nullable=True), _id("updated_by", nullable=True), _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("app_id", "version"),
)

workflow_runs = sa.Table(
    "workflow_runs", metadata,
    # Ids are UUIDv7, so the primary key is in the order of time: that is how old runs are found and removed.
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("workflow_id"), _id("task_id", nullable=True),
    # Of a chatflow.
    _id("conversation_id", nullable=True), _id("message_id", nullable=True),
    # workflow or chat.
    _text("type", "workflow"),
    # app-run (listed in the app's logs), debugging, webhook, schedule.
    _text("triggered_from", "app-run"),
    # service-api, web-app or installed-app. A row of the app's log is an app-run; it has no row of its own.
    _text("created_from", "service-api"),
    _text("version", "draft"),
    # running, succeeded, failed, stopped, partial-succeeded, paused.
    _text("status", "running"), _text("error", nullable=True),
    sa.Column("elapsed_time", sa.Float, nullable=False, server_default="0"),
    sa.Column("total_tokens", sa.BigInteger, nullable=False, server_default="0"),
    _int("total_steps"), _int("exceptions_count"),
    # end_user or account.
    _text("created_by_role", "end_user"), _id("created_by", nullable=True),
    _time("created_at"), _time("finished_at", nullable=True),
    sa.Index("ix_workflow_runs_app", "app_id", "triggered_from", "created_at", "id"),
    sa.Index("ix_workflow_runs_task", "task_id"),
)

workflow_run_data = sa.Table(
    "workflow_run_data", metadata,
    # What a run went through, apart so that lists never read it. A run of a published version has no graph of its
    # own: that of the version is the one.
    _id("run_id", primary_key=True), _id("tenant_id"),
    _json("inputs"), _json("outputs", nullable=True), _json("graph", nullable=True),
)

workflow_node_executions = sa.Table(
    "workflow_node_executions", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("workflow_id"),
    # Null: a single step.
    _id("workflow_run_id", nullable=True),
    # workflow-run or single-step.
    _text("triggered_from", "workflow-run"),
    # Of the draft: the last one of a node is shown to its author.
    _bool("is_draft", False),
    _int("index"), _text("predecessor_node_id", nullable=True),
    _text("node_id"), _text("node_type"), _text("title"),
    # running, succeeded, failed, exception, retry, paused.
    _text("status", "running"), _text("error", nullable=True),
    sa.Column("elapsed_time", sa.Float, nullable=False, server_default="0"),
    _text("created_by_role", "end_user"), _id("created_by", nullable=True),
    _time("created_at"), _time("finished_at", nullable=True),
    sa.Index("ix_workflow_node_executions_run", "workflow_run_id", "index"),
    sa.Index(
        "ix_workflow_node_executions_draft", "app_id", "node_id", "created_at", postgresql_where=sa.text("is_draft")
    ),
)

workflow_node_data = sa.Table(
    "workflow_node_data", metadata,
    # What went in and out of a node, apart from what lists and counts read.
    _id("execution_id", primary_key=True), _id("tenant_id"),
    _json("inputs", nullable=True), _json("process_data", nullable=True), _json("outputs", nullable=True),
    _json("execution_metadata", nullable=True),
)

workflow_draft_variables = sa.Table(
    "workflow_draft_variables", metadata,
    # Values of the last debug run. node_id is a node's, or conversation or sys.
    _id(primary_key=True), _id("tenant_id"), _id("app_id"),
    _text("node_id"), _text("name"), _text("description"), _text("value_type", "string"),
    _json("value", nullable=True), _bool("visible", True), _bool("editable", True),
    # The execution that wrote it; to which a reset returns.
    _id("node_execution_id", nullable=True),
    # Changed by hand since.
    _time("last_edited_at", nullable=True),
    _time("created_at"), _time("updated_at"),
    sa.UniqueConstraint("app_id", "node_id", "name"),
)

workflow_pauses = sa.Table(
    "workflow_pauses", metadata,
    # What a paused run needs to go on; removed when it does.
    _id("run_id", primary_key=True), _id("tenant_id"), _id("app_id"),
    # The engine's state, and what the server itself must know again of the run (server/workflow_run/plan.py).
    _json("state"), _json("plan"),
    # What it waits for, as it was told (sse-events.md 4.2), and how long it worked so far.
    sa.Column("reasons", JSON, nullable=False, server_default="[]"),
    sa.Column("elapsed_time", sa.Float, nullable=False, server_default="0"),
    _time("created_at"),
)

human_input_forms = sa.Table(
    "human_input_forms", metadata,
    _id(primary_key=True), _id("tenant_id"), _id("app_id"), _id("workflow_run_id"),
    _text("node_id"), _text("node_title"),
    # Who has it may fill in the form; null when it is delivered another way.
    sa.Column("token", sa.Text, nullable=True, unique=True),
    # form_content, inputs, actions, resolved_default_values.
    _json("definition"),
    # waiting, submitted, timeout, expired.
    _text("status", "waiting"), _text("action_id"), _json("submitted_data", nullable=True),
    _time("expires_at"), _time("completed_at", nullable=True), _time("created_at"),
    sa.Index("ix_human_input_forms_run", "workflow_run_id"),
    sa.Index("ix_human_input_forms_waiting", "expires_at", postgresql_where=sa.text("status = 'waiting'")),
)
