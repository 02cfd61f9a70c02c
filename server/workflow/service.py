"""Drafts and versions of workflows (console-api.md section 8): one public method is one transaction.

An app of another workspace or another mode is app_not_found like one that never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.crypto import Sealer
from server.kit.errors import AppError, Reason, bad_request, invalid_param, not_found
from server.kit.ids import canonical, is_uuid
from server.kit.validate import id_or_none
from server.trigger.registration import register as register_triggers
from server.workflow import portable, rules, secrets
from server.workflow.model import (
    DRAFT,
    GRAPH_MODES,
    Content,
    Marks,
    VersionFilter,
    VersionPage,
    Workflow,
    page_of,
    workflow_type,
)
from server.workflow.store import WorkflowStore

_NO_VERSION = "Workflow not found"
_NO_DRAFT = "Missing draft workflow configuration, please check."
_VERSIONS_OF_A_PAGE = 10


class WorkflowService:
    """Use cases of drafts and versions."""

    def __init__(self, uow: UowFactory, sealer: Sealer) -> None:
        self._uow = uow
        self._sealer = sealer

    def require(self, caller: Caller, app_id: str) -> None:
        """Raises app_not_found unless the app has a workflow."""
        with self._uow() as uow:
            _mode(WorkflowStore(uow), caller, app_id)

    # The draft

    def draft(self, caller: Caller, app_id: str) -> Workflow:
        """The draft. Raises app_not_found, draft_workflow_not_exist."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id)
            return _draft(store, caller, app_id)

    def sync(self, caller: Caller, app_id: str, sent: Mapping[str, Any], seen: str) -> Workflow:
        """Replace the draft, whose hash must be ``seen``; the first save needs none.

        Raises app_not_found, draft_workflow_not_sync, invalid_param.
        """
        with self._uow() as uow:
            store = WorkflowStore(uow)
            mode = _mode(store, caller, app_id, lock=True)
            stored = store.draft(caller.tenant_id, canonical(app_id))
            if stored is not None and stored.hash != seen:
                raise AppError(Reason.DRAFT_WORKFLOW_NOT_SYNC)
            content = rules.content(
                mode, sent.get("graph"), sent.get("features"), sent.get("environment_variables") or [],
                sent.get("conversation_variables") or [],
            )  # fmt: skip
            self._save(store, caller, app_id, mode, content, stored)
            saved = _draft(store, caller, app_id)
            uow.commit()
            return saved

    def set_features(self, caller: Caller, app_id: str, features: object) -> None:
        """Replace the features of the draft. Raises app_not_found, draft_workflow_not_exist, invalid_param."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            mode = _mode(store, caller, app_id, lock=True)
            _change(store, caller, app_id, features=rules.checked_features(features, mode))
            uow.commit()

    def set_environment(self, caller: Caller, app_id: str, items: object) -> None:
        """Replace the environment variables of the draft. Raises as `set_features`."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id, lock=True)
            stored = _draft(store, caller, app_id)
            variables = secrets.sealed(rules.environment(items), self._sealer, stored.environment_variables)
            _change(store, caller, app_id, environment_variables=variables)
            uow.commit()

    def set_conversation(self, caller: Caller, app_id: str, items: object) -> None:
        """Replace the conversation variables of the draft. Raises as `set_features`."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id, lock=True)
            _change(store, caller, app_id, conversation_variables=rules.conversation(items))
            uow.commit()

    def _save(
        self, store: WorkflowStore, caller: Caller, app_id: str, mode: str, content: Content, stored: Workflow | None
    ) -> None:
        known = stored.environment_variables if stored else ()
        content = replace(
            content, environment_variables=secrets.sealed(content.environment_variables, self._sealer, known)
        )
        store.save_draft(caller.tenant_id, caller.the_account, canonical(app_id), workflow_type(mode), content)

    # Versions

    def publish(self, caller: Caller, app_id: str, marks: Marks, seen: str) -> Workflow:
        """Make a version of the draft, whose hash is still ``seen``, and let it run.

        Raises app_not_found, draft_workflow_not_sync; invalid_param without a draft, or for a schedule without sense.
        """
        at = datetime.now(UTC)
        version = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        with self._uow() as uow:
            store = WorkflowStore(uow)
            mode = _mode(store, caller, app_id, lock=True)
            draft = self._publishable(store, caller, app_id)
            if draft.hash != seen:
                raise AppError(Reason.DRAFT_WORKFLOW_NOT_SYNC)
            app = canonical(app_id)
            made = store.add_version(caller.tenant_id, caller.the_account, app, version, marks, at=at)
            store.join_datasets(caller.tenant_id, app, portable.dataset_ids(draft.graph))
            if mode == "workflow":
                register_triggers(uow, caller.tenant_id, app, draft.graph, at)
            published = _version(store, caller, app_id, made or "")
            uow.commit()
            return published

    def publishable(self, caller: Caller, app_id: str) -> Workflow:
        """The draft that is about to be published. Raises app_not_found, invalid_param without one."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id)
            return self._publishable(store, caller, app_id)

    def _publishable(self, store: WorkflowStore, caller: Caller, app_id: str) -> Workflow:
        draft = store.draft(caller.tenant_id, canonical(app_id))
        if draft is None:
            raise invalid_param("No valid workflow found.")
        return draft

    def published(self, caller: Caller, app_id: str) -> Workflow | None:
        """The version that runs. Raises app_not_found."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id)
            return store.published(caller.tenant_id, canonical(app_id))

    def versions(self, caller: Caller, app_id: str, wanted: VersionFilter) -> VersionPage:
        """A page of versions. Raises app_not_found."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id)
            found = store.page(caller.tenant_id, canonical(app_id), wanted)
        shown = tuple(found[: wanted.limit])
        return VersionPage(wanted.page, wanted.limit, shown, len(found) > wanted.limit)

    def mark(self, caller: Caller, app_id: str, workflow_id: str, marks: Marks) -> Workflow:
        """Name a version or comment on it. Raises app_not_found, not_found, invalid_param."""
        if marks == Marks():
            raise invalid_param("No valid fields to update")
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id)
            known, app = id_or_none(workflow_id), canonical(app_id)
            if not known or not store.mark(caller.tenant_id, caller.the_account, app, known, marks):
                raise not_found(_NO_VERSION)
            marked = _version(store, caller, app_id, known)
            uow.commit()
            return marked

    def delete(self, caller: Caller, app_id: str, workflow_id: str) -> None:
        """Delete a version. Raises app_not_found, not_found; bad_request for the draft and the one that runs."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            _mode(store, caller, app_id, lock=True)
            found = _version(store, caller, app_id, workflow_id)
            if found.version == DRAFT:
                raise bad_request("Cannot delete draft workflow versions")
            if found.id == store.published_id(caller.tenant_id, canonical(app_id)):
                raise bad_request(f"Cannot delete workflow that is currently in use by app '{canonical(app_id)}'")
            store.delete(caller.tenant_id, canonical(app_id), found.id)
            uow.commit()

    def restore(self, caller: Caller, app_id: str, workflow_id: str) -> Workflow:
        """Copy a version into the draft. Raises app_not_found, not_found; bad_request for the draft itself."""
        with self._uow() as uow:
            store = WorkflowStore(uow)
            mode = _mode(store, caller, app_id, lock=True)
            found = _version(store, caller, app_id, workflow_id)
            if found.version == DRAFT:
                raise bad_request("The draft cannot be restored from itself")
            content = Content(
                found.graph, found.features, found.environment_variables, found.conversation_variables
            )
            store.save_draft(caller.tenant_id, caller.the_account, canonical(app_id), workflow_type(mode), content)
            saved = _draft(store, caller, app_id)
            uow.commit()
            return saved

    # App files

    def write_section(
        self, uow: UnitOfWork, caller: Caller, app_id: str, mode: str, section: Mapping[str, Any]
    ) -> None:
        """Make or replace the draft by the `workflow` section of a file, inside someone else's transaction.

        Values that debug runs left go. Raises invalid_param.
        """
        store = WorkflowStore(uow)
        content = rules.of_section(mode, section)
        content = replace(content, graph=portable.imported(content.graph, caller.tenant_id))
        stored = store.draft(caller.tenant_id, app_id)
        self._save(store, caller, app_id, mode, content, stored)
        store.forget_values(caller.tenant_id, app_id)

    def section(self, caller: Caller, app_id: str, workflow_id: str, *, include_secret: bool) -> dict[str, Any]:
        """The `workflow` section of a file: of the draft, or of a version.

        Raises invalid_param without a draft, not_found without the version.
        """
        with self._uow() as uow:
            store = WorkflowStore(uow)
            if workflow_id:
                found: Workflow | None = _version(store, caller, app_id, workflow_id)
            else:
                found = store.draft(caller.tenant_id, canonical(app_id))
        if found is None:
            raise invalid_param(_NO_DRAFT)
        variables = found.environment_variables
        return {
            "graph": portable.exported(found.graph, caller.tenant_id, keep_credentials=include_secret),
            "features": found.features,
            "environment_variables": secrets.opened(variables, self._sealer)
            if include_secret
            else secrets.masked(variables, ""),
            "conversation_variables": list(found.conversation_variables), "rag_pipeline_variables": [],
        }  # fmt: skip


def version_filter(
    *, page: int | None, limit: int | None, user_id: str, named_only: bool
) -> VersionFilter:
    """Check the query of a list of versions. Raises invalid_param."""
    page, limit = page_of(page, limit, _VERSIONS_OF_A_PAGE)
    if user_id and not is_uuid(user_id):
        raise invalid_param("user_id must be a valid UUID")
    return VersionFilter(page, limit, canonical(user_id) if user_id else "", named_only)


def _mode(store: WorkflowStore, caller: Caller, app_id: str, *, lock: bool = False) -> str:
    """The mode of an app that has a workflow. Raises app_not_found."""
    mode = store.mode(caller.tenant_id, canonical(app_id), lock=lock) if is_uuid(app_id) else None
    if mode not in GRAPH_MODES:
        raise AppError(Reason.APP_NOT_FOUND)
    return mode


def _draft(store: WorkflowStore, caller: Caller, app_id: str) -> Workflow:
    draft = store.draft(caller.tenant_id, canonical(app_id))
    if draft is None:
        raise AppError(Reason.DRAFT_WORKFLOW_NOT_EXIST)
    return draft


def _change(store: WorkflowStore, caller: Caller, app_id: str, **values: object) -> None:
    if not store.change_draft(caller.tenant_id, caller.the_account, canonical(app_id), **values):
        raise AppError(Reason.DRAFT_WORKFLOW_NOT_EXIST)


def _version(store: WorkflowStore, caller: Caller, app_id: str, workflow_id: str) -> Workflow:
    known = id_or_none(workflow_id)
    found = store.version(caller.tenant_id, canonical(app_id), known) if known else None
    if found is None:
        raise not_found(_NO_VERSION)
    return found
