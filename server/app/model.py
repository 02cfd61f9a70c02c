"""Apps, their sites and keys as plain data, and what their fields must satisfy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.kit.errors import invalid_param
from server.kit.plain import clean_text

MODES = ("chat", "agent-chat", "completion", "advanced-chat", "workflow")
LIST_MODES = ("all", "chat", "agent-chat", "completion", "advanced-chat", "workflow", "channel")
ICON_TYPES = ("emoji", "image", "link")

TOKEN_STRATEGIES = ("must", "allow", "not_allow")

_LONGEST_TEXT = 255
_LONGEST_DISCLAIMER = 512
_LONGEST_SITE_TEXT = {"description": 10_000}
_NULLABLE = {
    "icon_type", "icon", "icon_background", "description", "chat_color_theme", "customize_domain", "copyright",
    "privacy_policy",
}  # fmt: skip
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_LONGEST_DESCRIPTION = 400
_MOST_ACTIVE_REQUESTS = 2**31 - 1
_SPELLINGS = {"agent_chat": "agent-chat", "advanced_chat": "advanced-chat"}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of an app."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Site:
    """The web page of an app (console-api.md section 6)."""

    code: str
    title: str
    icon_type: str | None
    icon: str | None
    icon_background: str | None
    description: str | None
    default_language: str
    chat_color_theme: str | None
    chat_color_theme_inverted: bool
    customize_domain: str | None
    copyright: str | None
    privacy_policy: str | None
    custom_disclaimer: str
    customize_token_strategy: str
    prompt_public: bool
    show_workflow_steps: bool
    use_icon_as_answer_icon: bool
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Config:
    """One stored version of a configuration; in lists only the keys that lists show."""

    document: Mapping[str, Any]
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AppWorkflow:
    """The published workflow of an app."""

    id: str
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class App:
    """An app. ``config`` is None for workflow modes; ``site`` is None in lists."""

    id: str
    name: str
    description: str
    mode: str
    icon_type: str | None
    icon: str | None
    icon_background: str | None
    enable_site: bool
    enable_api: bool
    max_active_requests: int | None
    use_icon_as_answer_icon: bool
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime
    author_name: str | None
    tags: tuple[Tag, ...]
    config: Config | None
    # The uploaded file that is the icon, if it is one and this workspace's.
    icon_file: str | None
    has_trigger: bool
    workflow: AppWorkflow | None = None
    site: Site | None = None
    dependencies: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class AppFields:
    """What people write about an app; made by `app_fields`, so its values are valid."""

    name: str
    description: str = ""
    icon_type: str | None = None
    icon: str | None = None
    icon_background: str | None = None


@dataclass(frozen=True, slots=True)
class AppChange:
    """A change of an app's own fields; all of them are replaced."""

    fields: AppFields
    use_icon_as_answer_icon: bool
    max_active_requests: int | None


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app to be made. ``document`` for model-config modes."""

    fields: AppFields
    mode: str
    document: Mapping[str, Any] | None = None
    dependencies: tuple[Mapping[str, Any], ...] = ()
    use_icon_as_answer_icon: bool = False


@dataclass(frozen=True, slots=True)
class AppFilter:
    """What a list of apps shows; made by `app_filter`."""

    page: int
    limit: int
    mode: str
    name: str
    tag_ids: tuple[str, ...]
    created_by: str | None


@dataclass(frozen=True, slots=True)
class AppPage:
    """One page of apps."""

    page: int
    limit: int
    total: int
    apps: tuple[App, ...]

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.page * self.limit < self.total


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in clear."""

    id: str
    type: str
    token: str
    last_used_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OwnedKey:
    """A key and the app that it opens; None for keys of the workspace's datasets."""

    key: ApiKey
    app_id: str | None
    app_name: str | None


def app_fields(name: str, description: str, icon_type: str, icon: str, icon_background: str) -> AppFields:
    """Check what people write about an app (console-api.md section 6). Raises invalid_param."""
    name = check_name(name)
    if len(description) > _LONGEST_DESCRIPTION:
        raise invalid_param(f"description cannot exceed {_LONGEST_DESCRIPTION} characters.")
    check_icon(icon_type, icon, icon_background)
    return AppFields(
        name=name, description=clean_text(description), icon_type=icon_type or None, icon=clean_text(icon) or None,
        icon_background=clean_text(icon_background) or None,
    )  # fmt: skip


def check_name(name: str) -> str:
    """The name to store: 1-255 characters. Raises invalid_param."""
    name = clean_text(name).strip()
    if not name:
        raise invalid_param("name is required")
    if len(name) > _LONGEST_TEXT:
        raise invalid_param(f"name cannot exceed {_LONGEST_TEXT} characters.")
    return name


def check_icon(icon_type: str, icon: str, icon_background: str) -> None:
    """Raises invalid_param. Empty texts mean that nothing is said."""
    if icon_type and icon_type not in ICON_TYPES:
        raise invalid_param(f"icon_type must be one of {', '.join(ICON_TYPES)}")
    for field, text in (("icon", icon), ("icon_background", icon_background)):
        if len(text) > _LONGEST_TEXT:
            raise invalid_param(f"{field} cannot exceed {_LONGEST_TEXT} characters.")


def site_change(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is said about a web page, and make texts fit to be stored. Raises invalid_param."""
    values = {name: clean_text(value) if isinstance(value, str) else value for name, value in sent.items()}
    check_icon(values.get("icon_type", ""), values.get("icon", ""), values.get("icon_background", ""))
    for name, text in values.items():
        most = _LONGEST_DISCLAIMER if name == "custom_disclaimer" else _LONGEST_SITE_TEXT.get(name, _LONGEST_TEXT)
        if isinstance(text, str) and len(text) > most:
            raise invalid_param(f"{name} cannot exceed {most} characters.")
    language, strategy = values.get("default_language"), values.get("customize_token_strategy")
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise invalid_param(f"default_language: {language} is not a valid language.")
    if strategy is not None and strategy not in TOKEN_STRATEGIES:
        raise invalid_param(f"customize_token_strategy must be one of {', '.join(TOKEN_STRATEGIES)}")
    if values.get("title", "-") == "":
        raise invalid_param("title is required")
    return {name: None if value == "" and name in _NULLABLE else value for name, value in values.items()}


def check_mode(mode: str) -> str:
    """The mode in its hyphened spelling. Raises invalid_param."""
    mode = _SPELLINGS.get(mode, mode)
    if mode not in MODES:
        raise invalid_param(f"mode is required and must be one of {', '.join(MODES)}")
    return mode


def check_max_active_requests(value: int | None) -> int | None:
    """Concurrent runs of an app; 0 means unlimited, stored as None. Raises invalid_param."""
    if value is not None and value > _MOST_ACTIVE_REQUESTS:
        raise invalid_param(f"max_active_requests cannot exceed {_MOST_ACTIVE_REQUESTS}")
    return value or None


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What an import asks for besides the file; made by `import_order`, so its values are valid."""

    name: str = ""
    description: str = ""
    icon_type: str = ""
    icon: str = ""
    icon_background: str = ""
    app_id: str = ""
    use_default_model: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How an import ended (app-dsl.md section 6)."""

    id: str
    status: str
    app_id: str | None = None
    app_mode: str | None = None
    imported_version: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()
