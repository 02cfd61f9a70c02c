"""Begins turns of chatflows: a message in a conversation, answered by a run of a workflow."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.chat import naming
from server.chat.memory import thread
from server.chat.store import ChatStore
from server.chat.template import introduction
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import NIL_UUID, new_id
from server.runs.admission import FREE, Admission, admission_of
from server.runs.registry import Runs
from server.runs.run import Run, RunKey
from server.settings import Settings
from server.workflow_run.begin import Given, Inputs
from server.workflow_run.plan import Author, Plan, Turn, Version
from server.workflow_run.runner import Runner
from server.workflow_run.store import StoredConversation, WorkflowRunStore
from server.workflow_run.turns_store import TurnsStore
from server.workflow_run.versions import Versions

_PAYLOAD = "ChatRequestPayload"
_NO_PARENT = "Parent Message Not Exists."


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a chatflow. ``conversation_id`` is checked and canonical; empty: a new conversation."""

    inputs: Mapping[str, Any] | None
    query: str
    conversation_id: str = ""
    files: Sequence[Mapping[str, Any]] = ()
    auto_generate_name: bool = False
    workflow_id: str = ""
    # The message that this one follows; the nil UUID: the newest one, None: a branch begins.
    parent_message_id: str | None = NIL_UUID


class ChatflowService:
    """Starts runs of chatflows."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, versions: Versions, inputs: Inputs, runner: Runner,
        settings: Settings,
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._versions = versions
        self._inputs = inputs
        self._runner = runner
        self._settings = settings

    async def start(self, caller: Caller, asked: Asked) -> Run:
        """Check a question, store it and start its run. When this returns the message cannot be lost (G1).

        Raises app_unavailable, invalid_param, bad_request, not_found, conversation_completed, rate_limit_error,
        too_many_requests.
        """
        app, user = caller.the_app, caller.the_user
        version = (
            await self._versions.named(app, asked.workflow_id) if asked.workflow_id
            else await self._versions.published(app)
        )  # fmt: skip
        author = Author(id=user.id, role="end_user", name=user.session_id)
        return await self.begin(
            app.tenant_id, app.app_id, author, version, asked, admission=admission_of(app, self._settings),
            invoke_from=caller.via, api_key_id=app.key_id,
        )

    async def begin(
        self, tenant_id: str, app_id: str, author: Author, version: Version, asked: Asked, *,
        admission: Admission = FREE,
        invoke_from: str = "service-api", triggered_from: str = "app-run",
        api_key_id: str = "",
    ) -> Run:
        """Start a run of a version for somebody. Raises as ``admission``, which those with limits come with."""
        query = asked.query.replace("\x00", "")
        if not query:
            raise invalid_param("query is required")
        before = None
        if asked.conversation_id:
            before = await self._db(self._conversation, tenant_id, app_id, author.id, asked)
        elif asked.parent_message_id not in {None, NIL_UUID}:
            raise not_found(_NO_PARENT)
        given = await self._inputs.check(
            tenant_id, author, version, asked.inputs, asked.files, payload=_PAYLOAD
        )
        turn = Turn(
            query=query, conversation_id=asked.conversation_id or new_id(), message_id=new_id(),
            dialogue_count=before.dialogue_count + 1 if before else 1, is_first=before is None,
            auto_name=asked.auto_generate_name, files=given.attached, parent_id=asked.parent_message_id,
            introduction=introduction(version.features.opening_statement, given.inputs) or None,
        )
        plan = Plan(
            tenant_id=tenant_id, app_id=app_id, mode="advanced-chat", version=version, author=author,
            run_id=new_id(), inputs=given.inputs, files=given.files, turn=turn,
            conversation=before.values if before else {}, invoke_from=invoke_from, triggered_from=triggered_from,
            created_at=time.time(), api_key_id=api_key_id,
        )
        run = await self._runs.start(
            lambda: self._store(plan, given, admission), lambda run: self._runner.work(run, plan)
        )
        run.voice = version.features.voice
        return run

    def _conversation(self, tenant_id: str, app_id: str, user_id: str, asked: Asked) -> StoredConversation:
        with self._uow() as uow:
            found = WorkflowRunStore(uow).conversation(app_id, user_id, asked.conversation_id)
            if found is None:
                raise not_found("Conversation Not Exists.")
            if found.status != "normal":
                raise AppError(Reason.CONVERSATION_COMPLETED)
            if asked.parent_message_id == NIL_UUID:
                return found
            turns = TurnsStore(uow).newest(tenant_id, app_id, asked.conversation_id)
        if asked.parent_message_id and asked.parent_message_id not in {turn.id for turn in turns}:
            raise not_found(_NO_PARENT)
        return replace(found, dialogue_count=len(thread(turns, asked.parent_message_id)))

    async def _store(self, plan: Plan, given: Given, admission: Admission) -> RunKey:
        turn = plan.turn
        assert turn is not None, "a chatflow's run has a turn"
        key = RunKey(
            task_id=new_id(), tenant_id=plan.tenant_id, app_id=plan.app_id, mode=plan.mode, message_id=turn.message_id,
            conversation_id=turn.conversation_id, created_at=int(plan.created_at), workflow_run_id=plan.run_id,
            api_key_id=plan.api_key_id,
            end_user_id=plan.author.id if plan.author.role == "end_user" else None,
        )
        # Most turns are stored by one statement.
        if given.attached or not admission.is_free:
            await self._db(self._store_with, plan, key, given, admission)
        else:
            name = naming.initial_name(turn.query)
            await self._db.send(WorkflowRunStore.starting(plan, key, self._runs.owner, name))
        return key

    def _store_with(self, plan: Plan, key: RunKey, given: Given, admission: Admission) -> None:
        turn = plan.turn
        assert turn is not None, "a chatflow's run has a turn"
        with self._uow() as uow:
            admission.check(uow, plan.tenant_id, plan.app_id)
            WorkflowRunStore(uow).start(plan, key, self._runs.owner, naming.initial_name(turn.query))
            if given.attached:
                ChatStore(uow).attach(plan.tenant_id, plan.app_id, turn.message_id, given.attached)
            uow.commit()
