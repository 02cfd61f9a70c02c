"""A running node's world without an engine: variables in a mapping, ports that tests give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.engine.node import RunInfo
from server.engine.values import File

RUN = RunInfo("t", "a", "w", "r", "u")
_REFERENCE = re.compile(r"\{\{#([\w.]+)#\}\}")


@dataclass
class FileStore:
    """The port ``Files``; ``kept`` are (bytes, name, MIME type)."""

    contents: dict[str, bytes] = field(default_factory=dict)
    kept: list[tuple[bytes, str, str]] = field(default_factory=list)

    async def read(self, run: RunInfo, file: File) -> bytes:
        return self.contents[file.id]

    async def save(self, run: RunInfo, data: bytes, name: str, mime_type: str) -> File:
        self.kept.append((data, name, mime_type))
        return File("custom", "tool_file", name=name, mime_type=mime_type, size=len(data), id=str(len(self.kept)))


@dataclass
class Ports:
    """Those that a test needs."""

    http: Any = None
    tools: Any = None
    code: Any = None
    files: FileStore = field(default_factory=FileStore)


@dataclass
class Context:
    """``variables`` by dotted selectors."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    ports: Ports = field(default_factory=Ports)
    run: RunInfo = RUN
    node_id: str = "n"
    execution_id: str = "e"
    streamed: list[tuple[str, str]] = field(default_factory=list)
    logged: list[Any] = field(default_factory=list)

    def has(self, selector: Sequence[str]) -> bool:
        return ".".join(selector) in self.variables

    def get(self, selector: Sequence[str], default: Any = None) -> Any:
        return self.variables.get(".".join(selector), default)

    def render(self, template: str) -> str:
        return _REFERENCE.sub(lambda found: str(self.variables.get(found[1], found[1])), template)

    def stream(self, output: str, piece: str) -> None:
        self.streamed.append((output, piece))

    def log(self, entry: Mapping[str, Any]) -> None:
        self.logged.append(entry)
