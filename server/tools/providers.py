"""What the console does with tool providers: read documents and speak with servers, then store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.db.bridge import Database
from server.engine.ports import ToolFaultError
from server.external.model import HIDDEN
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.outbound import Outbound, OutboundError, Request, Timeouts
from server.kit.plain import clean
from server.tools import mcp
from server.tools.api import ApiCaller, checked_credentials
from server.tools.model import (
    ApiFields,
    ApiProvider,
    McpFields,
    McpProvider,
    WorkflowFields,
    WorkflowTool,
    kept_secrets,
)
from server.tools.openapi import Parsed, SchemaError, parse
from server.tools.service import ToolService

_SCHEMA_BYTES = 1024 * 1024
_SCHEMA_TIMES = Timeouts(connect=10, read=20, write=10)
# A server that is added is asked for its tools at once, but the console does not wait long for it.
_FIRST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Everything:
    """Every provider that a workspace has added."""

    apis: Sequence[ApiProvider]
    mcps: Sequence[McpProvider]
    workflows: Sequence[WorkflowTool]


class ToolProviders:
    """Providers of the caller's workspace."""

    def __init__(self, db: Database, stored: ToolService, outbound: Outbound) -> None:
        self._db = db
        self._stored = stored
        self._outbound = outbound
        self._apis = ApiCaller(outbound)

    async def everything(self, caller: Caller, kind: str = "") -> Everything:
        """All of a kind (api, mcp, workflow), or of every kind."""
        tenant = caller.tenant_id
        return Everything(
            await self._db(self._stored.apis, tenant) if kind in ("", "api") else (),
            await self._db(self._stored.mcps, tenant) if kind in ("", "mcp") else (),
            await self._db(self._stored.workflows, tenant) if kind in ("", "workflow") else (),
        )

    # APIs

    async def read_schema(self, text: str) -> Parsed:
        """What a document offers. Raises invalid_param."""
        try:
            return await asyncio.to_thread(parse, text)
        except SchemaError as error:
            raise invalid_param(f"invalid schema: {error}") from error

    async def fetch_schema(self, url: str) -> str:
        """A document from an address. Raises invalid_param."""
        try:
            answer = await self._outbound.request(Request("GET", url, timeouts=_SCHEMA_TIMES), _SCHEMA_BYTES)
        except OutboundError as error:
            raise invalid_param(f"url cannot be fetched: {error}") from error
        if answer.status != 200:
            raise invalid_param(f"url answered with status {answer.status}")
        text = answer.body.decode("utf-8", "replace")
        await self.read_schema(text)
        return text

    async def api(self, caller: Caller, name: str, *, lenient: bool = False) -> ApiProvider:
        """An API by its name, with its document. Raises not_found."""
        found = await self._db(lambda: self._stored.api(caller.tenant_id, name, whole=True, lenient=lenient))
        if found is None:
            raise not_found(f"you have not added provider {name}")
        return found

    async def add_api(self, caller: Caller, fields: ApiFields) -> None:
        """Add an API."""
        credentials = checked_credentials(fields.credentials)
        parsed = await self.read_schema(fields.schema)
        await self._db(self._stored.add_api, caller, fields, parsed, credentials)

    async def change_api(self, caller: Caller, original: str, fields: ApiFields) -> None:
        """Change an API; secrets that are shown obfuscated may be sent back so."""
        known = await self.api(caller, original, lenient=True)
        credentials = checked_credentials(kept_secrets(fields.credentials, known.credentials))
        parsed = await self.read_schema(fields.schema)
        await self._db(self._stored.change_api, caller, known.id, fields, parsed, credentials)

    async def delete_api(self, caller: Caller, name: str) -> None:
        """Forget an API."""
        await self._db(self._stored.delete_api, caller, name)

    async def try_api(
        self, caller: Caller, provider: str, tool: str, schema: str, credentials: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> dict[str, str]:
        """A test call: ``result`` is what the tool said, ``error`` why it failed."""
        parsed = await self.read_schema(schema)
        operation = next((one for one in parsed.operations if one.name == tool), None)
        if operation is None:
            raise invalid_param(f"tool_name {tool} is not in the schema")
        known = await self._db(self._stored.api, caller.tenant_id, provider) if provider else None
        merged = checked_credentials(kept_secrets(credentials, known.credentials if known else {}))
        try:
            said = [message async for message in self._apis.call(operation, parameters, merged)]
        except ToolFaultError as error:
            return {"error": str(error)}
        return {"result": "".join(one.text for one in said if one.kind == "text") or "Empty response"}

    # MCP servers

    async def mcp(self, caller: Caller, provider_id: str, *, lenient: bool = False) -> McpProvider:
        """An MCP server by its id. Raises not_found."""
        found = await self._db(lambda: self._stored.mcp(caller.tenant_id, provider_id, lenient=lenient))
        if found is None or found.id != provider_id.lower():
            raise not_found("MCP provider not found.")
        return found

    async def add_mcp(self, caller: Caller, fields: McpFields) -> McpProvider:
        """Add an MCP server and ask for its tools; one that does not answer now can be asked later."""
        if HIDDEN in fields.url:
            raise invalid_param("server_url must be an http or https address")
        provider_id = await self._db(self._stored.add_mcp, caller, fields)
        return await self._asked_quietly(caller, provider_id)

    async def change_mcp(self, caller: Caller, provider_id: str, fields: McpFields) -> McpProvider:
        """Change an MCP server; ``[__HIDDEN__]`` keeps its address and headers as they are shown are kept."""
        known = await self.mcp(caller, provider_id, lenient=True)
        if HIDDEN in fields.url and not known.server.url:
            raise invalid_param("server_url is required: the stored one is lost")
        kept = replace(
            fields, url=known.server.url if HIDDEN in fields.url else fields.url,
            headers=kept_secrets(fields.headers, known.server.headers),
        )
        await self._db(self._stored.change_mcp, caller, known.id, kept)
        if kept.url == known.server.url and kept.headers == known.server.headers:
            return await self.mcp(caller, known.id)
        return await self._asked_quietly(caller, known.id)

    async def delete_mcp(self, caller: Caller, provider_id: str) -> None:
        """Forget an MCP server."""
        await self._db(self._stored.delete_mcp, caller, provider_id)

    async def update_mcp(self, caller: Caller, provider_id: str) -> McpProvider:
        """Ask a server for its tools. Raises invalid_param when it does not answer or asks for authorization."""
        known = await self.mcp(caller, provider_id)
        try:
            async with mcp.session(self._outbound, known.server) as session:
                tools = await session.tools()
        except mcp.McpAuthError as error:
            await self._db(self._stored.set_mcp_tools, caller.tenant_id, known.id, None)
            raise invalid_param(f"{error} Give its key in headers.") from error
        except mcp.McpError as error:
            raise invalid_param(str(error)) from error
        await self._db(self._stored.set_mcp_tools, caller.tenant_id, known.id, _plain(tools))
        return await self.mcp(caller, known.id)

    async def _asked_quietly(self, caller: Caller, provider_id: str) -> McpProvider:
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                return await self.update_mcp(caller, provider_id)
        except TimeoutError:
            return await self.mcp(caller, provider_id)
        except AppError as error:
            if error.reason != Reason.INVALID_PARAM:
                raise
            return await self.mcp(caller, provider_id)

    # Workflows

    async def workflow(self, caller: Caller, provider_id: str, app_id: str) -> WorkflowTool:
        """A workflow tool by its id, or by the app that it is. Raises not_found."""
        if provider_id:
            found = await self._db(self._stored.workflow, caller.tenant_id, provider_id)
        else:
            found = await self._db(self._stored.workflow, caller.tenant_id, app_id, "app_id")
        if found is None:
            raise not_found("Tool not found.")
        return found

    async def add_workflow(self, caller: Caller, app_id: str, fields: WorkflowFields) -> None:
        """Offer the published workflow of an app as a tool."""
        await self._db(self._stored.add_workflow, caller, app_id, fields)

    async def change_workflow(self, caller: Caller, provider_id: str, fields: WorkflowFields) -> None:
        """Change a workflow tool."""
        await self._db(self._stored.change_workflow, caller, provider_id, fields)

    async def delete_workflow(self, caller: Caller, provider_id: str) -> None:
        """Offer a workflow no more."""
        await self._db(self._stored.delete_workflow, caller, provider_id)


def _plain(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tools as they can be stored: what a server sends may hold what PostgreSQL does not take."""
    kept = ("name", "title", "description", "inputSchema", "outputSchema")
    try:
        found: list[dict[str, Any]] = clean([{key: one[key] for key in kept if key in one} for one in tools])
        json.dumps(found)
    except (ValueError, RecursionError):
        raise invalid_param("The MCP server lists tools that cannot be stored.") from None
    return found
