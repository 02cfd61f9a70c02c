"""Prompts of nodes: templates, context, memory, files (workflow-engine.md 8.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, cast

from server.engine.node import Context, NodeDataError, NodeError
from server.engine.nodes.data import mapping, objects, selector, selector_or_none, text, whole
from server.engine.nodes.model_call import ModelConfig
from server.engine.ports import CodeFaultError
from server.engine.template import references
from server.engine.values import File, Selector, dump, files_in
from server.llm import fitting
from server.llm.port import ChatModel, FilePart, ModelCard, PromptMessage, Role

_ROLES = ("system", "user", "assistant")
_FEATURES: Mapping[str, str] = {"image": "vision", "document": "document", "audio": "audio", "video": "video"}
SYSTEM_QUERY = ("sys", "query")
SYSTEM_FILES = ("sys", "files")


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a prompt as the author wrote it."""

    role: Role
    text: str
    is_jinja: bool = False

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Raises NodeDataError."""
        role = data.get("role") or "user"
        if role not in _ROLES:
            raise NodeDataError(f"prompt_template: role must be one of {', '.join(_ROLES)}, not {role!r}.")
        is_jinja = data.get("edition_type") == "jinja2"
        written = text(data.get("jinja2_text"), "jinja2_text") if is_jinja else text(data.get("text"), "text")
        return cls(cast("Role", role), written, is_jinja)

    @property
    def references(self) -> list[Selector]:
        """What it refers to."""
        return [] if self.is_jinja else references(self.text)


@dataclass(frozen=True, slots=True)
class Memory:
    """The ``memory`` object. ``window`` is the number of turns, None for as many as fit."""

    window: int | None = None
    query: str = ""
    user: str = "Human"
    assistant: str = "Assistant"

    @classmethod
    def parse(cls, value: Any) -> Self | None:
        """Raises NodeDataError."""
        if not value:
            return None
        data = mapping(value, "memory")
        window = mapping(data.get("window"), "memory.window")
        prefixes = mapping(data.get("role_prefix"), "memory.role_prefix")
        size = whole(window.get("size"), "memory.window.size", -1) if window.get("enabled") else -1
        return cls(
            None if size < 0 else size, text(data.get("query_prompt_template"), "query_prompt_template"),
            str(prefixes.get("user") or "Human"), str(prefixes.get("assistant") or "Assistant"),
        )


@dataclass(frozen=True, slots=True)
class Vision:
    """The ``vision`` object, when it is on."""

    selector: Selector = SYSTEM_FILES
    detail: Literal["low", "high"] = "high"

    @classmethod
    def parse(cls, value: Any) -> Self | None:
        """Raises NodeDataError."""
        data = mapping(value, "vision")
        if not data.get("enabled"):
            return None
        configs = mapping(data.get("configs"), "vision.configs")
        found = selector_or_none(configs.get("variable_selector"), "vision.configs.variable_selector")
        return cls(found or SYSTEM_FILES, "low" if configs.get("detail") == "low" else "high")

    def files(self, ctx: Context) -> list[File]:
        """The files that its variable holds. Raises NodeError when it holds something else."""
        value = ctx.get(self.selector)
        found = files_in(value)
        if value and not found:
            raise NodeError(f"Invalid variable type: {ctx.type_of(self.selector)}", "InvalidVariableTypeError")
        return found


def jinja_variables(value: Any) -> dict[str, Selector]:
    """``prompt_config.jinja2_variables``. Raises NodeDataError."""
    config = mapping(value, "prompt_config")
    return {
        text(item.get("variable"), "variable"): selector(item.get("value_selector"), "value_selector")
        for item in objects(config.get("jinja2_variables"), "jinja2_variables")
    }


def known(ctx: Context, selectors: Iterable[Selector]) -> dict[str, Any]:
    """Values of references as they are recorded: ``#a.b#`` to value. Raises NodeError for one that is not there."""
    found: dict[str, Any] = {}
    for one in selectors:
        name = f"#{'.'.join(one)}#"
        if not ctx.has(one):
            raise NodeError(f"Variable {name} not found", "VariableNotFoundError")
        value = ctx.get(one)
        found[name] = "" if value is None else value
    return found


