"""What variables held when a draft was last tried: read, changed by hand, set back (console-api.md section 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, bad_request, invalid_param, not_found
from server.kit.ids import canonical, is_uuid
from server.kit.plain import clean
from server.kit.validate import id_or_none
from server.workflow import rules
from server.workflow.draft_variable_store import DraftValue, DraftVariableStore, Row
from server.workflow.model import GRAPH_MODES, Variable, Workflow
from server.workflow.store import WorkflowStore

CONVERSATION, SYSTEM = "conversation", "sys"


class DraftVariableService:
    """Use cases of draft variables. One public method is one transaction."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def page(self, caller: Caller, app_id: str, page: int, limit: int) -> tuple[int, Sequence[Row]]:
        """How many there are, and a page of them without values. Raises app_not_found."""
        with self._uow() as uow:
            app = _app(WorkflowStore(uow), caller, app_id)
            return DraftVariableStore(uow).page(caller.tenant_id, app, page, limit)

    def of_node(self, caller: Caller, app_id: str, node_id: str) -> Sequence[Row]:
        """Variables of a node or of sys. Raises app_not_found."""
        with self._uow() as uow:
            app = _app(WorkflowStore(uow), caller, app_id)
            return DraftVariableStore(uow).of_node(caller.tenant_id, app, node_id)

    def of_conversation(self, caller: Caller, app_id: str) -> Sequence[Row]:
        """Conversation variables; those that no run wrote have the draft's defaults. Raises app_not_found."""
        with self._uow() as uow:
            workflows, store = WorkflowStore(uow), DraftVariableStore(uow)
            app = _app(workflows, caller, app_id)
            draft = workflows.draft(caller.tenant_id, app)
            if draft is None:
                raise AppError(Reason.DRAFT_WORKFLOW_NOT_EXIST)
            defaults = [_default(item) for item in draft.conversation_variables]
            store.save(caller.tenant_id, app, defaults, replace=False)
            found = store.of_node(caller.tenant_id, app, CONVERSATION)
            uow.commit()
            return found

    def environment(self, caller: Caller, app_id: str) -> Sequence[Variable]:
        """Environment variables of the draft, secrets sealed. Raises app_not_found, draft_workflow_not_exist."""
        with self._uow() as uow:
            workflows = WorkflowStore(uow)
            draft = workflows.draft(caller.tenant_id, _app(workflows, caller, app_id))
        if draft is None:
            raise AppError(Reason.DRAFT_WORKFLOW_NOT_EXIST)
        return draft.environment_variables

    def one(self, caller: Caller, app_id: str, variable_id: str) -> Row:
        """One variable. Raises app_not_found, not_found."""
        with self._uow() as uow:
            app = _app(WorkflowStore(uow), caller, app_id)
            return _found(DraftVariableStore(uow), caller, app, variable_id)

    def update(self, caller: Caller, app_id: str, variable_id: str, changes: Mapping[str, Any]) -> Row:
        """Change ``name`` or ``value``. Raises app_not_found, not_found, invalid_param; bad_request if it may not."""
        with self._uow() as uow:
            app, store = _app(WorkflowStore(uow), caller, app_id), DraftVariableStore(uow)
            row = _found(store, caller, app, variable_id, lock=True)
            if not row.editable:
                raise bad_request(f"variable '{row.name}' cannot be changed")
            values = dict(changes)
            if "value" in values:
                values["value"] = _checked(values["value"], row)
            name = values.get("name", row.name)
            if name != row.name and store.name_taken(caller.tenant_id, app, row.node_id, name):
                raise invalid_param(f"name '{name}' is taken")
            if values:
                store.change(caller.tenant_id, app, row.id, values, edited=True)
                row = _found(store, caller, app, row.id)
            uow.commit()
            return row

    def reset(self, caller: Caller, app_id: str, variable_id: str) -> Row | None:
        """Set back to what wrote it, or to its default; None when there is neither and it is deleted.

        Raises app_not_found, not_found.
        """
        with self._uow() as uow:
            workflows, store = WorkflowStore(uow), DraftVariableStore(uow)
            app = _app(workflows, caller, app_id)
            row = _found(store, caller, app, variable_id, lock=True)
            if row.node_id == CONVERSATION:
                before: Mapping[str, Any] = _defaults(workflows.draft(caller.tenant_id, app))
            else:
                before = store.outputs(caller.tenant_id, row.node_execution_id) if row.node_execution_id else {}
            if row.name in before:
                store.change(caller.tenant_id, app, row.id, {"value": before[row.name]}, edited=False)
                result: Row | None = _found(store, caller, app, row.id)
            else:
                store.delete(caller.tenant_id, app, variable_id=row.id)
                result = None
            uow.commit()
            return result

    def delete(self, caller: Caller, app_id: str, variable_id: str) -> None:
        """Delete one. Raises app_not_found, not_found."""
        with self._uow() as uow:
            app, store = _app(WorkflowStore(uow), caller, app_id), DraftVariableStore(uow)
            row = _found(store, caller, app, variable_id)
            store.delete(caller.tenant_id, app, variable_id=row.id)
            uow.commit()

    def delete_all(self, caller: Caller, app_id: str, node_id: str = "") -> None:
        """Delete those of a node, or all. Raises app_not_found."""
        with self._uow() as uow:
            app = _app(WorkflowStore(uow), caller, app_id)
            DraftVariableStore(uow).delete(caller.tenant_id, app, node_id=node_id)
            uow.commit()


def _app(store: WorkflowStore, caller: Caller, app_id: str) -> str:
    if not is_uuid(app_id) or store.mode(caller.tenant_id, canonical(app_id)) not in GRAPH_MODES:
        raise AppError(Reason.APP_NOT_FOUND)
    return canonical(app_id)


def _found(store: DraftVariableStore, caller: Caller, app_id: str, variable_id: str, *, lock: bool = False) -> Row:
    known = id_or_none(variable_id)
    row = store.one(caller.tenant_id, app_id, known, lock=lock) if known else None
    if row is None:
        raise not_found("variable not found")
    return row


def _checked(value: Any, row: Row) -> Any:
    try:
        value = clean(value)
    except ValueError as error:
        raise invalid_param(f"value is not valid: {error}") from error
    rules.check_value(value, row.value_type, row.name)
    return value


def _default(item: Variable) -> DraftValue:
    return DraftValue(CONVERSATION, item["name"], item["value_type"], item["value"], item.get("description") or "")


def _defaults(draft: Workflow | None) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in draft.conversation_variables} if draft else {}


def variable_type(node_id: str) -> str:
    """conversation, sys or node."""
    return node_id if node_id in {CONVERSATION, SYSTEM} else "node"
