"""OpenAI's chat wire: requests as bytes, streams as chunks.

The stream is read raw: the SDK's typed events cost 138 us each (components.md section 10),
a ``data:`` line through orjson a tenth of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from server.kit.errors import invalid_param
from server.llm.catalogue import is_reasoning
from server.llm.faults import MALFORMED, Refusal, classify
from server.llm.openai_calls import CallDeltas, call_of, reasoning, reasoning_of, tool_of
from server.llm.port import ChatRequest, Chunk, FilePart, FunctionCall, ModelCard, ModelFault, PromptMessage, Usage

_LONGEST_LINE = 16 * 1024 * 1024
_KINDS = {"image": "vision", "document": "document", "audio": "audio", "video": "video"}
_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


class SseLines:
    """Cuts a byte stream into the payloads of its ``data:`` lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Payloads completed by this piece. A bare JSON line is a payload too (errors of some servers)."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            raise ModelFault("broken_stream", MALFORMED, detail="a line is longer than 16 MiB")
        payloads = []
        for line in lines:
            if line.startswith(b"data:"):
                payloads.append(line[5:].strip())
            elif line.startswith(b"{"):
                payloads.append(line.strip())
        return payloads

    def finish(self) -> list[bytes]:
        """What is left when the stream ends without a last line break."""
        return self.feed(b"\n") if self._rest else []


class ChatStream:
    """Turns payloads into chunks and remembers what the end of the stream needs."""

    def __init__(self, *, legacy: bool = False) -> None:
        self._legacy = legacy
        self._thinking = False
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.done = False
        self.text: list[str] = []
        self._calls = CallDeltas()
        self._thoughts: list[str] = []
        self._thoughts_key = ""

    @property
    def calls(self) -> tuple[FunctionCall, ...]:
        """Tools that the model asks for; whole when the stream has ended."""
        return self._calls.whole(reasoning(self._thoughts_key, "".join(self._thoughts)))

    @property
    def started(self) -> bool:
        """Whether anything of the answer came."""
        return bool(self.text or self._calls)

    def chunks(self, payloads: Sequence[bytes]) -> Iterator[Chunk]:
        """Chunks with text. Raises ModelFault for an error event or malformed JSON."""
        for payload in payloads:
            if payload == b"[DONE]":
                self.done = True
                return
            text = self._event(_decoded(payload)) if payload else ""
            if text:
                self.text.append(text)
                yield Chunk(text)

    def _event(self, event: Mapping[str, Any]) -> str:
        if event.get("error"):
            raise classify(refusal_of(event["error"], 0))
        if usage := event.get("usage"):
            self.usage = usage_of(usage)
        choices = event.get("choices")
        if not choices:
            return ""
        choice = choices[0]
        if reason := choice.get("finish_reason"):
            self.finish_reason = reason
        if self._legacy:
            return choice.get("text") or ""
        delta = choice.get("delta") or choice.get("message") or {}
        text = self._delta_text(delta)
        self._calls.add(delta)
        # A thought without an answer after it ends here: with a request for tools, or with the stream.
        return text + self._close_thought() if self._thinking and (self._calls or self.finish_reason) else text

    def _delta_text(self, delta: Mapping[str, Any]) -> str:
        """The text of a delta; a reasoning model's thoughts stand in ``<think>`` tags, as in Dify."""
        text = delta.get("content") or delta.get("refusal") or ""
        key = "reasoning_content" if delta.get("reasoning_content") else "reasoning"
        thought = delta.get(key)
        if isinstance(thought, str) and thought:
            self._thoughts_key = key
            self._thoughts.append(thought)
            opening, self._thinking = "" if self._thinking else "<think>\n", True
            return opening + thought + (self._close_thought() + text if text else "")
        return self._close_thought() + text if text and self._thinking else text

    def _close_thought(self) -> str:
        self._thinking = False
        return "\n</think>"