def jinja_values(ctx: Context, variables: Mapping[str, Selector]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what templates see, what is recorded). What retrieval found is its text. Raises NodeError as ``known``."""
    seen, recorded = {}, {}
    for name, one in variables.items():
        if not ctx.has(one):
            raise NodeError(f"Variable {name} not found", "VariableNotFoundError")
        value = ctx.get(one)
        shown = _joined(value) if isinstance(value, (list, tuple)) else _item_text(value)
        recorded[name] = shown
        items = value if isinstance(value, (list, tuple)) else [value]
        seen[name] = shown if value and all(map(_is_found, items)) else value
    return seen, recorded


def _joined(items: Sequence[Any]) -> str:
    return "\n".join(map(_item_text, items)).strip()


def _item_text(value: Any) -> Any:
    if _is_found(value):
        return str(value["content"])
    return dump(value) if isinstance(value, Mapping) else value if isinstance(value, str) else str(value)


def _is_found(value: Any) -> bool:
    """Whether a value is a result of retrieval."""
    if not isinstance(value, Mapping) or "content" not in value:
        return False
    metadata = value.get("metadata")
    return isinstance(metadata, Mapping) and "_source" in metadata


@dataclass(frozen=True, slots=True)
class Found:
    """The context of a prompt, with its citations and files."""

    text: str = ""
    resources: Sequence[Mapping[str, Any]] = ()
    files: Sequence[File] = ()


def context_of(value: Any) -> Found:
    """The context in a variable: a text, texts, or results of retrieval. Raises NodeError."""
    if isinstance(value, str):
        return Found(value)
    if not isinstance(value, (list, tuple)):
        return Found()
    lines: list[str] = []
    resources: list[Mapping[str, Any]] = []
    files: list[File] = []
    for item in value:
        if isinstance(item, str):
            lines.append(item)
            continue
        if not isinstance(item, Mapping) or "content" not in item:
            raise NodeError(f"Invalid context structure: {item}", "InvalidContextStructureError")
        lines += [str(item[key]) for key in ("summary", "content") if key == "content" or item.get(key)]
        files += files_in(item.get("files"))
        metadata = item.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("_source") == "knowledge":
            resources.append(citation(item))
    return Found("\n".join(lines).strip(), resources, files)


_CITED = (
    "position", "dataset_id", "dataset_name", "document_id", "document_name", "data_source_type", "segment_id",
    "retriever_from", "score", "page", "doc_metadata",
)  # fmt: skip
_CITED_AS = {
    "hit_count": "segment_hit_count", "word_count": "segment_word_count", "segment_position": "segment_position",
    "index_node_hash": "segment_index_node_hash",
}  # fmt: skip


def citation(item: Mapping[str, Any]) -> dict[str, Any]:
    """A result of retrieval as it is cited (sse-events.md 8.2)."""
    metadata = item["metadata"]
    return {
        **{name: metadata.get(name) for name in _CITED},
        **{name: metadata.get(key) for name, key in _CITED_AS.items()},
        "content": item.get("content"), "title": item.get("title"), "files": item.get("files"),
        "summary": item.get("summary"),
    }


class Prompting:
    """Makes the messages of one execution of a node."""

    def __init__(self, ctx: Context, config: ModelConfig, model: ChatModel, vision: Vision | None = None) -> None:
        self._ctx = ctx
        self._config = config
        self._model = model
        self._detail: Literal["low", "high"] = vision.detail if vision else "high"

    @property
    def card(self) -> ModelCard:
        """The model's."""
        return self._model.card

    async def lines(
        self, lines: Iterable[Line], context: str = "", jinja: Mapping[str, Any] | None = None
    ) -> list[PromptMessage]:
        """The messages of a template: texts, each followed by the files that it refers to."""
        messages: list[PromptMessage] = []
        for line in lines:
            if line.is_jinja:
                rendered, files = await self.jinja(line.text, jinja or {}), []
            else:
                written = line.text.replace("{#context#}", _without_environment(context)) if context else line.text
                rendered = self._ctx.render(written)
                files = [file for one in references(written) for file in files_in(self._ctx.get(one))]
            if rendered:
                messages.append(PromptMessage(line.role, rendered))
            if parts := await self.parts(files):
                messages.append(PromptMessage(line.role, "", parts))
        return messages

    async def jinja(self, template: str, variables: Mapping[str, Any]) -> str:
        """A Jinja template. Raises NodeError."""
        try:
            return await self._ctx.ports.code.render(template, variables)
        except CodeFaultError as fault:
            raise NodeError(str(fault), fault.kind) from fault

    async def parts(self, files: Iterable[File]) -> tuple[FilePart, ...]:
        """Files as the model can read them; those of other kinds are left out."""
        return tuple([
            FilePart(
                file.type, file.mime_type, await self._ctx.ports.files.read(self._ctx.run, file),  # type: ignore[arg-type]
                detail=self._detail, name=file.name,
            )
            for file in files
            if _FEATURES.get(file.type) in self.card.features
        ])  # fmt: skip

    async def with_files(self, messages: list[PromptMessage], files: Iterable[File]) -> list[PromptMessage]:
        """The messages with files in front of the last user's, or as one more."""
        parts = await self.parts(files)
        if not parts:
            return messages
        if messages and messages[-1].role == "user":
            last = messages[-1]
            return [*messages[:-1], replace(last, files=(*parts, *last.files))]
        return [*messages, PromptMessage("user", "", parts)]

    async def history(self, memory: Memory | None, others: Sequence[PromptMessage]) -> list[PromptMessage]:
        """As much of the conversation as fits beside the other messages and the answer."""
        if memory is None:
            return []
        history = await self._ctx.ports.memory.history(self._ctx.run, window=memory.window)
        if not history:
            return []
        longest, size = self._config.longest_answer, self.card.context_size
        bound = fitting.most_tokens([*others, *history])
        if bound is not None and bound + longest <= (size or 0):
            return list(history)
        limit = fitting.budget(size, longest, await self._model.count_tokens(others))
        return await fitting.fit(history, limit, self._model.count_tokens)


def transcript(messages: Sequence[PromptMessage], memory: Memory) -> str:
    """A history as lines, each speaker by a prefix."""
    return "\n".join(
        f"{memory.user if message.role == 'user' else memory.assistant}: {message.text}" for message in messages
    )


def _without_environment(context: str) -> str:
    """A context whose references are still filled in, but never with what the environment keeps secret."""
    return context.replace("{{#env.", "{{ #env.")


def schema_prompt(schema: Mapping[str, Any]) -> str:
    """Tells a model that takes no schema which JSON to write."""
    return (
        "Write nothing but one JSON object that is valid by this JSON schema: no explanation, no code fence. Take what "
        "it holds from the conversation. Use every required key exactly as it is named.\n\n"
        f"<schema>\n{json.dumps(schema, ensure_ascii=False, indent=2)}\n</schema>"
    )
