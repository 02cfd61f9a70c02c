"""The configuration of a chat, agent or completion app: the stored document and its typed form.

app-dsl.md section 5. The document is what the console and app files carry; store it as JSON
text, since the order of nested keys is shown to clients. ``parse`` is lenient, for stored data
of any age; ``server.chat.model_rules`` is strict, for what is being saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from server.chat.external_data import DataTool, data_tools
from server.chat.files import FileRule, rule_of
from server.chat.inputs import InputField, compile_form
from server.llm.names import full_name
from server.moderation.model import Rule, moderation_of
from server.retrieval.settings import AppSearch, app_search

Role = Literal["system", "user", "assistant"]
ModelMode = Literal["chat", "completion"]

EASY_MODES = ("chat", "agent-chat", "completion")
AGENT_STRATEGIES = ("function_call", "react")
MAX_STOPS = 4
_DEFAULT_ITERATIONS = 10


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The chosen model. ``parameters`` are the completion_params without ``stop``."""

    provider: str
    name: str
    mode: ModelMode = "chat"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stop: tuple[str, ...] = ()

    @property
    def max_tokens(self) -> int:
        """The configured highest number of answer tokens, 0 when not set."""
        value = self.parameters.get("max_tokens")
        return int(value) if isinstance(value, (int, float)) and 0 < value < 2**31 else 0


@dataclass(frozen=True, slots=True)
class PromptLine:
    """One message of an advanced chat prompt."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class CompletionPrompt:
    """An advanced prompt for a completion model; the prefixes name the speakers of the history."""

    text: str = ""
    user_prefix: str = "Human"
    assistant_prefix: str = "Assistant"


@dataclass(frozen=True, slots=True)
class AgentMode:
    """Agent settings (feature-semantics.md section 8)."""

    enabled: bool = False
    strategy: str | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    max_iteration: int = _DEFAULT_ITERATIONS
    prompt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SuggestedAfterAnswer:
    """Suggested questions after an answer; its own model and instruction are optional."""

    enabled: bool = False
    model: ModelChoice | None = None
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class TextToSpeech:
    """Reading answers aloud."""

    enabled: bool = False
    voice: str = ""
    language: str = ""
    auto_play: bool = False

    @property
    def played_by(self) -> str | None:
        """The voice that reads every answer at once; None when none does."""
        return self.voice if self.enabled and self.auto_play else None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One version of an app's configuration, ready to run."""

    model: ModelChoice
    pre_prompt: str = ""
    prompt_type: Literal["simple", "advanced"] = "simple"
    chat_prompt: tuple[PromptLine, ...] = ()
    completion_prompt: CompletionPrompt = CompletionPrompt()
    form: tuple[InputField, ...] = ()
    dataset_query_variable: str = ""
    # The datasets it searches; None without any.
    knowledge: AppSearch | None = None
    agent_mode: AgentMode = AgentMode()
    opening_statement: str = ""
    suggested_questions: tuple[str, ...] = ()
    suggested_questions_after_answer: SuggestedAfterAnswer = SuggestedAfterAnswer()
    speech_to_text: bool = False
    text_to_speech: TextToSpeech = TextToSpeech()
    retriever_resource: bool = True
    annotation_reply: Mapping[str, Any] = field(default_factory=dict)
    more_like_this: bool = False
    # How it moderates; None: it does not.
    moderation: Rule | None = None
    data_tools: tuple[DataTool, ...] = ()
    file_upload: FileRule | None = None

    def at(self, temperature: float) -> ModelConfig:
        """The same with another temperature of the model."""
        parameters = {**self.model.parameters, "temperature": temperature}
        return replace(self, model=replace(self.model, parameters=parameters))


def parse(document: Mapping[str, Any]) -> ModelConfig:
    """Read a stored document. Never raises: what is missing or of a wrong type gets its default."""
    return ModelConfig(
        model=parse_model(document.get("model")),
        pre_prompt=_text(document.get("pre_prompt")),
        prompt_type="advanced" if document.get("prompt_type") == "advanced" else "simple",
        chat_prompt=_chat_prompt(_map(document.get("chat_prompt_config"))),
        completion_prompt=_completion_prompt(_map(document.get("completion_prompt_config"))),
        form=compile_form(document.get("user_input_form")),
        dataset_query_variable=_text(document.get("dataset_query_variable")),
        knowledge=app_search(document),
        agent_mode=_agent_mode(_map(document.get("agent_mode"))),
        opening_statement=_text(document.get("opening_statement")),
        suggested_questions=_texts(document.get("suggested_questions")),
        suggested_questions_after_answer=_suggested(_map(document.get("suggested_questions_after_answer"))),
        speech_to_text=is_enabled(document.get("speech_to_text")),
        text_to_speech=text_to_speech(document.get("text_to_speech")),
        # A stored null reads as on (app-dsl.md section 4).
        retriever_resource=document.get("retriever_resource") is None or is_enabled(document["retriever_resource"]),
        annotation_reply=_map(document.get("annotation_reply")),
        more_like_this=is_enabled(document.get("more_like_this")),
        moderation=moderation_of(document.get("sensitive_word_avoidance")),
        data_tools=data_tools(document),
        file_upload=rule_of(document.get("file_upload")),
    )


