"""The statements of workflow runs: one begins a run, one ends it, whatever it went through.

Free values come as JSON text, executions of nodes as one JSON list. Parameters say their type wherever PostgreSQL
could not tell it: they are sent prepared, or as plain text behind a pooler.
"""

from __future__ import annotations

import sqlalchemy as sa

from server.db.prepared import hot
from server.db.tables import conversation_variables, conversations
from server.runs.ledger import LEDGER, RETURNED

CONVERSATION = hot(
    sa.select(conversations.c.id, conversations.c.status, conversations.c.dialogue_count).where(
        conversations.c.id == sa.bindparam("id"), conversations.c.app_id == sa.bindparam("app"),
        sa.func.coalesce(conversations.c.from_end_user_id, conversations.c.from_account_id) == sa.bindparam("user"),
        conversations.c.is_deleted.is_(False),
    )
)
VALUES = sa.select(conversation_variables.c.name, conversation_variables.c.value).where(
    conversation_variables.c.conversation_id == sa.bindparam("id"),
      conversation_variables.c.app_id == sa.bindparam("app")
)

_NEW = """WITH run AS (
  INSERT INTO runs (task_id, tenant_id, app_id, mode, message_id, conversation_id, end_user_id, api_key_id,
    owner)
  VALUES (CAST(:task AS uuid), CAST(:tenant AS uuid), CAST(:app AS uuid), :mode, CAST(:message AS uuid),
    CAST(:conversation AS uuid), CAST(:end_user AS uuid), CAST(:api_key AS uuid), :owner)
), data AS (
  INSERT INTO workflow_run_data (run_id, tenant_id, inputs, graph)
  VALUES (CAST(:run AS uuid), CAST(:tenant AS uuid), CAST(:inputs AS json), CAST(:graph AS json))
)"""
_NEW_RUN = """
INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, task_id, conversation_id, message_id, type,
  triggered_from, created_from, version, created_by_role, created_by, created_at)
VALUES (CAST(:run AS uuid), CAST(:tenant AS uuid), CAST(:app AS uuid), CAST(:workflow AS uuid),
  CAST(:task AS uuid), CAST(:conversation AS uuid), CAST(:message AS uuid), :type,
  :triggered_from, :created_from, :version, CAST(:role AS text), CAST(:author AS uuid), to_timestamp(:created_at))
"""
_NEW_MESSAGE = """, message AS (
  INSERT INTO messages (id, tenant_id, app_id, conversation_id, parent_message_id, inputs, query, app_mode,
    invoke_from, from_source, from_end_user_id, from_account_id, workflow_run_id)
  VALUES (CAST(:message AS uuid), CAST(:tenant AS uuid), CAST(:app AS uuid), CAST(:conversation AS uuid),
    CAST(:parent AS uuid), CAST(:given AS json), :query,
    :mode, :created_from, :source, CAST(:end_user AS uuid), CAST(:account AS uuid), CAST(:run AS uuid))
), variables AS (
  INSERT INTO conversation_variables (conversation_id, id, tenant_id, app_id, name, value_type, value, description)
  SELECT CAST(:conversation AS uuid), id, CAST(:tenant AS uuid), CAST(:app AS uuid), name, value_type, value,
    description
  FROM json_to_recordset(CAST(:variables AS json))
    AS given(id uuid, name text, value_type text, value json, description text)
  ON CONFLICT (conversation_id, id) DO NOTHING
)"""
_NEW_CONVERSATION = """, conversation AS (
  INSERT INTO conversations (id, tenant_id, app_id, mode, name, inputs, introduction, invoke_from, from_source,
    from_end_user_id, from_account_id)
  VALUES (CAST(:conversation AS uuid), CAST(:tenant AS uuid), CAST(:app AS uuid), :mode, :name,
    CAST(:given AS json), :introduction,
    :created_from, :source, CAST(:end_user AS uuid), CAST(:account AS uuid))
)"""


