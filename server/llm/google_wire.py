"""Between our port and google-genai's types: prompts, parameters, usage and faults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from server.kit.errors import invalid_param
from server.llm.faults import Refusal, retry_after_of
from server.llm.google_calls import call_part, declarations, result_part
from server.llm.port import ChatRequest, FilePart, ModelCard, PromptMessage, Usage

if TYPE_CHECKING:
    from google.genai import types
    from google.genai.errors import APIError

_KINDS = {"image": "vision", "document": "document", "audio": "audio", "video": "video"}
_PLAIN = ("temperature", "top_p", "top_k", "max_output_tokens", "presence_penalty", "frequency_penalty")
_DELAY = re.compile(r"^([\d.]+)s$")

FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}
# The model called a function that is none.
MISCALLED = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"})
FILTERED = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"})


def contents_of(card: ModelCard, messages: Sequence[PromptMessage]) -> tuple[str, list[types.Content]]:
    """The system instruction and the contents. A prompt of system messages alone becomes the user's."""
    from google.genai import types

    system = "\n".join(message.text for message in messages if message.role == "system" and message.text)
    contents: list[types.Content] = []
    answering = False
    for message in messages:
        if message.role == "system":
            continue
        parts = _parts(card, message)
        if answering and message.role == "tool":
            # The answers to one turn's calls are one turn, too.
            contents[-1].parts = [*(contents[-1].parts or ()), *parts]
        else:
            contents.append(types.Content(role="model" if message.role == "assistant" else "user", parts=parts))
        answering = message.role == "tool"
    if not contents:
        return "", [types.Content(role="user", parts=[types.Part(text=system or " ")])]
    return system, contents


def _parts(card: ModelCard, message: PromptMessage) -> list[types.Part]:
    from google.genai import types

    if message.role == "tool":
        return [result_part(message)]
    parts = [_file_part(file) for file in message.files if _KINDS[file.kind] in card.features]
    if message.text or not (parts or message.calls):
        parts.append(types.Part(text=message.text or " "))
    return [*parts, *map(call_part, message.calls)]


def _file_part(file: FilePart) -> types.Part:
    from google.genai import types

    if file.data is not None:
        return types.Part.from_bytes(data=file.data, mime_type=file.mime_type)
    return types.Part.from_uri(file_uri=file.url or "", mime_type=file.mime_type)


def config_of(system: str, parameters: Mapping[str, Any], request: ChatRequest) -> types.GenerateContentConfig:
    """The generation config of checked parameters, with the tools and the schema of a request."""
    from google.genai import types

    values: dict[str, Any] = {name: parameters[name] for name in _PLAIN if name in parameters}
    if system:
        values["system_instruction"] = system
    if request.stop:
        values["stop_sequences"] = list(request.stop)
    values |= _format(parameters)
    if request.schema is not None:
        values |= {"response_mime_type": "application/json", "response_json_schema": dict(request.schema)}
    thinking = {name: parameters[name] for name in ("include_thoughts", "thinking_budget") if name in parameters}
    if level := parameters.get("thinking_level"):
        thinking["thinking_level"] = str(level).upper()
    if thinking:
        values["thinking_config"] = types.ThinkingConfig(**thinking)
    if tools := [*_tools(parameters), *declarations(request.tools)]:
        values["tools"] = tools
    return types.GenerateContentConfig(
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True), **values
    )


def _format(parameters: Mapping[str, Any]) -> dict[str, Any]:
    wanted = parameters.get("response_format")
    schema = parameters.get("json_schema")
    if wanted not in ("json_object", "json_schema") and not (schema and wanted is None):
        return {}
    values: dict[str, Any] = {"response_mime_type": "application/json"}
    if schema and wanted != "json_object":
        try:
            values["response_json_schema"] = orjson.loads(schema)
        except orjson.JSONDecodeError as error:
            raise invalid_param(f"Model Parameter json_schema is not valid JSON: {error}") from error
    return values


def _tools(parameters: Mapping[str, Any]) -> list[types.Tool]:
    from google.genai import types

    tools = []
    if parameters.get("grounding"):
        tools.append(types.Tool(google_search=types.GoogleSearch()))
    if parameters.get("url_context"):
        tools.append(types.Tool(url_context=types.UrlContext()))
    if parameters.get("code_execution"):
        tools.append(types.Tool(code_execution=types.ToolCodeExecution()))
    return tools


def usage_of(usage: types.GenerateContentResponseUsageMetadata) -> Usage:
    """Reported counts: thoughts belong to the answer, cached tokens are inside the prompt's."""
    prompt = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
    completion = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    return Usage(prompt, completion, usage.total_token_count or prompt + completion)


def refusal_of(error: APIError) -> Refusal:
    """An error answer as a refusal; a daily quota is told from a rate limit by its details."""
    details = error.details.get("error", error.details) if isinstance(error.details, Mapping) else {}
    items = [item for item in details.get("details") or () if isinstance(item, Mapping)]
    reasons = " ".join(str(item["reason"]) for item in items if "reason" in item)
    quotas = " ".join(str(violation.get("quotaId", "")) for item in items for violation in item.get("violations") or ())
    headers = getattr(error.response, "headers", None) or {}
    retry_after = retry_after_of(headers)
    if retry_after is None:
        retry_after = next((delay for item in items if (delay := _delay(item)) is not None), None)
    return Refusal(
        status=int(error.code or 500),
        code=f"{error.status or ''} {reasons}".strip(),
        message=str(error.message or ""),
        retry_after=retry_after,
        daily_quota="PerDay" in quotas,
    )


def _delay(item: Mapping[str, Any]) -> float | None:
    found = _DELAY.match(str(item.get("retryDelay", "")))
    return float(found[1]) if found else None
