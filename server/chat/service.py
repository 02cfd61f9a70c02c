"""Turns of chat and completion apps: check, store, ask the model, keep the answer.

Order of one turn: feature-semantics.md section 2. What fails before the message is stored is
an error of the call; what fails later is the run's outcome. No database connection is held
while the model speaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from server.annotation.model import Hit, Match
from server.chat import memory, naming
from server.chat.agent import Agents, AgentWork, Order
from server.chat.files import (
    FileEntry,
    FileRule,
    RemoteFile,
    ResolvedFile,
    needed_upload_ids,
    needed_urls,
    parse_files,
    resolve,
    sendable,
)
from server.chat.inputs import validate_inputs
from server.chat.model_config import ModelConfig, parse
from server.chat.prompt import Prompt, build
from server.chat.store import ChatStore, Conversation, NewTurn, StoredUpload
from server.chat.template import introduction, stored_answer
from server.chat.thought_store import ThoughtStore
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.db.faults import is_away
from server.kit.caller import AppContext, Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import NIL_UUID, canonical, is_uuid
from server.kit.plain import clean_text
from server.llm import fitting, pricing, tokens
from server.llm.port import ChatModel, ChatRequest, FilePart, ModelFault, Usage
from server.retrieval.found import Asked, Retrieved
from server.retrieval.settings import AppSearch
from server.runs.ledger import Cost
from server.runs.registry import INTERNAL, Runs, limit_of, too_many
from server.runs.run import Outcome, Run, RunKey
from server.runs.store import FinalMessage, RunStore
from server.runs.wire import to_metadata
from server.settings import Settings

log = logging.getLogger("transom.chat")

_CONFIGS = 1000
# An agent without its tools would be another app: agents are refused until they have them.
ANSWERED_MODES = ("chat", "agent-chat", "completion")


class Models(Protocol):
    """What a turn needs of the model providers."""

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """The model with the workspace's credential. Raises provider_not_initialize and the like."""
        ...


class Knowledge(Protocol):
    """What a turn needs of the datasets."""

    async def retrieve(self, asked: Asked, search: AppSearch, query: str) -> Retrieved:
        """What an app's datasets say about a query."""
        ...


class Annotations(Protocol):
    """What a turn needs of answers that people wrote."""

    async def match(self, tenant_id: str, app_id: str, query: str) -> Match | None:
        """The annotation that answers; never raises."""
        ...

    async def keep(self, hit: Hit) -> None:
        """Count an answer that was given."""
        ...


class Uploads(Protocol):
    """What a turn needs of the file store."""

    async def read(self, key: str) -> bytes:
        """The bytes of a stored file."""
        ...


class Remotes(Protocol):
    """What a turn needs to know of files elsewhere."""

    async def look(self, urls: Sequence[str]) -> Mapping[str, RemoteFile]:
        """Name, type and size of what lies behind addresses, as far as they tell."""
        ...


