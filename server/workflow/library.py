"""What runs are made from: a version parsed once and kept, since versions never change."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine.graph import Graph, GraphError
from server.kit.cache import AsyncCache
from server.kit.caller import AppContext
from server.kit.crypto import Sealer
from server.kit.errors import AppError, Reason, bad_request, invalid_param, not_found
from server.kit.ids import canonical, is_uuid
from server.workflow import rules, secrets
from server.workflow.model import DRAFT, Variable
from server.workflow.store import WorkflowStore

_KEPT_SECONDS = 3600
_KEPT = 500


@dataclass(frozen=True)
class Runnable:
    """A workflow that can run, shared by its runs: nobody changes it."""

    id: str
    app_id: str
    version: str
    # As it is stored.
    document: Mapping[str, Any]
    features: Mapping[str, Any]
    # By name, secrets in clear.
    environment: Mapping[str, Any]
    # Names of those that are secret.
    secret_names: frozenset[str]
    # {id, name, value_type, value, description, selector}; ``value`` is the default.
    conversation_variables: tuple[Variable, ...]

    @property
    def is_draft(self) -> bool:
        """Whether it may be another one the next time."""
        return self.version == DRAFT

    @cached_property
    def graph(self) -> Graph:
        """The graph, parsed when it is first asked for. Raises invalid_param that names what cannot run."""
        try:
            return Graph.parse(self.document)
        except GraphError as error:
            raise invalid_param(str(error)) from error

    @cached_property
    def start_variables(self) -> tuple[Mapping[str, Any], ...]:
        """What the start node asks for (app-dsl.md section 3)."""
        return rules.start_variables(self.document)


class WorkflowLibrary:
    """Workflows for runs. A version that was used before costs no query."""

    def __init__(self, db: Database, uow: UowFactory, sealer: Sealer, bus: Bus) -> None:
        self._db = db
        self._uow = uow
        self._sealer = sealer
        self._versions: AsyncCache[tuple[str, str], Runnable] = AsyncCache(_KEPT_SECONDS, size=_KEPT)
        # A version never changes, but it may be deleted.
        bus.on("workflow", lambda gone: self._versions.drop_where(lambda key, _: key[1] == gone))

    async def published(self, app: AppContext) -> Runnable:
        """The version that an app runs. Raises app_unavailable when there is none."""
        if app.workflow_id is None:
            raise AppError(Reason.APP_UNAVAILABLE, "Workflow not published")
        return await self._version(app.tenant_id, app.app_id, app.workflow_id)

    async def version(self, app: AppContext, workflow_id: str) -> Runnable:
        """A version by the id that a caller names (service-api.md 4.2). Raises bad_request, not_found."""
        if not is_uuid(workflow_id):
            raise bad_request(f"Invalid workflow_id format: '{workflow_id}'. ")
        found = await self._version(app.tenant_id, app.app_id, canonical(workflow_id))
        if found.is_draft:
            raise bad_request(
                f"Cannot use draft workflow version. Workflow ID: {workflow_id}. "
                "Please use a published workflow version or leave workflow_id empty."
            )
        return found

    async def stored(self, tenant_id: str, app_id: str, workflow_id: str) -> Runnable:
        """The version, or the draft as it is now, that a run belongs to. Raises not_found."""
        return await self._version(tenant_id, app_id, workflow_id)

    async def draft(self, tenant_id: str, app_id: str) -> Runnable:
        """The draft as it is now. Raises draft_workflow_not_exist."""
        return await self._db(self._load_draft, tenant_id, app_id)

    async def _version(self, tenant_id: str, app_id: str, workflow_id: str) -> Runnable:
        key = (app_id, workflow_id)
        found = self._versions.peek(key)
        if found is None:
            found = await self._versions.get(key, lambda: self._db(self._load, tenant_id, app_id, workflow_id))
            if found.is_draft:
                self._versions.drop(key)
        return found

    def _load(self, tenant_id: str, app_id: str, workflow_id: str) -> Runnable:
        with self._uow() as uow:
            row = WorkflowStore(uow).content(tenant_id, app_id, workflow_id)
        if row is None:
            raise not_found(f"Workflow not found with id: {workflow_id}")
        return self._runnable(app_id, row)

    def _load_draft(self, tenant_id: str, app_id: str) -> Runnable:
        with self._uow() as uow:
            store = WorkflowStore(uow)
            workflow_id = store.draft_id(tenant_id, app_id)
            row = workflow_id and store.content(tenant_id, app_id, workflow_id)
        if not row:
            raise AppError(Reason.DRAFT_WORKFLOW_NOT_EXIST)
        return self._runnable(app_id, row)

    def _runnable(self, app_id: str, row: Any) -> Runnable:
        variables = secrets.opened(row.environment_variables, self._sealer)
        made = Runnable(
            id=row.id, app_id=app_id, version=row.version, document=row.graph, features=row.features,
            environment={item["name"]: item["value"] for item in variables},
            secret_names=frozenset(item["name"] for item in variables if item["value_type"] == "secret"),
            conversation_variables=tuple(row.conversation_variables),
        )  # fmt: skip
        # Here, in a thread of the pool: parsing a large graph takes milliseconds. What cannot run says so when asked.
        with suppress(AppError):
            _ = made.graph
        return made
