"""One run before it begins: what runs, for whom, with which variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.chat.files import FileRule
from server.chat.inputs import InputField
from server.engine.graph import Graph
from server.engine.node import FormAnswer, RunInfo
from server.engine.pool import Variables
from server.engine.values import Selector
from server.kit.ids import NIL_UUID
from server.moderation.model import Rule
from server.workflow_run.plain import dump

DRAFT = "draft"
# What an app is called by the mode of its runs' records.
CHAT, WORKFLOW = "chat", "workflow"


@dataclass(frozen=True, slots=True)
class ConversationVariable:
    """A variable that every conversation of a chatflow has its own value of."""

    id: str
    name: str
    value_type: str
    value: Any
    description: str


@dataclass(frozen=True, slots=True)
class Features:
    """What a chatflow does besides its graph (app-dsl.md section 2)."""

    opening_statement: str = ""
    retriever_resource: bool = False
    file_upload: FileRule | None = None
    # How it moderates; None: it does not.
    moderation: Rule | None = None
    # The voice that reads every answer at once; None when none does.
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a workflow that can run; ``number`` is its time of publishing, or draft."""

    id: str
    number: str
    graph: Graph
    form: tuple[InputField, ...]
    features: Features
    environment: Mapping[str, Any]
    conversation_variables: Sequence[ConversationVariable]
    # JSON text of the graph, of drafts only: runs keep a copy of what ran.
    document: str | None = None

    @property
    def is_draft(self) -> bool:
        """Whether its author may still change it."""
        return self.number == DRAFT


@dataclass(frozen=True, slots=True)
class Author:
    """Who a run belongs to; ``name`` is an end user's session id."""

    id: str
    role: str
    name: str = ""
    email: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """As events name whoever created a run."""
        if self.role == "account":
            return {"id": self.id, "name": self.name, "email": self.email}
        return {"id": self.id, "user": self.name}


@dataclass(slots=True)
class Turn:
    """What a chatflow's run has besides: one question in a conversation."""

    query: str
    conversation_id: str
    message_id: str = ""
    dialogue_count: int = 1
    is_first: bool = True
    auto_name: bool = False
    files: Sequence[Any] = ()
    introduction: str | None = None
    # The message that this one follows (server/chat/memory.py); None: it begins a branch.
    parent_id: str | None = NIL_UUID


@dataclass(slots=True)
class Plan:
    """One run. A paused one goes on with ``state`` and ``answers``."""

    tenant_id: str
    app_id: str
    mode: str
    version: Version
    author: Author
    run_id: str
    # Declared inputs, checked; files are values of the engine.
    inputs: Mapping[str, Any]
    files: Sequence[Any] = ()
    turn: Turn | None = None
    conversation: Mapping[str, Any] = field(default_factory=dict)
    invoke_from: str = "service-api"
    # The key that it came with.
    api_key_id: str = ""
    triggered_from: str = "app-run"
    depth: int = 0
    # Where it begins; empty: at the graph's start.
    root: str = ""
    # The only node that runs, with the variables of others that it is given.
    only: str = ""
    given: Mapping[Selector, Any] = field(default_factory=dict)
    # Unix seconds at which it began, and how long it worked before it was paused.
    created_at: float = 0.0
    worked: float = 0.0
    state: Mapping[str, Any] | None = None
    answers: Sequence[FormAnswer] = ()
    # The inputs as they are told and stored, once that was asked for.
    told_inputs: str = ""
    # What knowledge nodes found before a pause.
    cited: Sequence[Mapping[str, Any]] = ()
    # Forms that wait already, by their node: form_id, form_token, expiration_time.
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type of the run's record."""
        return CHAT if self.turn else WORKFLOW

    @property
    def system(self) -> dict[str, Any]:
        """The ``sys`` variables (workflow-engine.md 1.1)."""
        found: dict[str, Any] = {
            "files": list(self.files), "user_id": self.author.name or self.author.id, "app_id": self.app_id,
            "workflow_id": self.version.id, "workflow_run_id": self.run_id,
        }
        if self.turn:
            found |= {
                "query": self.turn.query, "conversation_id": self.turn.conversation_id,
                "dialogue_count": self.turn.dialogue_count,
            }
        else:
            found["timestamp"] = int(self.created_at)
        return found

    @property
    def shown_inputs(self) -> str:
        """The inputs of the run as it tells and keeps them, as JSON text."""
        if not self.told_inputs:
            system = {f"sys.{name}": value for name, value in self.system.items() if name != "conversation_id"}
            self.told_inputs = dump({**self.inputs, **system})
        return self.told_inputs

    @property
    def info(self) -> RunInfo:
        """Whose run it is, for the engine."""
        return RunInfo(
            tenant_id=self.tenant_id, app_id=self.app_id, workflow_id=self.version.id, run_id=self.run_id,
            user_id=self.author.id, user_role=self.author.role, invoke_from=self.invoke_from, mode=self.mode,
            conversation_id=self.turn.conversation_id if self.turn else "",
            message_id=self.turn.message_id if self.turn else "", depth=self.depth,
        )

    @property
    def variables(self) -> Variables:
        """What the run starts with."""
        known = self.version.conversation_variables
        return Variables(
            inputs=self.inputs, system=self.system, environment=self.version.environment,
            conversation={one.name: self.conversation.get(one.name, one.value) for one in known},
            conversation_types={one.name: one.value_type for one in known},
        )
