"""A chat or completion app as a graph: start, retrieval when it searches, the model, the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from server.app.model import App, NewApp, app_fields
from server.app.service import AppService
from server.chat import model_config
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason
from server.retrieval.settings import dataset_ids
from server.workflow.service import WorkflowService

_MODES = {"chat": "advanced-chat", "completion": "workflow"}
_NAME_LENGTH = 255
_REFERENCE = re.compile(r"\{\{(#?)(\w[\w.\u4e00-\u9fa5]*)(#?)\}\}")
_CHAT_FEATURES = (
    "opening_statement", "suggested_questions", "suggested_questions_after_answer", "speech_to_text",
    "text_to_speech", "file_upload", "sensitive_word_avoidance", "retriever_resource",
)  # fmt: skip
_WORKFLOW_FEATURES = ("text_to_speech", "file_upload", "sensitive_word_avoidance")
_STEP = 300


class Converter:
    """Makes workflow apps of apps that are configured by a form."""

    def __init__(self, uow: UowFactory, apps: AppService, workflows: WorkflowService) -> None:
        self._uow = uow
        self._apps = apps
        self._workflows = workflows

    def convert(
        self, caller: Caller, app_id: str, *, name: str, icon_type: str, icon: str, icon_background: str
    ) -> str:
        """Make the app, with a draft; its id. Raises app_not_found, also for other modes; invalid_param."""
        app = self._apps.get(caller, app_id)
        if app.mode not in _MODES or app.config is None:
            raise AppError(Reason.APP_NOT_FOUND)
        mode = _MODES[app.mode]
        fields = app_fields(
            name or f"{app.name[: _NAME_LENGTH - 11]}(workflow)", app.description, icon_type or app.icon_type or "",
            icon or app.icon or "", icon_background or app.icon_background or "",
        )  # fmt: skip
        section = section_of(app, mode)
        with self._uow() as uow:
            made = self._apps.add(uow, caller, NewApp(fields=fields, mode=mode))
            self._workflows.write_section(uow, caller, made, mode, section)
            uow.commit()
        return made


def section_of(app: App, mode: str) -> dict[str, Any]:
    """The `workflow` section that does what a configured app does."""
    assert app.config is not None
    document = model_config.to_console(app.config.document)
    searched = dataset_ids(document)
    chain = [_start(document), *([_retrieval(document, searched, mode)] if searched else [])]
    chain.append(_llm(document, mode, has_context=bool(searched)))
    chain.append(_answer() if mode == "advanced-chat" else _end())
    names = _CHAT_FEATURES if mode == "advanced-chat" else _WORKFLOW_FEATURES
    features = {key: document[key] for key in names if document.get(key) is not None}
    return {"graph": _graph(chain), "features": features}


def _graph(chain: list[dict[str, Any]]) -> dict[str, Any]:
    ids = [data["type"].replace("-", "_") for data in chain]
    nodes = [
        {"id": node_id, "type": "custom", "position": {"x": 30 + _STEP * at, "y": 240}, "data": data}
        for at, (node_id, data) in enumerate(zip(ids, chain, strict=True))
    ]
    edges = [
        {
            "id": f"{source}-{target}", "source": source, "target": target, "sourceHandle": "source",
            "targetHandle": "target", "type": "custom",
        }
        for source, target in zip(ids, ids[1:], strict=False)
    ]  # fmt: skip
    return {"nodes": nodes, "edges": edges, "viewport": {"x": 0, "y": 0, "zoom": 1}}


def _start(document: Mapping[str, Any]) -> dict[str, Any]:
    form = [(kind, control) for entry in document["user_input_form"] for kind, control in entry.items()]
    variables = [{**control, "type": kind} for kind, control in form if kind != "external_data_tool"]
    return {"type": "start", "title": "START", "variables": variables}


def _retrieval(document: Mapping[str, Any], searched: list[str], mode: str) -> dict[str, Any]:
    config = document.get("dataset_configs") or {}
    reranking = config.get("reranking_model") or {}
    asked = ["sys", "query"] if mode == "advanced-chat" else ["start", document["dataset_query_variable"]]
    is_single = config.get("retrieval_model") == "single"
    return {
        "type": "knowledge-retrieval", "title": "KNOWLEDGE RETRIEVAL", "query_variable_selector": asked,
        "dataset_ids": searched, "retrieval_mode": "single" if is_single else "multiple",
        "single_retrieval_config": {"model": document["model"]} if is_single else None,
        "multiple_retrieval_config": {
            "top_k": config.get("top_k") or 4, "score_threshold": config.get("score_threshold"),
            "reranking_enable": bool(config.get("reranking_enable")), "reranking_mode": config.get("reranking_mode"),
            "reranking_model": {
                "provider": reranking.get("reranking_provider_name"), "model": reranking.get("reranking_model_name"),
            } if reranking else None,
            "weights": config.get("weights"),
        },
    }  # fmt: skip


def _llm(document: Mapping[str, Any], mode: str, *, has_context: bool) -> dict[str, Any]:
    node: dict[str, Any] = {
        "type": "llm", "title": "LLM", "model": document["model"], "prompt_template": _prompt(document, mode),
        "context": {
            "enabled": has_context,
            "variable_selector": ["knowledge_retrieval", "result"] if has_context else None,
        },
        "vision": {"enabled": bool(_image(document).get("enabled"))},
    }  # fmt: skip
    if node["vision"]["enabled"]:
        detail = _image(document).get("detail") or "high"
        node["vision"]["configs"] = {"variable_selector": ["sys", "files"], "detail": detail}
    if mode == "advanced-chat":
        node["memory"] = {"role_prefix": None, "window": {"enabled": False, "size": None}}
    if has_context and document["prompt_type"] == "simple":
        node["prompt_template"] = _with_context(node["prompt_template"])
    return node


def _image(document: Mapping[str, Any]) -> Mapping[str, Any]:
    upload = document.get("file_upload")
    image = upload.get("image") if isinstance(upload, Mapping) else None
    return image if isinstance(image, Mapping) else {}


def _prompt(document: Mapping[str, Any], mode: str) -> Any:
    is_chat = document["model"].get("mode") != "completion"
    if document["prompt_type"] == "advanced":
        lines = document["chat_prompt_config"].get("prompt") or []
        text = (document["completion_prompt_config"].get("prompt") or {}).get("text") or ""
        if is_chat:
            return [{"role": line.get("role") or "user", "text": _rewritten(line.get("text") or "")} for line in lines]
        return {"text": _rewritten(text)}
    text = _rewritten(document["pre_prompt"])
    if not is_chat:
        return {"text": f"{text}\n{{{{#sys.query#}}}}" if mode == "advanced-chat" else text}
    return [{"role": "system" if mode == "advanced-chat" else "user", "text": text}]


def _with_context(template: Any) -> Any:
    """The prompt with what was found before it."""
    if isinstance(template, dict):
        return {"text": f"{{{{#context#}}}}\n{template['text']}"}
    first, *rest = template
    return [{**first, "text": f"{{{{#context#}}}}\n{first['text']}"}, *rest]


def _rewritten(text: str) -> str:
    """References of a form's prompt in the words of graphs."""

    def reference(found: re.Match[str]) -> str:
        opening, name, closing = found.groups()
        if not opening and not closing:
            return f"{{{{#start.{name}#}}}}"
        return "{{#sys.query#}}" if name == "query" else found.group()

    return _REFERENCE.sub(reference, text)


def _answer() -> dict[str, Any]:
    return {"type": "answer", "title": "ANSWER", "answer": "{{#llm.text#}}"}


def _end() -> dict[str, Any]:
    outputs = [{"variable": "result", "value_selector": ["llm", "text"], "value_type": "string"}]
    return {"type": "end", "title": "END", "outputs": outputs}
