"""External data tools: variables of a prompt that an extension fills in (feature-semantics.md section 2, step 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from server.extension.model import QUERY_DATA, ExtensionError
from server.kit.errors import AppError, invalid_param
from server.kit.plain import clean_text

_AT_ONCE = 10


class Extensions(Protocol):
    """What asks extensions."""

    async def ask(self, tenant_id: str, extension_id: str, point: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """An extension's answer. Raises ExtensionError."""
        ...


@dataclass(frozen=True, slots=True)
class DataTool:
    """A variable that is never taken from the client."""

    variable: str
    extension_id: str


def data_tools(document: Mapping[str, Any]) -> tuple[DataTool, ...]:
    """The tools of a stored configuration: those that are on in ``external_data_tools``, and controls of the form.

    The editor writes both; the first of a variable counts. Only the type ``api`` exists.
    """
    found: dict[str, DataTool] = {}
    for item in _items(document):
        variable, config = item.get("variable"), item.get("config")
        if item.get("type") == "api" and isinstance(variable, str) and variable and isinstance(config, Mapping):
            tool = DataTool(variable, str(config.get("api_based_extension_id") or ""))
            found.setdefault(variable, tool)
    return tuple(found.values())


def _items(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for tool in _maps(document.get("external_data_tools")):
        if tool.get("enabled") is True:
            yield tool
    for entry in _maps(document.get("user_input_form")):
        control = entry.get("external_data_tool")
        if isinstance(control, Mapping) and control.get("enabled") is not False:
            yield control


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (item for item in value if isinstance(item, Mapping))


async def filled(
    extensions: Extensions, tenant_id: str, app_id: str, tools: Sequence[DataTool], inputs: Mapping[str, Any],
    query: str,
) -> dict[str, Any]:
    """The inputs with the values of all tools, which are asked at once (ten at most) and see what the client sent.

    Raises invalid_param for the first that fails; the others are then cut off.
    """
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def value(tool: DataTool) -> str:
        params = {"app_id": app_id, "tool_variable": tool.variable, "inputs": dict(inputs), "query": query}
        try:
            async with at_once:
                said = await extensions.ask(tenant_id, tool.extension_id, QUERY_DATA, params)
        except ExtensionError as error:
            raise _failed(tool, str(error)) from error
        if "result" not in said:
            raise _failed(tool, "result not found in response")
        if not isinstance(said["result"], str):
            raise _failed(tool, "result is not string")
        return clean_text(said["result"])

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [(tool.variable, group.create_task(value(tool))) for tool in tools]
    except* AppError as failures:
        raise failures.exceptions[0] from None
    return {**inputs, **{variable: task.result() for variable, task in tasks}}


def _failed(tool: DataTool, why: str) -> AppError:
    return invalid_param(f"[External data tool] API query failed, variable: {tool.variable}, error: {why}")