def _decoded(payload: bytes) -> Mapping[str, Any]:
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise ModelFault("broken_stream", MALFORMED, detail=f"malformed chunk {payload[:200]!r}") from error
    if not isinstance(event, dict):
        raise ModelFault("broken_stream", MALFORMED, detail=f"chunk is no object {payload[:200]!r}")
    return event


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Reported token counts; cached and reasoning tokens are inside them."""
    prompt = int(usage.get("prompt_tokens") or 0)
    completion = int(usage.get("completion_tokens") or 0)
    return Usage(prompt, completion, int(usage.get("total_tokens") or prompt + completion))


def refusal_of(error: object, status: int, retry_after: float | None = None) -> Refusal:
    """An ``error`` object of any shape in use, as a refusal."""
    if not isinstance(error, Mapping):
        return Refusal(status or 500, "", str(error or ""), retry_after)
    code = error.get("code")
    if not status and isinstance(code, int):
        status = code
    words = f"{code or ''} {error.get('type') or ''}".strip()
    return Refusal(status or 500, words, str(error.get("message") or ""), retry_after)


def body_of(card: ModelCard, name: str, parameters: Mapping[str, Any], request: ChatRequest, **extra: object) -> bytes:
    """The JSON body of a call. CPU-bound for large files: call it in a thread then."""
    body: dict[str, Any] = {"model": name, "stream": is_streamed(card, request)}
    if card.mode == "completion":
        body["prompt"] = "\n".join(message.text for message in request.messages)
    else:
        body["messages"] = [message_of(card, message) for message in request.messages]
    body |= _parameters(parameters)
    if request.schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.schema}}
    if request.tools:
        body["tools"] = [tool_of(tool) for tool in request.tools]
    if request.stop:
        body["stop"] = list(request.stop)
    body |= {key: value for key, value in extra.items() if value}
    return orjson.dumps(body)


def is_streamed(card: ModelCard, request: ChatRequest) -> bool:
    """Whether the answer comes in pieces: not from servers that cannot stream calls of tools."""
    return not request.tools or "stream-tool-call" in card.features


def _parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    body = dict(parameters)
    schema = body.pop("json_schema", None)
    wanted = body.pop("response_format", None)
    if wanted == "json_schema" and schema:
        body["response_format"] = {"type": "json_schema", "json_schema": _schema(schema)}
    elif wanted and wanted != "json_schema":
        body["response_format"] = {"type": wanted}
    return body


def _schema(text: str) -> dict[str, Any]:
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise invalid_param(f"Model Parameter json_schema is not valid JSON: {error}") from error
    if not isinstance(schema, dict):
        raise invalid_param("Model Parameter json_schema should be an object.")
    return schema if "schema" in schema else {"name": "answer", "schema": schema}


def token_parameter(model: str) -> str:
    """How OpenAI's own models call the limit of the answer's length."""
    return "max_completion_tokens" if is_reasoning(model) else "max_tokens"


def message_of(card: ModelCard, message: PromptMessage) -> dict[str, Any]:
    """One message; file parts stand before the text, kinds the model cannot read are left out."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if message.calls:
        calls = [call_of(call) for call in message.calls]
        thoughts = reasoning_of(message.calls[0].signature)
        return {"role": message.role, "content": message.text or None, **thoughts, "tool_calls": calls}
    parts = [part for file in message.files if (part := _file_part(card, file)) is not None]
    if not parts:
        return {"role": message.role, "content": message.text}
    text = [{"type": "text", "text": message.text}] if message.text else []
    return {"role": message.role, "content": [*parts, *text]}


def _file_part(card: ModelCard, file: FilePart) -> dict[str, Any] | None:
    if _KINDS[file.kind] not in card.features:
        return None
    if file.kind == "image":
        return {"type": "image_url", "image_url": {"url": file.url or data_url(file), "detail": file.detail}}
    if file.data is None:
        return None
    if file.kind == "document":
        return {"type": "file", "file": {"filename": file.name or "file.pdf", "file_data": data_url(file)}}
    if file.kind == "audio" and file.mime_type in _AUDIO_FORMATS:
        data = base64.b64encode(file.data).decode()
        return {"type": "input_audio", "input_audio": {"data": data, "format": _AUDIO_FORMATS[file.mime_type]}}
    return None


def data_url(file: FilePart) -> str:
    """The file's bytes as a ``data:`` URL."""
    return f"data:{file.mime_type};base64,{base64.b64encode(file.data or b'').decode()}"
