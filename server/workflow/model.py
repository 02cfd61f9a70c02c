"""Workflows as plain data (console-api.md section 8, data-model.md section 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server.kit.errors import invalid_param
from server.kit.plain import clean_text

GRAPH_MODES = ("workflow", "advanced-chat")
DRAFT = "draft"

_LONGEST_NAME = 20
_LONGEST_COMMENT = 100
_MOST_PAGES = 99_999
_LONGEST_PAGE = 100

Variable = Mapping[str, Any]
"""{id, name, value_type, value, description, selector} of an environment or conversation variable."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made or changed a workflow."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A draft or a version. Values of secret environment variables are sealed."""

    id: str
    app_id: str
    version: str
    marked_name: str
    marked_comment: str
    graph: Mapping[str, Any]
    features: Mapping[str, Any]
    environment_variables: Sequence[Variable]
    conversation_variables: Sequence[Variable]
    created_by: Author | None
    updated_by: Author | None
    created_at: datetime
    updated_at: datetime

    @property
    def hash(self) -> str:
        """What two editors of a draft compare; variables are not part of it."""
        return content_hash(self.graph, self.features)


@dataclass(frozen=True, slots=True)
class Content:
    """What a draft is made of; made by ``rules``, so it is valid. The service seals its secrets."""

    graph: Mapping[str, Any]
    features: Mapping[str, Any]
    environment_variables: Sequence[Variable] = ()
    conversation_variables: Sequence[Variable] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """Name and comment of a version; None: stays as it is."""

    name: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """What a list of versions shows; made by `version_filter`."""

    page: int
    limit: int
    created_by: str
    named_only: bool


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One page of versions."""

    page: int
    limit: int
    items: tuple[Workflow, ...]
    has_more: bool


def content_hash(graph: Mapping[str, Any], features: Mapping[str, Any]) -> str:
    """The same for the same graph and features, in whatever order their keys are."""
    content = orjson.dumps({"graph": graph, "features": features}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


def marks(name: str | None, comment: str | None) -> Marks:
    """Check what people call a version. Raises invalid_param."""
    for field, text, most in (("marked_name", name, _LONGEST_NAME), ("marked_comment", comment, _LONGEST_COMMENT)):
        if text is not None and len(text) > most:
            raise invalid_param(f"{field} cannot exceed {most} characters.")
    return Marks(None if name is None else clean_text(name), None if comment is None else clean_text(comment))


def page_of(page: int | None, limit: int | None, default: int) -> tuple[int, int]:
    """Check the place in a list. Raises invalid_param."""
    page, limit = 1 if page is None else page, default if limit is None else limit
    if not 1 <= page <= _MOST_PAGES:
        raise invalid_param(f"page must be between 1 and {_MOST_PAGES}")
    if not 1 <= limit <= _LONGEST_PAGE:
        raise invalid_param(f"limit must be between 1 and {_LONGEST_PAGE}")
    return page, limit


def workflow_type(mode: str) -> str:
    """The type of the workflow of an app in a mode."""
    return "chat" if mode == "advanced-chat" else "workflow"

