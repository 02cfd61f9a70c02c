"""Authors try the triggers of a draft: they ask again and again until one of them has started a run.

A request to the debug address of a webhook runs the draft in any case (webhooks.py); who listens gets the events of
that run. A schedule starts a run when its time comes while somebody listens.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from server.access.service import app_context
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine.nodes.trigger_schedule import TriggerScheduleNode
from server.engine.nodes.trigger_webhook import TriggerWebhookNode
from server.kit.caller import AppContext, Caller
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.ids import canonical, is_uuid
from server.runs.reader import Batches
from server.runs.registry import Runs
from server.runs.store import RunStore, StoredRun
from server.trigger.listening import Heard, Listening
from server.trigger.starting import TriggeredRuns
from server.trigger.store import TriggerStore
from server.workflow_run.plan import Version
from server.workflow_run.rejoin import Rejoin
from server.workflow_run.versions import Versions

DEBUGGING = "debugging"


class DraftTriggers:
    """Triggers of drafts."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, versions: Versions, triggered: TriggeredRuns,
        listening: Listening, rejoin: Rejoin,
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._versions = versions
        self._triggered = triggered
        self._listening = listening
        self._rejoin = rejoin

    async def ask(self, caller: Caller, app_id: str, node_ids: Sequence[str]) -> Batches | None:
        """The events of the run that one of the nodes has started; None: not yet.

        Raises app_not_found, draft_workflow_not_exist, invalid_param.
        """
        app, user_id = await self._db(self._app, caller, app_id)
        version = await self._versions.draft(app.tenant_id, app.app_id)
        if not node_ids:
            raise invalid_param("node_ids is required")
        for node_id in node_ids:
            _check(version, node_id)
        for node_id in node_ids:
            heard = await self._heard(app, user_id, version, node_id)
            stored = await self._db(self._stored, app.app_id, heard) if heard else None
            if stored is not None:
                return self._rejoin.follow(self._runs.local(stored, 0) or self._runs.remote(stored, 0))
        return None

    async def _heard(self, app: AppContext, user_id: str, version: Version, node_id: str) -> Heard | None:
        node = version.graph.nodes[node_id].node
        if not isinstance(node, TriggerScheduleNode):
            return await self._listening.ask(app.app_id, node_id)
        then = node.due_after(datetime.now(UTC))
        if then is None or await self._listening.due(app.app_id, node_id, then.timestamp()) > time.time():
            return None
        if not await self._listening.claim(app.app_id, node_id):
            return None
        run = await self._triggered.start(app, user_id, version, node_id, {}, DEBUGGING)
        return Heard(run.key.task_id, user_id)

    def _stored(self, app_id: str, heard: Heard) -> StoredRun | None:
        with self._uow() as uow:
            return RunStore(uow).find(app_id, heard.user_id, heard.task_id)

    def _app(self, caller: Caller, app_id: str) -> tuple[AppContext, str]:
        with self._uow() as uow:
            store = TriggerStore(uow)
            row = store.app(caller.tenant_id, canonical(app_id)) if is_uuid(app_id) else None
            if row is None or row.mode != "workflow":
                raise AppError(Reason.APP_NOT_FOUND)
            app = app_context(row, "")
            user_id = store.user(app)
            uow.commit()
        return app, user_id


def _check(version: Version, node_id: str) -> None:
    node = version.graph.nodes.get(node_id)
    if node is None or not isinstance(node.node, (TriggerWebhookNode, TriggerScheduleNode)):
        raise invalid_param(f"Node '{node_id}' is no webhook or schedule of the draft.")
