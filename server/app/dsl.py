"""App files: the YAML that describes an app (app-dsl.md sections 1, 5, 6 and 7).

``load`` reads one and ``dump`` writes one. The ``workflow`` section is kept as data.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from server.app import yaml_text
from server.chat import model_rules
from server.chat.model_config import EASY_MODES
from server.kit.errors import AppError
from server.llm.names import full_name
from server.llm.port import ModelType

CURRENT_VERSION = "0.6.0"
GRAPH_MODES = ("workflow", "advanced-chat")

EMPTY_URL_CONTENT = "Empty content from url"
TOO_LARGE = "File size exceeds the limit of 10MB"
APP_NOT_FOUND = "App not found"
NOT_OVERWRITABLE = "Only workflow or advanced chat apps can be overwritten"
EXPIRED = "Import information expired or does not exist"

Status = Literal["completed", "completed-with-warnings", "pending"]
IconType = Literal["emoji", "image", "link"]

_OLDEST_VERSION = "0.1.0"
_LONGEST_VERSION = 64
_SPELLINGS = {"agent_chat": "agent-chat", "advanced_chat": "advanced-chat"}


class DslError(Exception):
    """An import that failed: the answer is status ``failed`` with this text, which may be empty.

    ``version`` is the file's version as far as it is known.
    """

    def __init__(self, message: str, version: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.version = version


@dataclass(frozen=True, slots=True)
class AppFile:
    """An app as its file describes it. ``status`` compares the file's version with ours."""

    name: str
    mode: str
    description: str = ""
    icon_type: IconType = "emoji"
    icon: str = ""
    icon_background: str = ""
    use_icon_as_answer_icon: bool = False
    model_config: Mapping[str, Any] | None = None
    workflow: Mapping[str, Any] | None = None
    dependencies: tuple[Mapping[str, Any], ...] = ()
    version: str = CURRENT_VERSION
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that an app file names; ``provider`` is the full name."""

    provider: str
    name: str
    model_type: ModelType = "llm"


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place in a document that names a model."""

    holder: dict[str, Any]
    provider_key: str = "provider"
    name_key: str = "name"
    model_type: ModelType = field(default="llm")

    def model(self) -> NamedModel | None:
        provider, name = self.holder.get(self.provider_key), self.holder.get(self.name_key)
        if isinstance(provider, str) and isinstance(name, str) and provider and name:
            return NamedModel(full_name(provider), name, self.model_type)
        return None


def check_source(mode: str, yaml_content: str | None, yaml_url: str | None) -> None:
    """Check which source an import names. Raises DslError."""
    if mode == "yaml-url":
        if not yaml_url:
            raise DslError("yaml_url is required when import_mode is yaml-url")
    elif mode == "yaml-content":
        if not yaml_content:
            raise DslError("yaml_content is required when import_mode is yaml-content")
    else:
        raise DslError(f"Invalid import_mode: {mode}")


def raw_address(url: str) -> str:
    """The address of a file's content, where ``url`` may be a code host's page about the file."""
    parts = urlsplit(url)
    if parts.netloc == "github.com" and "/blob/" in parts.path:
        path = parts.path.replace("/blob/", "/", 1)
        return parts._replace(netloc="raw.githubusercontent.com", path=path).geturl()
    return url


def load(text: str, *, confirmed: bool = False) -> AppFile:
    """Read an app file. Raises DslError with the documented text.

    A file of another major or a newer version is ``pending``: its sections are checked only when
    the import is ``confirmed``, which then reads it as far as it goes.
    """
    document = _mapping(text)
    version = document.get("version") or _OLDEST_VERSION
    if not isinstance(version, str):
        raise DslError(f"Invalid version type, expected str, got {type(version)}")
    status = compare(version)
    if status is None:
        raise DslError("", version)
    app = document.get("app")
    if not isinstance(app, dict) or not app:
        raise DslError("Missing app data in YAML content", version)
    file = _head(app, document, version, status)
    return file if status == "pending" and not confirmed else _with_sections(file, document)


def compare(version: str, current: str = CURRENT_VERSION) -> Status | None:
    """What importing a file of this version into ours means; None when it is no version."""
    if len(version) > _LONGEST_VERSION:
        return None
    try:
        theirs, ours = Version(version), Version(current)
    except InvalidVersion:
        return None
    if theirs > ours or theirs.major < ours.major:
        return "pending"
    return "completed-with-warnings" if theirs.minor < ours.minor else "completed"


def overridden(file: AppFile, **fields: str | None) -> AppFile:
    """The file with what the import's request says instead: name, description, icon fields."""
    given: dict[str, Any] = {key: value for key, value in fields.items() if value}
    return replace(file, **given)


def dump(file: AppFile) -> str:
    """Write an app as YAML of the current version (app-dsl.md section 7).

    Credential ids of agent tools are always left out. Secrets of a ``workflow`` section are the
    caller's to remove.
    """
    document: dict[str, Any] = {
        "version": CURRENT_VERSION,
        "kind": "app",
        "app": {
            "name": file.name,
            "mode": file.mode,
            "icon": file.icon,
            "icon_type": file.icon_type,
            "icon_background": file.icon_background,
            "description": file.description,
            "use_icon_as_answer_icon": file.use_icon_as_answer_icon,
        },
        "dependencies": list(file.dependencies),
    }
    if file.mode in GRAPH_MODES:
        document["workflow"] = file.workflow
    else:
        document["model_config"] = _without_credentials(file.model_config or {})
    return yaml_text.write(document)