def _hot(*parts: str) -> sa.TextClause:
    return hot(sa.text("".join(parts)))


def _after(part: str, condition: str) -> str:
    """A part of a statement that does something only when ``condition``, an earlier part, has found its row."""
    return part.replace("{condition}", condition)


START = _hot(_NEW, _NEW_RUN)
START_TURN = _hot(_NEW, _NEW_MESSAGE, _NEW_RUN)
START_CONVERSATION = _hot(_NEW, _NEW_CONVERSATION, _NEW_MESSAGE, _NEW_RUN)

_NODES = """given AS (
  SELECT * FROM json_to_recordset(CAST(:nodes AS json)) AS node(id uuid, index int, node_id text, node_type text,
    title text, predecessor text, status text, error text, elapsed_time float8, created_at float8, finished_at float8,
    inputs json, process_data json, outputs json, metadata json)
), nodes AS (
  INSERT INTO workflow_node_executions (id, tenant_id, app_id, workflow_id, workflow_run_id, triggered_from, is_draft,
    index, predecessor_node_id, node_id, node_type, title, status, error, elapsed_time, created_by_role, created_by,
    created_at, finished_at)
  SELECT given.id, CAST(:tenant AS uuid), CAST(:app AS uuid), CAST(:workflow AS uuid), CAST(:node_run AS uuid),
    CAST(:step AS text), CAST(:is_draft AS boolean), index, predecessor, node_id,
    node_type, title, given.status, given.error, given.elapsed_time, CAST(:role AS text), CAST(:author AS uuid),
      to_timestamp(given.created_at),
    to_timestamp(given.finished_at)
  FROM given{condition}
  ON CONFLICT (id) DO UPDATE SET status = excluded.status, error = excluded.error,
    elapsed_time = excluded.elapsed_time, finished_at = excluded.finished_at
), node_data AS (
  INSERT INTO workflow_node_data (execution_id, tenant_id, inputs, process_data, outputs, execution_metadata)
  SELECT given.id, CAST(:tenant AS uuid), inputs, process_data, outputs, metadata FROM given{condition}
  ON CONFLICT (execution_id) DO UPDATE SET inputs = excluded.inputs, process_data = excluded.process_data,
    outputs = excluded.outputs, execution_metadata = excluded.execution_metadata
)"""
_WRITES = """, writes AS (
  UPDATE conversation_variables SET value = given_value.value, updated_at = now()
  FROM json_to_recordset(CAST(:writes AS json)) AS given_value(name text, value json){condition}
  WHERE conversation_variables.conversation_id = CAST(:conversation AS uuid)
    AND conversation_variables.app_id = CAST(:app AS uuid) AND conversation_variables.name = given_value.name
)"""
KEEP = _hot(
    "WITH live AS (SELECT FROM runs WHERE task_id = CAST(:task AS uuid) AND status = 'running'), ",
    _after(_NODES, ", live"), _after(_WRITES, ", live"), " SELECT 1",
)
STEP = _hot("WITH ", _after(_NODES, ""), " SELECT 1")

