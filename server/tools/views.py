"""Tool providers and tools in the shapes that the console shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from server.engine.ports import ToolParameter, ToolSpec
from server.external.model import obfuscated
from server.tools.builtin import catalogue
from server.tools.builtin.part import Provider, Tool
from server.tools.model import ApiProvider, McpProvider, WorkflowTool, masked_url
from server.tools.providers import Everything
from server.tools.registry import api_spec, mcp_spec, workflow_spec

# (name, icon, English, Chinese); the labels that providers carry.
LABELS = (
    ("search", "🔍", "Search", "搜索"), ("image", "🖼️", "Image", "图片"), ("videos", "🎬", "Videos", "视频"),
    ("weather", "🌤️", "Weather", "天气"), ("finance", "💹", "Finance", "金融"), ("design", "🎨", "Design", "设计"),
    ("travel", "✈️", "Travel", "旅行"), ("social", "💬", "Social", "社交"), ("news", "📰", "News", "新闻"),
    ("medical", "🩺", "Medical", "医疗"), ("productivity", "📈", "Productivity", "生产力"),
    ("education", "🎓", "Education", "教育"), ("business", "💼", "Business", "商业"),
    ("entertainment", "🎮", "Entertainment", "娱乐"), ("utilities", "🧰", "Utilities", "工具"),
    ("other", "📦", "Other", "其他"),
)  # fmt: skip
_ICONS = {"time": "🕒", "code": "💻", "json_process": "🧾", "webscraper": "🌐", "chart": "📊"}


def labels() -> list[dict[str, Any]]:
    """Every label."""
    return [{"name": name, "icon": icon, "label": _said(english, chinese)} for name, icon, english, chinese in LABELS]


def providers(found: Everything, kind: str = "", *, whole: bool = False) -> list[dict[str, Any]]:
    """Every provider of a kind, or of all kinds; with its tools when ``whole``."""
    packaged = catalogue.PROVIDERS if kind in ("", "builtin") else ()
    return [
        *(builtin(one, whole=whole) for one in packaged), *(api(one, whole=whole) for one in found.apis),
        *(workflow(one, whole=whole) for one in found.workflows), *(mcp(one, whole=whole) for one in found.mcps),
    ]


def builtin(provider: Provider, *, whole: bool = False) -> dict[str, Any]:
    """A packaged provider."""
    return _provider(
        "builtin", provider.name, provider.name, provider.author,
        description=_said(*provider.description), label=_said(*provider.label), labels=provider.tags,
        icon={"content": _ICONS.get(provider.name, "🔧"), "background": "#E6F4FF"},
        tools=builtin_tools(provider) if whole else [], is_team_authorization=True, allow_delete=False,
    )


def builtin_tools(provider: Provider) -> list[dict[str, Any]]:
    """The tools of a packaged provider."""
    return [_builtin_tool(provider, tool) for tool in provider.tools]


def api(provider: ApiProvider, *, whole: bool = False) -> dict[str, Any]:
    """An API."""
    return _provider(
        "api", provider.id, provider.name, "", description=_said(provider.description), label=_said(provider.name),
        labels=provider.labels, icon=provider.icon, team_credentials=shown_credentials(provider),
        tools=api_tools(provider) if whole else [], is_team_authorization=True, updated_at=_time(provider.updated_at),
    )


def api_tools(provider: ApiProvider) -> list[dict[str, Any]]:
    """The operations of an API."""
    return [_tool(api_spec(provider, one), provider.labels) for one in provider.operations]


def shown_credentials(provider: ApiProvider) -> dict[str, str]:
    """Credentials with the key obfuscated."""
    return {
        name: obfuscated(value) if name == "api_key_value" else value for name, value in provider.credentials.items()
    }


def api_detail(provider: ApiProvider) -> dict[str, Any]:
    """An API with its document."""
    return {
        "schema_type": provider.schema_type, "schema": provider.schema, "tools": api_tools(provider),
        "icon": dict(provider.icon), "description": provider.description, "credentials": shown_credentials(provider),
        "privacy_policy": provider.privacy_policy, "custom_disclaimer": provider.custom_disclaimer,
        "labels": list(provider.labels),
    }


def mcp(provider: McpProvider, *, whole: bool = True) -> dict[str, Any]:
    """An MCP server."""
    return _provider(
        "mcp", provider.id, provider.name, "", description=_said(""), label=_said(provider.name), labels=(),
        icon=provider.icon, tools=mcp_tools(provider) if whole else [], is_team_authorization=provider.authed,
        updated_at=_time(provider.updated_at), server_url=masked_url(provider.server.url),
        server_identifier=provider.identifier,
        masked_headers={name: obfuscated(value) for name, value in provider.server.headers.items()},
        configuration={"timeout": provider.server.timeout, "sse_read_timeout": provider.server.read},
    )


def mcp_tools(provider: McpProvider) -> list[dict[str, Any]]:
    """The tools of an MCP server."""
    return [
        {**_tool(mcp_spec(provider, one), ()), "output_schema": one.get("outputSchema") or {}} for one in provider.tools
    ]


def workflow(tool: WorkflowTool, *, whole: bool = True) -> dict[str, Any]:
    """A workflow as a provider of one tool."""
    return _provider(
        "workflow", tool.id, tool.name, "", description=_said(tool.description), label=_said(tool.label),
        labels=tool.labels, icon=tool.icon, tools=workflow_tools(tool) if whole else [], is_team_authorization=True,
        updated_at=_time(tool.updated_at), workflow_app_id=tool.app_id,
    )


def workflow_tools(tool: WorkflowTool) -> list[dict[str, Any]]:
    """The tool that a workflow is."""
    return [_tool(workflow_spec(tool), tool.labels)]


def workflow_detail(tool: WorkflowTool) -> dict[str, Any]:
    """A workflow tool; ``synced`` when it runs what is published now."""
    return {
        "name": tool.name, "label": tool.label, "workflow_tool_id": tool.id, "workflow_app_id": tool.app_id,
        "icon": dict(tool.icon), "description": tool.description,
        "parameters": [
            {key: one[key] for key in ("name", "type", "description", "required", "form")} for one in tool.parameters
        ],
        "output_schema": {}, "tool": workflow_tools(tool)[0], "synced": tool.workflow_id == tool.latest,
        "privacy_policy": tool.privacy_policy,
    }


def _provider(kind: str, provider_id: str, name: str, author: str, **more: Any) -> dict[str, Any]:
    more["labels"], more["icon"] = list(more["labels"]), dict(more["icon"])
    plugin = f"langgenius/{name}" if kind == "builtin" else None
    return {
        "id": provider_id, "author": author, "name": name, "plugin_id": plugin, "plugin_unique_identifier": None,
        "type": kind, "team_credentials": {}, "is_team_authorization": False, "allow_delete": True, "tools": [],
        **more,
    }


def _builtin_tool(provider: Provider, tool: Tool) -> dict[str, Any]:
    return {
        "author": provider.author, "name": tool.name, "label": _said(*tool.label), "description": _said(tool.said),
        "parameters": [
            _parameter(
                field.parameter, _said(*field.label),
                [{"value": value, "label": _said(english, chinese)} for value, english, chinese in field.options],
            )
            for field in tool.fields
        ],
        "labels": list(provider.tags), "output_schema": {},
    }


def _tool(spec: ToolSpec, tags: Sequence[str]) -> dict[str, Any]:
    return {
        "author": "", "name": spec.name, "label": _said(spec.label), "description": _said(spec.description),
        "parameters": [_parameter(one, _said(one.name)) for one in spec.parameters], "labels": list(tags),
        "output_schema": {},
    }


def _parameter(
    one: ToolParameter, label: Mapping[str, str], options: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    shown = options if options is not None else [{"value": value, "label": _said(value)} for value in one.options]
    return {
        "name": one.name, "label": dict(label), "human_description": _said(one.description), "placeholder": None,
        "type": one.type, "form": one.form, "llm_description": one.description, "required": one.required,
        "default": one.default, "min": None, "max": None, "options": [dict(option) for option in shown],
    }


def _said(english: str, chinese: str = "") -> dict[str, str]:
    return {"en_US": english, "zh_Hans": chinese or english, "pt_BR": english, "ja_JP": english}


def _time(moment: datetime) -> int:
    return int(moment.timestamp())
