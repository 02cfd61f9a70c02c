"""What a packaged tool is made of, and what it may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from server.engine.ports import CodeRunner, ToolMessage, ToolParameter
from server.kit.outbound import Outbound

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """What packaged tools need."""

    outbound: Outbound
    code: CodeRunner
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter with its texts in English and Chinese; ``said`` is for the model that fills it in."""

    name: str
    label: tuple[str, str]
    said: str
    type: str = "string"
    required: bool = True
    form: Literal["llm", "form"] = "llm"
    default: Any = None
    options: tuple[tuple[str, str, str], ...] = ()

    @property
    def parameter(self) -> ToolParameter:
        """The parameter as callers see it."""
        return ToolParameter(
            self.name, self.type, self.required, self.form, self.said, self.default,
            tuple(value for value, _, _ in self.options),
        )


Work = Callable[[World, Mapping[str, Any]], AsyncIterator[ToolMessage]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool; ``said`` is for the model that calls it."""

    name: str
    label: tuple[str, str]
    said: str
    fields: Sequence[Field]
    work: Work


@dataclass(frozen=True, slots=True)
class Provider:
    """A group of tools. ``name`` is its short id, ``plugin`` the full one of newer app files."""

    name: str
    label: tuple[str, str]
    description: tuple[str, str]
    tags: Sequence[str]
    tools: Sequence[Tool]
    author: str = "Transom"

    @property
    def plugin(self) -> str:
        """The id of the plugin that newer app files name."""
        return f"langgenius/{self.name}/{self.name}"

    def tool(self, name: str) -> Tool | None:
        """A tool by its name."""
        return next((tool for tool in self.tools if tool.name == name), None)


def told(text: str) -> ToolMessage:
    """A text message."""
    return ToolMessage("text", text)