def parse_model(value: object) -> ModelChoice:
    """Read a ``model`` object; provider names may be short."""
    model = _map(value)
    parameters = dict(_map(model.get("completion_params")))
    stop = parameters.pop("stop", None)
    provider = _text(model.get("provider"))
    return ModelChoice(
        provider=full_name(provider) if provider else "",
        name=_text(model.get("name")),
        mode="completion" if model.get("mode") == "completion" else "chat",
        parameters=parameters,
        stop=tuple(text for text in _texts(stop) if text)[:MAX_STOPS],
    )


def default_document(mode: str, model: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a newly made app.

    ``model`` is ``{provider, name, mode, completion_params}`` of the workspace's default model.
    A completion app starts with one paragraph, its query.
    """
    document = to_console({"model": {"completion_params": {}, "mode": "chat", **model}})
    document["opening_statement"] = ""
    if mode == "completion":
        query = {"label": "Query", "variable": "query", "required": True, "default": ""}
        document |= {"user_input_form": [{"paragraph": query}], "pre_prompt": "{{query}}"}
    return document


def to_console(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as the console shows it: every key, in order, with defaults for null ones.

    The caller adds created_by, created_at, updated_by and updated_at behind it.
    """
    shown = {key: document.get(key) for key in _CONSOLE_KEYS}
    return {key: _default(key) if value is None else value for key, value in shown.items()}


def effective_mode(mode: str, config: ModelConfig) -> str:
    """The mode an app has once this configuration is saved: a chat app with tools is an agent."""
    agent = config.agent_mode
    return "agent-chat" if mode == "chat" and agent.enabled and agent.strategy in AGENT_STRATEGIES else mode


def is_enabled(feature: object) -> bool:
    """Whether a feature object is switched on."""
    return isinstance(feature, Mapping) and feature.get("enabled") is True


def _default(key: str) -> Any:
    """A fresh default, since documents are changed in place by their owners."""
    make = _DEFAULTS.get(key)
    return make() if make else None


def _off() -> dict[str, Any]:
    return {"enabled": False}


_CONSOLE_KEYS = (
    "opening_statement",
    "suggested_questions",
    "suggested_questions_after_answer",
    "speech_to_text",
    "text_to_speech",
    "retriever_resource",
    "annotation_reply",
    "more_like_this",
    "sensitive_word_avoidance",
    "external_data_tools",
    "model",
    "user_input_form",
    "dataset_query_variable",
    "pre_prompt",
    "agent_mode",
    "prompt_type",
    "chat_prompt_config",
    "completion_prompt_config",
    "dataset_configs",
    "file_upload",
)

_DEFAULTS: Mapping[str, Any] = {
    "suggested_questions": list,
    "suggested_questions_after_answer": _off,
    "speech_to_text": _off,
    "text_to_speech": _off,
    "retriever_resource": lambda: {"enabled": True},
    "annotation_reply": _off,
    "more_like_this": _off,
    "sensitive_word_avoidance": lambda: {"enabled": False, "type": "", "configs": []},
    "external_data_tools": list,
    "user_input_form": list,
    "dataset_query_variable": str,
    "pre_prompt": str,
    "agent_mode": lambda: {"enabled": False, "strategy": None, "tools": [], "prompt": None},
    "prompt_type": lambda: "simple",
    "chat_prompt_config": dict,
    "completion_prompt_config": dict,
    "dataset_configs": lambda: {"retrieval_model": "multiple"},
    "file_upload": lambda: {
        "image": {
            "enabled": False,
            "number_limits": 3,
            "detail": "high",
            "transfer_methods": ["remote_url", "local_file"],
        }
    },
}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> tuple[Mapping[str, Any], ...]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(item for item in items if isinstance(item, Mapping))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(item for item in items if isinstance(item, str))


def _chat_prompt(config: Mapping[str, Any]) -> tuple[PromptLine, ...]:
    return tuple(PromptLine(_role(line), _text(line.get("text"))) for line in _maps(config.get("prompt")))


def _role(line: Mapping[str, Any]) -> Role:
    role = line.get("role")
    return "user" if role == "user" else "assistant" if role == "assistant" else "system"


def _completion_prompt(config: Mapping[str, Any]) -> CompletionPrompt:
    roles = _map(config.get("conversation_histories_role"))
    return CompletionPrompt(
        text=_text(_map(config.get("prompt")).get("text")),
        user_prefix=_text(roles.get("user_prefix")) or "Human",
        assistant_prefix=_text(roles.get("assistant_prefix")) or "Assistant",
    )


def _agent_mode(agent: Mapping[str, Any]) -> AgentMode:
    iterations = agent.get("max_iteration")
    strategy = agent.get("strategy")
    return AgentMode(
        enabled=is_enabled(agent),
        strategy="react" if strategy == "cot" else _text(strategy) or None,
        tools=_maps(agent.get("tools")),
        max_iteration=iterations if isinstance(iterations, int) and iterations > 0 else _DEFAULT_ITERATIONS,
        prompt=_map(agent.get("prompt")) or None,
    )


def _suggested(feature: Mapping[str, Any]) -> SuggestedAfterAnswer:
    model = parse_model(feature.get("model"))
    return SuggestedAfterAnswer(is_enabled(feature), model if model.name else None, _text(feature.get("prompt")))


def text_to_speech(value: object) -> TextToSpeech:
    """Read a ``text_to_speech`` object."""
    feature = _map(value)
    return TextToSpeech(
        enabled=is_enabled(feature),
        voice=_text(feature.get("voice")),
        language=_text(feature.get("language")),
        auto_play=feature.get("autoPlay") == "enabled",
    )

