"""What a model is given to answer by: what datasets say, and the prompt."""

from __future__ import annotations

from server.chat import memory
from server.chat.external_data import filled
from server.chat.files import sendable
from server.chat.ports import Parts
from server.chat.prompt import Prompt, build
from server.chat.replay import replayed, whole
from server.chat.turn import Turn
from server.llm import fitting
from server.llm.port import FilePart, PromptMessage
from server.retrieval.found import Asked, Retrieved
from server.runs.run import RunKey


class Preparing:
    """Prepares the questions of easy apps."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def fill(self, key: RunKey, turn: Turn) -> None:
        """Ask the app's external data tools for their variables. Raises invalid_param."""
        tools, extensions = turn.config.data_tools, self._parts.extensions
        if tools and extensions is not None:
            turn.inputs = await filled(extensions, key.tenant_id, key.app_id, tools, turn.inputs, turn.query)

    async def search(self, key: RunKey, turn: Turn) -> Retrieved | None:
        """Search the app's datasets (feature-semantics.md section 7); None when there is nothing to search by."""
        search = turn.config.knowledge
        # An agent searches by its tools.
        if search is None or self._parts.knowledge is None or turn.mode == "agent-chat":
            return None
        query = turn.query
        if turn.mode == "completion":
            query = str(turn.inputs.get(turn.config.dataset_query_variable) or "")
        if not query.strip():
            return None
        asked = Asked(key.tenant_id, key.app_id, key.end_user_id)
        if turn.via == "debugger":
            asked = Asked(key.tenant_id, key.app_id, turn.session_id, "dev", "account")
        return await self._parts.knowledge.retrieve(asked, search, query)

    async def prompt(self, turn: Turn) -> Prompt:
        """What the model is sent, with as much of the earlier turns as fits."""
        files = await self._file_parts(turn)
        config, card = turn.config, turn.model.card
        context = turn.found.context if turn.found else None
        bare = build(config, turn.mode, turn.inputs, turn.query, context=context, files=files)
        if not turn.history:
            return bare
        history = self._history(turn)
        bound = fitting.most_tokens([*bare.messages, *history])
        if bound is None or bound + config.model.max_tokens > (card.context_size or 2000):
            used = await turn.model.count_tokens(bare.messages)
            limit = fitting.budget(card.context_size, config.model.max_tokens, used)
            history = whole(await fitting.fit(history, limit, turn.model.count_tokens))
        return build(config, turn.mode, turn.inputs, turn.query, history=history, context=context, files=files)

    @staticmethod
    def _history(turn: Turn) -> list[PromptMessage]:
        if turn.mode != "agent-chat":
            return memory.as_messages(turn.history)
        return replayed(turn.history, can_call=bool({"tool-call", "multi-tool-call"} & {*turn.model.card.features}))

    async def _file_parts(self, turn: Turn) -> list[FilePart]:
        parts = []
        for file in sendable(turn.files, turn.model.card.features):
            stored = turn.uploads.get(file.upload_id)
            data = await self._parts.uploads.read(stored.key) if stored else None
            parts.append(
                FilePart(
                    kind=file.kind, mime_type=file.mime_type, data=data,  # type: ignore[arg-type]
                    url=None if stored else file.url, detail=file.detail, name=file.name,
                )
            )
        return parts