_ENDED = """WITH ended AS (
  UPDATE runs SET status = :status, error = :error, last_sequence = :last, finished_at = now()
  WHERE task_id = CAST(:task AS uuid) AND status = 'running' RETURNING {returned}
), workflow AS (
  UPDATE workflow_runs SET status = :record_status, error = :error, elapsed_time = :elapsed, total_tokens = :tokens,
    total_steps = :steps, exceptions_count = :exceptions, finished_at = to_timestamp(:finished_at)
  FROM ended WHERE workflow_runs.id = CAST(:run AS uuid)
), data AS (
  UPDATE workflow_run_data SET outputs = CAST(:outputs AS json) FROM ended WHERE run_id = CAST(:run AS uuid)
), """
_ENDED_TURN = """, message AS (
  UPDATE messages SET answer = :answer, message_tokens = :prompt_tokens, answer_tokens = :answer_tokens,
    total_price = CAST(:price AS numeric), currency = :currency, latency = :elapsed,
    status = CAST(:message_status AS text),
    error = CASE WHEN CAST(:message_status AS text) = 'error' THEN CAST(:error AS text) END,
    metadata = CAST(:metadata AS json), updated_at = now()
  FROM ended WHERE messages.id = CAST(:message AS uuid)
), conversation AS (
  UPDATE conversations SET updated_at = now(), dialogue_count = dialogue_count + 1
  FROM ended WHERE conversations.id = CAST(:conversation AS uuid)
), files AS (
  INSERT INTO message_files (id, tenant_id, app_id, message_id, type, transfer_method, belongs_to, url,
    upload_file_id)
  SELECT file.id, CAST(:tenant AS uuid), CAST(:app AS uuid), CAST(:message AS uuid), file.type, transfer_method,
    'assistant', url, upload_file_id
  FROM json_to_recordset(CAST(:files AS json))
    AS file(id uuid, type text, transfer_method text, url text, upload_file_id uuid), ended
)"""
# To ask again, because the reply to a commit was lost, is harmless.
_IS_ENDED = """
SELECT EXISTS (SELECT FROM ended) OR EXISTS (
  SELECT FROM runs WHERE task_id = CAST(:task AS uuid) AND status = :status AND last_sequence = :last
)"""
_ENDED = _ENDED.replace("{returned}", RETURNED)
_LEFT, _LEFT_VALUES = _after(_NODES, ", ended"), _after(_WRITES, ", ended")
FINISH = _hot(_ENDED, _LEFT, LEDGER, _IS_ENDED)
FINISH_TURN = _hot(_ENDED, _LEFT, _ENDED_TURN, _LEFT_VALUES, LEDGER, _IS_ENDED)

_PAUSED = """WITH ended AS (
  UPDATE runs SET status = 'paused', last_sequence = :last
  WHERE task_id = CAST(:task AS uuid) AND status = 'running' AND stop_requested_at IS NULL RETURNING task_id
), workflow AS (
  UPDATE workflow_runs SET status = 'paused', elapsed_time = :elapsed, total_tokens = :tokens, total_steps = :steps
  FROM ended WHERE workflow_runs.id = CAST(:run AS uuid)
), pause AS (
  INSERT INTO workflow_pauses (run_id, tenant_id, app_id, state, plan, reasons, elapsed_time)
  SELECT CAST(:run AS uuid), CAST(:tenant AS uuid), CAST(:app AS uuid), CAST(:state AS json), CAST(:plan AS json),
    CAST(:reasons AS json), CAST(:elapsed AS float8) FROM ended
  ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, plan = excluded.plan, reasons = excluded.reasons,
    elapsed_time = excluded.elapsed_time, created_at = now()
), forms AS (
  INSERT INTO human_input_forms (id, tenant_id, app_id, workflow_run_id, node_id, node_title, token, definition,
    expires_at)
  SELECT form.id, CAST(:tenant AS uuid), CAST(:app AS uuid), CAST(:run AS uuid), form.node_id, node_title, token,
    definition, to_timestamp(expires_at)
  FROM json_to_recordset(CAST(:forms AS json)) AS form(id uuid, node_id text, node_title text, token text,
    definition json, expires_at float8), ended
  ON CONFLICT (id) DO NOTHING
), message AS (
  UPDATE messages SET answer = :answer, status = 'paused', updated_at = now()
  FROM ended WHERE messages.id = CAST(:message AS uuid)
), """
_IS_PAUSED = """
SELECT EXISTS (SELECT FROM ended) OR EXISTS (
  SELECT FROM runs WHERE task_id = CAST(:task AS uuid) AND status = 'paused' AND last_sequence = :last
)"""
PAUSE = _hot(_PAUSED, _LEFT, _LEFT_VALUES, _IS_PAUSED)