def models_named(
    model_config: Mapping[str, Any] | None = None, workflow: Mapping[str, Any] | None = None
) -> tuple[NamedModel, ...]:
    """The models that an app's configuration or graph names, each once, in order."""
    models = (slot.model() for slot in _slots(model_config, workflow))
    return tuple(dict.fromkeys(model for model in models if model))


def with_default_models(
    file: AppFile, known: Collection[NamedModel], defaults: Mapping[ModelType, NamedModel]
) -> AppFile:
    """The file with the workspace's default model wherever it names one that is not ``known``.

    A type without a default keeps what the file names.
    """
    changed = replace(file, model_config=copy.deepcopy(file.model_config), workflow=copy.deepcopy(file.workflow))
    for slot in _slots(changed.model_config, changed.workflow):
        model, default = slot.model(), defaults.get(slot.model_type)
        if model and default and model not in known:
            slot.holder[slot.provider_key], slot.holder[slot.name_key] = default.provider, default.name
    return changed


# --- reading -------------------------------------------------------------------------


def _mapping(text: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "surrogatepass")) > yaml_text.MAX_BYTES:
        raise DslError(TOO_LARGE)
    try:
        document = yaml_text.read(text)
    except ValueError as error:
        raise DslError(f"Invalid YAML format: {error}") from error
    if not isinstance(document, dict):
        raise DslError("Invalid YAML format: content must be a mapping")
    return document


def _head(app: Mapping[str, Any], document: Mapping[str, Any], version: str, status: Status) -> AppFile:
    mode = _text(app.get("mode"))
    icon_type = app.get("icon_type")
    dependencies = document.get("dependencies")
    return AppFile(
        name=_text(app.get("name")),
        mode=_SPELLINGS.get(mode, mode),
        description=_text(app.get("description")),
        icon_type=icon_type if icon_type in ("image", "link") else "emoji",
        icon=_text(app.get("icon")),
        icon_background=_text(app.get("icon_background")),
        use_icon_as_answer_icon=app.get("use_icon_as_answer_icon") is True,
        dependencies=tuple(item for item in dependencies if isinstance(item, dict))
        if isinstance(dependencies, list)
        else (),
        version=version,
        status=status,
    )


def _with_sections(file: AppFile, document: Mapping[str, Any]) -> AppFile:
    if not file.mode:
        raise DslError("loss app mode", file.version)
    if file.mode in GRAPH_MODES:
        return replace(file, workflow=_workflow(document.get("workflow"), file.version))
    if file.mode in EASY_MODES:
        return replace(file, model_config=_model_config(document.get("model_config"), file.version))
    raise DslError(f"Invalid app mode: {file.mode[:_LONGEST_VERSION]}", file.version)


def _workflow(section: object, version: str) -> Mapping[str, Any]:
    if not isinstance(section, dict) or not section:
        raise DslError("Missing workflow data for workflow/advanced chat app", version)
    _expand_providers(None, section)
    return section


def _model_config(section: object, version: str) -> Mapping[str, Any]:
    if not isinstance(section, dict) or not section:
        raise DslError("Missing model_config for chat/agent-chat/completion app", version)
    try:
        config = model_rules.normalise(section)
    except AppError as error:
        raise DslError(error.message or "", version) from error
    _expand_providers(config, None)
    return config


def _expand_providers(model_config: Mapping[str, Any] | None, workflow: Mapping[str, Any] | None) -> None:
    for slot in _slots(model_config, workflow):
        if model := slot.model():
            slot.holder[slot.provider_key] = model.provider


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


# --- models --------------------------------------------------------------------------


def _slots(model_config: Mapping[str, Any] | None, workflow: Mapping[str, Any] | None) -> Iterator[_Slot]:
    if model_config is not None:
        suggested = _part(model_config, "suggested_questions_after_answer")
        for holder in (_part(model_config, "model"), _part(suggested, "model")):
            yield _Slot(holder)
        yield from _retrieval_slots(_part(model_config, "dataset_configs"))
    for node in _nodes(workflow):
        yield _Slot(_part(node, "model"))
        yield _Slot(_part(_part(node, "single_retrieval_config"), "model"))
        yield _Slot(_part(_part(_part(node, "agent_parameters"), "model"), "value"), name_key="model")
        yield _Slot(_part(node, "metadata_model_config"))
        yield from _retrieval_slots(_part(node, "multiple_retrieval_config"))


def _retrieval_slots(settings: Mapping[str, Any]) -> Iterator[_Slot]:
    """Models of dataset settings; graphs and configurations spell the reranking model differently."""
    reranking = _part(settings, "reranking_model")
    yield _Slot(_part(settings, "metadata_model_config"))
    yield _Slot(reranking, "reranking_provider_name", "reranking_model_name", "rerank")
    yield _Slot(reranking, "provider", "model", "rerank")
    vectors = _part(_part(settings, "weights"), "vector_setting")
    yield _Slot(vectors, "embedding_provider_name", "embedding_model_name", "text-embedding")


def _nodes(workflow: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    nodes = _part(workflow or {}, "graph").get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict):
            yield _part(node, "data")


def _part(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    part = document.get(key)
    return part if isinstance(part, dict) else {}


# --- writing -------------------------------------------------------------------------


def _without_credentials(model_config: Mapping[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(dict(model_config))
    tools = _part(document, "agent_mode").get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            tool.pop("credential_id", None)
    return document