Namer = Callable[[str, str, str], Awaitable[None]]
# The HTTP status and text that a caller is shown of an error.
Shown = Callable[[AppError], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Question:
    """One question to an app, as it came over the wire."""

    inputs: Mapping[str, Any] | None
    query: str
    conversation_id: str = ""
    files: Sequence[Mapping[str, Any]] = ()
    auto_generate_name: bool = False
    # The message that this one follows; the nil UUID: the newest one, None: a branch begins.
    parent_message_id: str | None = NIL_UUID
    # A published version of a chatflow; empty: the current one.
    workflow_id: str = ""


@dataclass(slots=True)
class Turn:
    """A stored question on its way to the model."""

    config: ModelConfig
    model: ChatModel
    mode: str
    inputs: Mapping[str, Any]
    query: str
    history: Sequence[memory.Turn]
    remotes: Mapping[str, RemoteFile]
    files: Sequence[ResolvedFile]
    uploads: Mapping[str, StoredUpload]
    is_first: bool
    auto_name: bool
    session_id: str
    parent_message_id: str | None = NIL_UUID
    # What the datasets say; None: none was searched.
    found: Retrieved | None = None
    # The annotation that answers instead of the model.
    annotation: Match | None = None
    prompt: Prompt | None = None
    usage: Usage | None = None
    started: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    via: str = ""
    # What an agent did.
    done: AgentWork = field(default_factory=AgentWork)


class ChatService:
    """Starts runs of easy apps."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, models: Models, uploads: Uploads, namer: Namer,
        shown: Shown, settings: Settings, knowledge: Knowledge | None = None, remotes: Remotes | None = None,
        agents: Agents | None = None, annotations: Annotations | None = None,
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._models = models
        self._uploads = uploads
        self._knowledge = knowledge
        self._remotes = remotes
        self._agents = agents
        self._annotations = annotations
        self._namer = namer
        self._shown = shown
        self._settings = settings
        self._configs: OrderedDict[str, ModelConfig] = OrderedDict()

    # Start

    async def start(self, caller: Caller, question: Question) -> Run:
        """Check a question, store it, and start its run. When this returns, the message cannot be lost (G1).

        Raises app_unavailable, invalid_param, not_found, conversation_completed, provider errors,
        too_many_requests.
        """
        app = caller.the_app
        if app.mode not in ANSWERED_MODES:
            raise AppError(Reason.APP_UNAVAILABLE)
        if question.inputs is None:
            raise invalid_param("1 validation error for ChatRequestPayload\ninputs\n  Field required [type=missing]")
        query = question.query.replace("\x00", "")
        if app.mode != "completion" and not query:
            raise invalid_param("query is required")
        wanted = conversation_id(question.conversation_id)
        conversation = await self._db(self._load, caller, wanted) if wanted else None
        _check_parent(question.parent_message_id, conversation)
        config = self._config_of(app, conversation)
        inputs = validate_inputs(config.form, question.inputs)
        entries = parse_files(question.files, config.file_upload)
        model = await self._models.chat_model(app.tenant_id, config.model.provider, config.model.name)
        turn = Turn(
            config=config, model=model, mode=app.mode, inputs=inputs, query=query,
            history=memory.thread(conversation.turns, question.parent_message_id)
            if conversation and app.mode != "completion"
            else (),
            remotes=await self._look(entries, config.file_upload), files=(), uploads={}, is_first=conversation is None,
            auto_name=question.auto_generate_name and app.mode != "completion",
            session_id=caller.the_user.session_id, parent_message_id=question.parent_message_id, via=caller.via,
        )
        return await self._runs.start(
            lambda: self._store(caller, turn, entries, conversation), lambda run: self._answer(run, turn)
        )

    async def _look(self, entries: Sequence[FileEntry], rule: FileRule | None) -> Mapping[str, RemoteFile]:
        """Ask the addresses of remote files, unless the app takes none."""
        urls = needed_urls(entries)
        if not urls or self._remotes is None or (rule and rule.methods and "remote_url" not in rule.methods):
            return {}
        return await self._remotes.look(urls)

    def _load(self, caller: Caller, conversation_id: str) -> Conversation:
        with self._uow() as uow:
            found = ChatStore(uow).conversation(caller.the_app.app_id, caller.the_user.id, conversation_id)
        if found is None:
            raise not_found("Conversation Not Exists.")
        if found.status != "normal":
            raise AppError(Reason.CONVERSATION_COMPLETED)
        return found

    def _config_of(self, app: AppContext, conversation: Conversation | None) -> ModelConfig:
        """A conversation keeps the configuration it began with (feature-semantics.md section 1)."""
        config_id, document = app.app_config_id, app.document
        if conversation is not None and conversation.document is not None:
            config_id, document = conversation.app_config_id, conversation.document
        if document is None or config_id is None:
            raise AppError(Reason.APP_UNAVAILABLE)
        config = self._configs.get(config_id)
        if config is None:
            config = parse(document)
            self._configs[config_id] = config
            if len(self._configs) > _CONFIGS:
                self._configs.popitem(last=False)
        if not config.model.name:
            raise AppError(Reason.APP_UNAVAILABLE)
        return config

    def _store(
        self, caller: Caller, turn: Turn, entries: Sequence[FileEntry], conversation: Conversation | None
    ) -> RunKey:
        app = caller.the_app
        limit = limit_of(app.max_active_requests, self._settings)
        config_id = conversation.app_config_id if conversation else app.app_config_id
        # Most turns are stored by one statement.
        with self._uow() if limit or entries else self._uow.single() as uow:
            store = ChatStore(uow)
            turn.uploads = store.uploads(app.tenant_id, caller.the_user.id, needed_upload_ids(entries))
            turn.files = resolve(
                entries, {id_: stored.upload for id_, stored in turn.uploads.items()}, turn.config.file_upload,
                remotes=turn.remotes,
            )
            if limit and RunStore(uow).count_running(app.app_id) >= limit:
                raise too_many(app.app_id, limit)
            key = store.add(
                NewTurn(
                    tenant_id=app.tenant_id, app_id=app.app_id, mode=app.mode, end_user_id=caller.the_user.id,
                    app_config_id=config_id, provider=turn.config.model.provider, model=turn.config.model.name,
                    conversation_id=conversation.id if conversation else None,
                    name=naming.initial_name(turn.query),
                    introduction=introduction(turn.config.opening_statement, turn.inputs) or None,
                    inputs=turn.inputs, query=turn.query, parent_message_id=turn.parent_message_id, via=caller.via,
                    api_key_id=app.key_id, files=turn.files,
                ),
                self._runs.owner,
            )
            uow.commit()
        return key

    # Answer

    async def _answer(self, run: Run, turn: Turn) -> None:
        """Ask the model, then store how it ended; runs as its own task."""
        status, error = "succeeded", None
        limit = asyncio.timeout(self._settings.run_max_seconds)
        run.interrupt = asyncio.current_task()
        try:
            if run.stop_requested:
                raise asyncio.CancelledError
            async with limit:
                await self._ask(run, turn)
        except asyncio.CancelledError:
            if not (run.stop_requested or run.lost):
                raise
            _forget_cancellation()
            status = "stopped"
        except AppError as fault:
            status, error = "failed", fault
        except Exception as fault:
            if limit.expired():
                status = "stopped"
                log.warning("run %s: stopped after %s s", run.key.task_id, self._settings.run_max_seconds)
            else:
                log.exception("run %s failed", run.key.task_id)
                status, error = "failed", AppError(Reason.INTERNAL_SERVER_ERROR, INTERNAL, detail=repr(fault))
        finally:
            run.interrupt = None
        await self._finish(run, turn, status, error)

    async def _ask(self, run: Run, turn: Turn) -> None:
        if await self._is_annotated(run, turn):
            return
        turn.found = await self._search(run, turn)
        turn.prompt = await self._prompt(turn)
        parameters = await fitting.shrink_max_tokens(
            turn.config.model.parameters, turn.prompt.messages, turn.model.card.context_size, turn.model.count_tokens
        )
        if turn.mode == "agent-chat" and self._agents is not None:
            order = Order(
                turn.config, turn.model, turn.prompt.messages, parameters, turn.prompt.stop, turn.session_id, turn.via
            )
            await self._agents.answer(run, order, turn.done)
            return
        request = ChatRequest(
            messages=turn.prompt.messages, parameters=parameters, stop=turn.prompt.stop, user=turn.session_id
        )
        async with contextlib.aclosing(turn.model.stream(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if chunk.usage is not None:
                    turn.usage = chunk.usage
                if chunk.text:
                    if turn.first_token is None:
                        turn.first_token = time.monotonic()
                    run.delta(chunk.text)

    async def _is_annotated(self, run: Run, turn: Turn) -> bool:
        """Answer by an annotation, when one fits (feature-semantics.md 3.5); whether one did."""
        if self._annotations is None or turn.mode == "completion":
            return False
        key = run.key
        turn.annotation = await self._annotations.match(key.tenant_id, key.app_id, turn.query)
        if turn.annotation is None:
            return False
        run.say(turn.annotation.answer)
        hit = Hit(
            key.tenant_id, key.app_id, key.message_id, key.end_user_id, source="api", query=turn.query,
            match=turn.annotation,
        )
        self._runs.spawn(self._annotations.keep(hit), "count an annotation's hit")
        return True

    async def _search(self, run: Run, turn: Turn) -> Retrieved | None:
        """Search the app's datasets (feature-semantics.md section 7); None when there is nothing to search by."""
        search = turn.config.knowledge
        # An agent searches by its tools.
        if search is None or self._knowledge is None or turn.mode == "agent-chat":
            return None
        query = turn.query
        if turn.mode == "completion":
            query = str(turn.inputs.get(turn.config.dataset_query_variable) or "")
        if not query.strip():
            return None
        asked = Asked(run.key.tenant_id, run.key.app_id, run.key.end_user_id)
        return await self._knowledge.retrieve(asked, search, query)

    async def _prompt(self, turn: Turn) -> Prompt:
        files = await self._file_parts(turn)
        config, card = turn.config, turn.model.card
        context = turn.found.context if turn.found else None
        bare = build(config, turn.mode, turn.inputs, turn.query, context=context, files=files)
        if not turn.history:
            return bare
        history = memory.as_messages(turn.history)
        bound = fitting.most_tokens([*bare.messages, *history])
        if bound is None or bound + config.model.max_tokens > (card.context_size or 2000):
            used = await turn.model.count_tokens(bare.messages)
            limit = fitting.budget(card.context_size, config.model.max_tokens, used)
            history = await fitting.fit(history, limit, turn.model.count_tokens)
        return build(config, turn.mode, turn.inputs, turn.query, history=history, context=context, files=files)

    async def _file_parts(self, turn: Turn) -> list[FilePart]:
        parts = []
        for file in sendable(turn.files, turn.model.card.features):
            stored = turn.uploads.get(file.upload_id)
            data = await self._uploads.read(stored.key) if stored else None
            parts.append(
                FilePart(
                    kind=file.kind, mime_type=file.mime_type, data=data,  # type: ignore[arg-type]
                    url=None if stored else file.url, detail=file.detail, name=file.name,
                )
            )
        return parts

    # End

    async def _finish(self, run: Run, turn: Turn, status: str, error: AppError | None) -> None:
        """Store the outcome, once, however long the database is away; then tell the readers."""
        usage = turn.usage = turn.usage or turn.done.usage
        turn.first_token = turn.first_token or turn.done.first_token
        if usage is None and turn.prompt is not None and (status != "failed" or run.answer):
            usage = await tokens.estimate(turn.prompt.messages, run.answer)
        final = self._final_message(run, turn, usage or Usage(), error)
        stored = await self._store_end(run, status, final, turn.done)
        if not stored:
            run.lost = True
            status, error = "failed", AppError(Reason.INTERNAL_SERVER_ERROR, INTERNAL)
        outcome = Outcome(status=status, answer=run.answer, metadata=to_metadata(final.metadata), error=error)
        http_status, message = self._shown(error) if error else (0, "")
        run.end(outcome, http_status=http_status, message=clean_text(message))
        log.info(
            "run %s %s: app %s, %d+%d tokens, %.2f s", run.key.task_id, status, run.key.app_id,
            final.prompt_tokens, final.answer_tokens, final.latency,
        )
        if turn.is_first and turn.auto_name and status == "succeeded":
            self._runs.spawn(self._namer(run.key.tenant_id, run.key.conversation_id, turn.query), "auto-name")

    def _final_message(self, run: Run, turn: Turn, usage: Usage, error: AppError | None) -> FinalMessage:
        now = time.monotonic()
        latency = now - turn.started
        prices = None if turn.annotation else turn.model.card.pricing
        shown = pricing.usage_dict(
            usage, prices, latency=latency,
            time_to_first_token=turn.first_token - turn.started if turn.first_token else None,
            time_to_generate=now - turn.first_token if turn.first_token else None,
        )
        cause = None
        found = turn.found.resources if turn.found else turn.done.resources
        cited = found if turn.config.retriever_resource else []
        metadata: dict[str, Any] = {
            "annotation_reply": turn.annotation.reply() if turn.annotation else None, "retriever_resources": cited,
            "usage": shown,
        }  # fmt: skip
        if error is not None:
            cause = clean_text(error.detail if error.reason == Reason.INTERNAL_SERVER_ERROR else str(error))
            http_status, message = self._shown(error)
            metadata["error"] = {"code": error.reason.value, "status": http_status, "message": clean_text(message)}
        return FinalMessage(
            answer=stored_answer(run.answer), metadata=metadata,
            prompt_tokens=usage.prompt_tokens, answer_tokens=usage.completion_tokens,
            price=pricing.total_price(usage, prices), currency=str(shown["currency"]),
            latency=latency, error=cause, costs=[] if turn.annotation else [_cost(turn, usage)],
        )

    async def _store_end(self, run: Run, status: str, final: FinalMessage, done: AgentWork) -> bool:
        delay = 0.1
        while True:
            try:
                return await self._db(self._end, run.key, status, final, run.last + 1, done)
            except Exception as error:
                if not is_away(error) and not (isinstance(error, AppError) and error.retry_after):
                    raise
                log.warning("run %s: its end waits for the database", run.key.task_id)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)

    def _end(self, key: RunKey, status: str, final: FinalMessage, last_sequence: int, done: AgentWork) -> bool:
        with self._uow() if done.thoughts else self._uow.single() as uow:
            changed = RunStore(uow).finish(key, status, final, last_sequence)
            if changed and done.thoughts:
                ThoughtStore(uow).keep(key.tenant_id, key.app_id, key.message_id, done.thoughts)
            uow.commit()
            return changed


