"""Versions of workflows, ready to run: what the library knows of them, with their forms and features read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from server.chat.files import rule_of
from server.chat.inputs import compile_variables
from server.chat.model_config import text_to_speech
from server.engine.graph import Graph, GraphError
from server.kit.caller import AppContext
from server.kit.errors import AppError, Reason, invalid_param
from server.moderation.model import moderation_of
from server.workflow.library import Runnable, WorkflowLibrary
from server.workflow_run.plan import ConversationVariable, Features, Version

_KEPT = 500


class Versions:
    """Finds what an app runs. Published versions never change, so what was read of them is kept."""

    def __init__(self, library: WorkflowLibrary) -> None:
        self._library = library
        self._kept: OrderedDict[str, Version] = OrderedDict()

    async def published(self, app: AppContext) -> Version:
        """What a call of the app runs. Raises app_unavailable for a chatflow, invalid_param for a workflow."""
        if app.workflow_id is None:
            if app.mode == "advanced-chat":
                raise AppError(Reason.APP_UNAVAILABLE)
            raise invalid_param("Workflow not published")
        kept = self._kept.get(app.workflow_id)
        return kept or self._made(await self._library.published(app))

    async def named(self, app: AppContext, workflow_id: str) -> Version:
        """One published version of the app. Raises bad_request, not_found."""
        return self._made(await self._library.version(app, workflow_id))

    async def draft(self, tenant_id: str, app_id: str) -> Version:
        """What the app's editor holds. Raises draft_workflow_not_exist, invalid_param."""
        return self._made(await self._library.draft(tenant_id, app_id))

    async def of_run(self, tenant_id: str, app_id: str, workflow_id: str, graph: Mapping[str, Any] | None) -> Version:
        """The version of a run that goes on; a draft by the ``graph`` that ran. Raises not_found, invalid_param."""
        found = self._made(await self._library.stored(tenant_id, app_id, workflow_id))
        if graph is None or not found.is_draft:
            return found
        try:
            return replace(found, graph=Graph.parse(graph), document=orjson.dumps(graph).decode())
        except GraphError as error:
            raise invalid_param(str(error)) from error

    def _made(self, found: Runnable) -> Version:
        kept = self._kept.get(found.id)
        if kept is not None and not found.is_draft:
            return kept
        made = Version(
            id=found.id, number=found.version, graph=found.graph, form=compile_variables(found.start_variables),
            features=_features(found.features), environment=found.environment,
            conversation_variables=tuple(map(_conversation_variable, found.conversation_variables)),
            document=orjson.dumps(found.document).decode() if found.is_draft else None,
        )
        if not found.is_draft:
            self._kept[found.id] = made
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _features(stored: Mapping[str, Any]) -> Features:
    cited = stored.get("retriever_resource")
    return Features(
        opening_statement=str(stored.get("opening_statement") or ""),
        retriever_resource=isinstance(cited, Mapping) and cited.get("enabled") is True,
        file_upload=rule_of(stored.get("file_upload")),
        moderation=moderation_of(stored.get("sensitive_word_avoidance")),
        voice=text_to_speech(stored.get("text_to_speech")).played_by,
    )


def _conversation_variable(stored: Mapping[str, Any]) -> ConversationVariable:
    return ConversationVariable(
        id=str(stored.get("id") or ""), name=str(stored.get("name") or ""),
        value_type=str(stored.get("value_type") or "string"), value=stored.get("value"),
        description=str(stored.get("description") or ""),
    )
