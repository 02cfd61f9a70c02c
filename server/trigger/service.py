"""Triggers in the console (console-api.md section 8): one public method is one transaction."""

from __future__ import annotations

from datetime import UTC, datetime

from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, not_found
from server.kit.ids import canonical, is_uuid
from server.trigger.model import DISABLED, ENABLED, WEBHOOK, Trigger
from server.trigger.registration import due_after
from server.trigger.store import TriggerStore
from server.workflow.rules import nodes_of

_NO_WEBHOOK = "Webhook trigger not found"


class TriggerService:
    """Use cases of triggers."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def listed(self, caller: Caller, app_id: str) -> list[Trigger]:
        """Triggers of the published workflow. Raises app_not_found."""
        with self._uow() as uow:
            store = TriggerStore(uow)
            return store.live(caller.tenant_id, _app(store, caller, app_id))

    def switch(self, caller: Caller, app_id: str, trigger_id: str, *, enable: bool) -> Trigger:
        """Enable or disable a trigger. Raises app_not_found, not_found."""
        with self._uow() as uow:
            store = TriggerStore(uow)
            app = _app(store, caller, app_id)
            known = store.locked(caller.tenant_id, app, canonical(trigger_id)) if is_uuid(trigger_id) else None
            if known is None:
                raise not_found("Trigger not found")
            due_at = None
            if enable and known["schedule"] is not None:
                due_at = known["due_at"] or due_after(known["schedule"], datetime.now(UTC))
            status = ENABLED if enable else DISABLED
            changed = store.switch(caller.tenant_id, canonical(trigger_id), status, due_at)
            uow.commit()
            return changed

    def webhook(self, caller: Caller, app_id: str, node_id: str) -> Trigger:
        """The webhook of a node of the draft or of what is published, made when it has none yet.

        Raises app_not_found, not_found.
        """
        with self._uow() as uow:
            store = TriggerStore(uow)
            app = _app(store, caller, app_id)
            found = store.one(caller.tenant_id, app, node_id=node_id)
            if found is not None:
                if not found.webhook_id:
                    raise not_found(_NO_WEBHOOK)
                return found
            nodes = (node for graph in store.graphs(caller.tenant_id, app) for node in nodes_of(graph))
            data = next((data for id_, data in nodes if id_ == node_id and data.get("type") == WEBHOOK), None)
            if data is None:
                raise not_found(_NO_WEBHOOK)
            title = str(data.get("title") or "")
            store.put(
                caller.tenant_id, app, node_id, kind=WEBHOOK, title=title, is_live=False, has_webhook=True
            )  # fmt: skip
            made = store.one(caller.tenant_id, app, node_id=node_id)
            uow.commit()
        assert made is not None
        return made


def _app(store: TriggerStore, caller: Caller, app_id: str) -> str:
    """The id of an app of the workspace. Raises app_not_found."""
    if not is_uuid(app_id) or not store.has_app(caller.tenant_id, canonical(app_id)):
        raise AppError(Reason.APP_NOT_FOUND)
    return canonical(app_id)
