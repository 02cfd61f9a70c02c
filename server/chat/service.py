"""Turns of chat and completion apps: check a question, store it, start its run.

What fails before the message is stored is an error of the call; what fails later is the run's
outcome (server.chat.answer). No database connection is held while the model speaks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from server.chat import memory, naming
from server.chat.answer import Answers
from server.chat.files import FileEntry, FileRule, RemoteFile, needed_upload_ids, needed_urls, parse_files, resolve
from server.chat.inputs import validate_inputs
from server.chat.model_config import ModelConfig, parse
from server.chat.ports import Parts
from server.chat.replay import MAX_TURNS
from server.chat.store import ChatStore, Conversation, NewTurn
from server.chat.template import introduction
from server.chat.thought_store import ThoughtStore, step_of
from server.chat.turn import Question, Turn, conversation_id
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import AppContext, Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import NIL_UUID
from server.runs.registry import Runs, limit_of, too_many
from server.runs.run import Run, RunKey
from server.runs.store import RunStore
from server.settings import Settings

_CONFIGS = 1000
# An agent without its tools would be another app: agents are refused until they have them.
ANSWERED_MODES = ("chat", "agent-chat", "completion")


class ChatService:
    """Starts runs of easy apps."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, parts: Parts, answers: Answers, settings: Settings
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._parts = parts
        self._answers = answers
        self._settings = settings
        self._configs: OrderedDict[str, ModelConfig] = OrderedDict()

    async def start(self, caller: Caller, question: Question, posted: Mapping[str, Any] | None = None) -> Run:
        """Check a question, store it, and start its run. When this returns, the message cannot be lost (G1).

        ``posted`` is a valid configuration that a member tries out instead of the app's.
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
        config = self._config_of(app, conversation) if posted is None else _usable(parse(posted))
        if question.temperature is not None:
            config = config.at(question.temperature)
        inputs = validate_inputs(config.form, question.inputs)
        entries = parse_files(question.files, config.file_upload)
        model = await self._parts.models.chat_model(app.tenant_id, config.model.provider, config.model.name)
        turn = Turn(
            config=config, model=model, mode=app.mode, inputs=inputs, query=query,
            history=memory.thread(conversation.turns, question.parent_message_id)
            if conversation and app.mode != "completion"
            else (),
            remotes=await self._look(entries, config.file_upload), files=(), uploads={}, is_first=conversation is None,
            auto_name=question.auto_generate_name and app.mode != "completion",
            session_id=caller.end_user.session_id if caller.end_user else caller.asker,
            parent_message_id=question.parent_message_id, via=caller.via,
        )
        run = await self._runs.start(
            lambda: self._store(caller, turn, entries, conversation, posted),
            lambda run: self._answers.answer(run, turn),
        )
        run.voice = config.text_to_speech.played_by
        return run

    async def _look(self, entries: Sequence[FileEntry], rule: FileRule | None) -> Mapping[str, RemoteFile]:
        """Ask the addresses of remote files, unless the app takes none."""
        urls = needed_urls(entries)
        remotes = self._parts.remotes
        if not urls or remotes is None or (rule and rule.methods and "remote_url" not in rule.methods):
            return {}
        return await remotes.look(urls)

    def _load(self, caller: Caller, conversation_id: str) -> Conversation:
        with self._uow() as uow:
            found = ChatStore(uow).conversation(caller.the_app.app_id, caller.asker, conversation_id)
        if found is None:
            raise not_found("Conversation Not Exists.")
        if found.status != "normal":
            raise AppError(Reason.CONVERSATION_COMPLETED)
        if caller.the_app.mode == "agent-chat":
            return replace(found, turns=self._thought(caller, found.turns))
        return found

    def _thought(self, caller: Caller, turns: Sequence[memory.Turn]) -> tuple[memory.Turn, ...]:
        """Turns with what an agent did in the latest of them."""
        steps: dict[str, list[memory.Step]] = {}
        with self._uow.single() as uow:
            rows = ThoughtStore(uow).of(caller.the_app.app_id, [turn.id for turn in turns[:MAX_TURNS]])
            for row in rows:
                steps.setdefault(row.message_id, []).append(step_of(row))
        return tuple(replace(turn, steps=tuple(steps.get(turn.id, ()))) for turn in turns)

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
        return _usable(config)

    async def _store(
        self, caller: Caller, turn: Turn, entries: Sequence[FileEntry], conversation: Conversation | None,
        posted: Mapping[str, Any] | None,
    ) -> RunKey:
        limit = limit_of(caller.the_app.max_active_requests, self._settings)
        new = _new_turn(caller, turn, conversation)
        key = new.new_key()
        # Most turns are stored by one statement.
        if limit or entries or posted is not None:
            tried = None if conversation and conversation.document == posted else posted
            created = await self._db(self._store_with, new, key, turn, entries, limit, tried)
        else:
            ((created,),) = await self._db.send(ChatStore.adding(new, key, self._runs.owner))
        return replace(key, created_at=int(created.timestamp()))

    def _store_with(
        self, new: NewTurn, key: RunKey, turn: Turn, entries: Sequence[FileEntry], limit: int,
        tried: Mapping[str, Any] | None,
    ) -> datetime:
        """Store a turn with its files, and the configuration that a member tries out."""
        asker = new.end_user_id or new.account_id or ""
        with self._uow() as uow:
            store = ChatStore(uow)
            turn.uploads = store.uploads(new.tenant_id, asker, needed_upload_ids(entries))
            turn.files = resolve(
                entries, {id_: stored.upload for id_, stored in turn.uploads.items()}, turn.config.file_upload,
                remotes=turn.remotes,
            )
            if limit and RunStore(uow).count_running(new.app_id) >= limit:
                raise too_many(new.app_id, limit)
            new = replace(new, files=turn.files)
            if tried is not None:
                assert new.account_id is not None, "only members try configurations out"
                config_id = store.keep_config(
                    new.tenant_id, new.app_id, new.account_id, tried, new.conversation_id
                )
                new = replace(new, app_config_id=config_id)
            created = store.add(new, key, self._runs.owner)
            uow.commit()
            return created


def _new_turn(caller: Caller, turn: Turn, conversation: Conversation | None) -> NewTurn:
    """What is stored of a turn without files."""
    app, model = caller.the_app, turn.config.model
    return NewTurn(
        tenant_id=app.tenant_id, app_id=app.app_id, mode=app.mode,
        end_user_id=caller.end_user.id if caller.end_user else None,
        account_id=None if caller.end_user else caller.the_account,
        app_config_id=conversation.app_config_id if conversation else app.app_config_id,
        provider=model.provider, model=model.name, conversation_id=conversation.id if conversation else None,
        name=naming.initial_name(turn.query),
        introduction=introduction(turn.config.opening_statement, turn.inputs) or None,
        inputs=turn.inputs, query=turn.query, parent_message_id=turn.parent_message_id, via=caller.via,
        api_key_id=app.key_id,
    )  # fmt: skip


def _usable(config: ModelConfig) -> ModelConfig:
    """A configuration that names a model. Raises app_unavailable."""
    if not config.model.name:
        raise AppError(Reason.APP_UNAVAILABLE)
    return config


def _check_parent(parent: str | None, conversation: Conversation | None) -> None:
    """A message follows one of its own conversation. Raises not_found."""
    known = {turn.id for turn in conversation.turns} if conversation else set()
    if parent and parent != NIL_UUID and parent not in known:
        raise not_found("Parent Message Not Exists.")