def _check_parent(parent: str | None, conversation: Conversation | None) -> None:
    """A message follows one of its own conversation. Raises not_found."""
    known = {turn.id for turn in conversation.turns} if conversation else set()
    if parent and parent != NIL_UUID and parent not in known:
        raise not_found("Parent Message Not Exists.")


def conversation_id(text: str) -> str:
    """The conversation that a caller names, canonical; empty for a new one. Raises invalid_param."""
    wanted = text.strip()
    if wanted and not is_uuid(wanted):
        raise invalid_param(
            "1 validation error for ChatRequestPayload\nconversation_id\n"
            "  Value error, conversation_id must be a valid UUID [type=value_error]"
        )
    return canonical(wanted) if wanted else ""


def _forget_cancellation() -> None:
    """The stop was meant for the model call only; what follows must not be cancelled by it."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def fault_of(outcome: Outcome) -> AppError | None:
    """What a blocking caller is told of a failed run."""
    if outcome.error is None:
        return None
    if isinstance(outcome.error, ModelFault) or outcome.error.reason != Reason.INTERNAL_SERVER_ERROR:
        return outcome.error
    return AppError(Reason.INTERNAL_SERVER_ERROR, detail=outcome.error.detail)


def _cost(turn: Turn, usage: Usage) -> Cost:
    card = turn.model.card
    return Cost(
        card.provider, card.model, usage.prompt_tokens, usage.completion_tokens,
        pricing.total_price(usage, card.pricing), card.pricing.currency if card.pricing else "USD",
        calls=turn.done.calls or 1, is_estimated=usage.estimated,
    )
