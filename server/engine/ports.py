"""What nodes need of the world. The server gives real ones (``server/workflow_run/ports.py``), tests doubles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from server.engine.node import RunInfo, Spent
from server.engine.values import File
from server.llm.port import ChatModel, PromptMessage


class Models(Protocol):
    """Model providers of the workspace."""

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """Raises AppError provider_not_initialize and the like."""
        ...


class CodeFaultError(Exception):
    """User code failed; the text is what its interpreter said. ``kind`` is the node's error type."""

    def __init__(self, message: str, kind: str = "CodeExecutionError") -> None:
        super().__init__(message)
        self.kind = kind


class CodeRunner(Protocol):
    """Runs untrusted code, confined."""

    async def run(self, language: Literal["python3", "javascript"], code: str, inputs: Mapping[str, Any]) -> Any:
        """What ``main`` returned. Raises CodeFaultError."""
        ...

    async def render(self, template: str, variables: Mapping[str, Any]) -> str:
        """A Jinja template, sandboxed, bounded in time and length. Raises CodeFaultError."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request to an address that users bring. ``timeout`` is connect, read, write in seconds."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    params: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    timeout: tuple[float, float, float] = (10.0, 600.0, 600.0)
    verify_tls: bool = True
    max_text_bytes: int = 1024 * 1024
    max_file_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Its answer, read whole."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    url: str = ""


class HttpFaultError(Exception):
    """No answer; the text may be shown. ``kind`` is the node's error type."""

    def __init__(self, message: str, kind: str = "HttpRequestNodeError") -> None:
        super().__init__(message)
        self.kind = kind


class Http(Protocol):
    """The one outbound client, with its guard against our own network."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Redirects followed, every hop checked. Raises HttpFaultError."""
        ...


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool."""

    provider_type: str
    provider_id: str
    tool_name: str
    # What the caller fills in, and settings fixed by the author.
    parameters: Mapping[str, Any]
    configurations: Mapping[str, Any] = field(default_factory=dict)
    credential_id: str = ""


@dataclass(frozen=True, slots=True)
class ToolMessage:
    """A piece of a tool's answer: text, json, link, image, file, variable, log (workflow-engine.md 8.16).

    An image, file or blob has a ``file``, or its bytes in ``value`` (then ``name`` is its name and ``text`` its MIME
    type), or an address in ``text``; ``nodes/tool.py`` ``kept_file`` makes a file of any of them.
    """

    kind: Literal["text", "json", "link", "image", "blob", "file", "variable", "log"]
    text: str = ""
    value: Any = None
    # Name of a variable.
    name: str = ""
    file: File | None = None


@dataclass(frozen=True, slots=True)
class ToolParameter:
    """One parameter of a tool. ``form`` says who fills it: the model (``llm``) or the author (``form``)."""

    name: str
    type: str = "string"
    required: bool = False
    form: Literal["llm", "form"] = "llm"
    description: str = ""
    default: Any = None
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a tool is; ``schema`` is the JSON schema of what a model fills in."""

    provider_type: str
    provider_id: str
    name: str
    label: str
    description: str
    parameters: Sequence[ToolParameter] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    icon: Any = None


class ToolFaultError(Exception):
    """A tool failed or is not there; the text may be shown."""


class Tools(Protocol):
    """Built-in tools, OpenAPI tools, MCP servers, workflows as tools."""

    async def spec(self, run: RunInfo, provider_type: str, provider_id: str, tool_name: str) -> ToolSpec:
        """Raises ToolFaultError when the workspace has no such tool."""
        ...

    def invoke(self, run: RunInfo, call: ToolCall) -> AsyncIterator[ToolMessage]:
        """Call it. Raises ToolFaultError."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """A search of datasets; ``settings`` is the node's data: retrieval_mode, multiple_retrieval_config and so on."""

    dataset_ids: Sequence[str]
    query: str
    settings: Mapping[str, Any]
    files: Sequence[File] = ()
    # Gets what models cost that were asked for the search.
    pay: Callable[[Spent], None] | None = None


class Knowledge(Protocol):
    """Datasets of the workspace."""

    async def search(self, run: RunInfo, search: Search) -> Sequence[Mapping[str, Any]]:
        """Items in the shape of workflow-engine.md 8.5, best first. Unknown ids are ignored."""
        ...


class Files(Protocol):
    """The file store."""

    async def read(self, run: RunInfo, file: File) -> bytes:
        """The bytes, fetched when it is remote. Raises NodeError."""
        ...

    async def save(self, run: RunInfo, data: bytes, name: str, mime_type: str) -> File:
        """Keep what a node produced."""
        ...

    async def text(self, run: RunInfo, file: File) -> str:
        """The text in a document, extracted in a limited child process. Raises NodeError."""
        ...


class Memory(Protocol):
    """Earlier turns of the conversation."""

    async def history(self, run: RunInfo, *, window: int | None) -> Sequence[PromptMessage]:
        """Oldest first, at most the newest ``window`` messages; nothing outside of a conversation."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """All of them."""

    models: Models
    code: CodeRunner
    http: Http
    tools: Tools
    knowledge: Knowledge
    files: Files
    memory: Memory
