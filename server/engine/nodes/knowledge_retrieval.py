"""The node ``knowledge-retrieval`` (workflow-engine.md 8.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine import template
from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes.data import mapping, objects, selector_or_none
from server.engine.nodes.model_call import ModelConfig
from server.engine.ports import Search
from server.engine.values import File, Selector, files_in
from server.engine.values import text as shown
from server.kit.errors import AppError

_MODES = ("multiple", "single")
_FILTERING = ("disabled", "automatic", "manual")
_BREAKS = re.compile(r"[\r\n\t]+")


@dataclass(frozen=True, slots=True)
class KnowledgeRetrievalNode:
    """Searches datasets."""

    query: Selector | None
    attachments: Selector | None
    dataset_ids: tuple[str, ...]
    settings: Mapping[str, Any]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        ids = data.get("dataset_ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise NodeDataError("dataset_ids must be a list of ids.")
        mode = data.get("retrieval_mode")
        if mode not in _MODES:
            raise NodeDataError(f"retrieval_mode must be one of {', '.join(_MODES)}, not {mode!r}.")
        if mode == "single":
            config = mapping(data.get("single_retrieval_config"), "single_retrieval_config")
            ModelConfig.parse(config.get("model"), "single_retrieval_config.model")
        filtering = data.get("metadata_filtering_mode") or "disabled"
        if filtering not in _FILTERING:
            raise NodeDataError(f"metadata_filtering_mode must be one of {', '.join(_FILTERING)}, not {filtering!r}.")
        if filtering == "automatic":
            ModelConfig.parse(data.get("metadata_model_config"), "metadata_model_config")
        mapping(data.get("multiple_retrieval_config"), "multiple_retrieval_config")
        _conditions(data)
        return cls(
            selector_or_none(data.get("query_variable_selector"), "query_variable_selector"),
            selector_or_none(data.get("query_attachment_selector"), "query_attachment_selector"), tuple(ids), data,
        )

    def uses(self) -> Sequence[Selector]:
        """Its query, its files, and what the values of its conditions refer to."""
        found = [one for one in (self.query, self.attachments) if one]
        for item in _conditions(self.settings):
            if isinstance(value := item.get("value"), str):
                found += template.references(value)
        return found

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError."""
        if self.query is None and self.attachments is None:
            return Result()
        query, files = self._query(ctx), self._files(ctx)
        inputs: dict[str, Any] = {"query": query} if self.query else {}
        if self.attachments:
            inputs["query_attachment"] = files
        if not query.strip() and not files:
            return Result({"result": []}, inputs)
        search = Search(self.dataset_ids, query, self._filled(ctx), files, ctx.pay)
        try:
            found = await ctx.ports.knowledge.search(ctx.run, search)
        except AppError as error:
            raise NodeError(str(error), "KnowledgeRetrievalNodeError", inputs=inputs) from error
        return Result({"result": list(found)}, inputs)

    def _query(self, ctx: Context) -> str:
        value = ctx.get(self.query) if self.query else ""
        if not isinstance(value, str):
            raise NodeError("Query variable is not string type.", "KnowledgeRetrievalNodeError")
        return value

    def _files(self, ctx: Context) -> Sequence[File]:
        value = ctx.get(self.attachments) if self.attachments else None
        files = files_in(value)
        if value and not files:
            raise NodeError("Attachments variable is not array file or file type.", "KnowledgeRetrievalNodeError")
        return files

    def _filled(self, ctx: Context) -> Mapping[str, Any]:
        """The settings with the values of their conditions filled in."""
        filtering = self.settings.get("metadata_filtering_conditions")
        if not isinstance(filtering, Mapping):
            return self.settings
        conditions = [{**item, "value": _value(ctx, item.get("value"))} for item in _conditions(self.settings)]
        return {**self.settings, "metadata_filtering_conditions": {**filtering, "conditions": conditions}}


def _conditions(data: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    filtering = mapping(data.get("metadata_filtering_conditions"), "metadata_filtering_conditions")
    return objects(filtering.get("conditions"), "metadata_filtering_conditions.conditions")


def _value(ctx: Context, written: Any) -> Any:
    """Of a template only the first piece counts; numbers stay numbers, breaks in a text become a space."""
    if not isinstance(written, str):
        return written
    first = next(iter(template.parse(written)), "")
    value = first if isinstance(first, str) else ctx.get(first, ".".join(first))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return _BREAKS.sub(" ", shown(value)).strip()
