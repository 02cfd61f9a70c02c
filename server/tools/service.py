"""What a workspace has stored of its tool providers; each public method is one transaction.

No method calls anybody: ``providers`` reads documents and speaks with servers before it stores anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.crypto import Sealer
from server.kit.errors import invalid_param, not_found
from server.kit.ids import new_id
from server.kit.validate import id_or_none
from server.tools.inputs import start_inputs
from server.tools.mcp import Server
from server.tools.model import (
    ApiFields,
    ApiProvider,
    Kind,
    McpFields,
    McpProvider,
    WorkflowFields,
    WorkflowTool,
)
from server.tools.openapi import Parsed, restored
from server.tools.store import ToolStore

_MISSING = "Tool provider not found."


class ToolService:
    """Stored providers of a workspace. Unknown and foreign ones are not_found."""

    def __init__(self, uow: UowFactory, sealer: Sealer) -> None:
        self._uow = uow
        self._sealer = sealer

    # APIs

    def apis(self, tenant_id: str) -> list[ApiProvider]:
        """Every API, without the documents."""
        with self._uow() as uow:
            return [self._api(row, lenient=True) for row in ToolStore(uow).all(tenant_id, "api")]

    def api(self, tenant_id: str, ref: str, *, whole: bool = False, lenient: bool = False) -> ApiProvider | None:
        """An API by its id or name."""
        with self._uow() as uow:
            store = ToolStore(uow)
            known = id_or_none(ref)
            row = store.find(tenant_id, "api", "id", known, whole=whole) if known else None
            row = row or store.find(tenant_id, "api", "name", ref, whole=whole)
        return None if row is None else self._api(row, lenient=lenient)

    def add_api(self, caller: Caller, fields: ApiFields, parsed: Parsed, credentials: Mapping[str, str]) -> None:
        """Add an API; a taken name is invalid_param."""
        values = {**self._api_values(fields, parsed, credentials), "id": new_id(), **_owned(caller)}
        self._add("api", values, f"provider {fields.name} already exists")

    def change_api(
        self, caller: Caller, provider_id: str, fields: ApiFields, parsed: Parsed, credentials: Mapping[str, str]
    ) -> None:
        """Change an API."""
        self._change(caller, "api", provider_id, {"name": fields.name}, self._api_values(fields, parsed, credentials))

    def delete_api(self, caller: Caller, name: str) -> None:
        """Forget an API."""
        with self._uow() as uow:
            store = ToolStore(uow)
            row = store.find(caller.tenant_id, "api", "name", name)
            if row is None:
                raise not_found(_MISSING)
            store.delete(caller.tenant_id, "api", row.id)
            uow.commit()

    # MCP servers

    def mcps(self, tenant_id: str) -> list[McpProvider]:
        """Every MCP server."""
        with self._uow() as uow:
            return [self._mcp(row, lenient=True) for row in ToolStore(uow).all(tenant_id, "mcp")]

    def mcp(self, tenant_id: str, ref: str, *, lenient: bool = False) -> McpProvider | None:
        """An MCP server by its id or identifier."""
        with self._uow() as uow:
            store = ToolStore(uow)
            known = id_or_none(ref)
            row = store.find(tenant_id, "mcp", "id", known) if known else None
            row = row or store.find(tenant_id, "mcp", "server_identifier", ref)
        return None if row is None else self._mcp(row, lenient=lenient)

    def add_mcp(self, caller: Caller, fields: McpFields) -> str:
        """Add an MCP server; its id. A taken name, identifier or address is invalid_param."""
        provider_id = new_id()
        values = {**self._mcp_values(fields), "id": provider_id, **_owned(caller)}
        self._add("mcp", values, "An MCP server with this name, server_identifier or server_url already exists.")
        return provider_id

    def change_mcp(self, caller: Caller, provider_id: str, fields: McpFields) -> None:
        """Change an MCP server; another address forgets its tools."""
        values = self._mcp_values(fields)
        unique = {name: values[name] for name in ("name", "server_identifier", "url_hash")}
        self._change(caller, "mcp", provider_id, unique, values)

    def set_mcp_tools(self, tenant_id: str, provider_id: str, tools: Sequence[Mapping[str, Any]] | None) -> None:
        """Keep what a server listed; None: it asks for an authorization that it was not given."""
        values: dict[str, Any] = {"authed": tools is not None}
        if tools is not None:
            values["tools"] = list(tools)
        with self._uow() as uow:
            ToolStore(uow).update(tenant_id, "mcp", provider_id, values)
            uow.commit()

    def delete_mcp(self, caller: Caller, provider_id: str) -> None:
        """Forget an MCP server."""
        self._delete(caller, "mcp", provider_id)

    # Workflows

    def workflows(self, tenant_id: str) -> list[WorkflowTool]:
        """Every workflow that is a tool."""
        with self._uow() as uow:
            store = ToolStore(uow)
            rows = store.all(tenant_id, "workflow")
            latest = store.versions(tenant_id, [row.app_id for row in rows]) if rows else {}
        return [_workflow(row, latest.get(row.app_id, "")) for row in rows]

    def workflow(self, tenant_id: str, ref: str, column: str = "id") -> WorkflowTool | None:
        """A workflow tool by its id, name or ``app_id``."""
        value = ref if column == "name" else id_or_none(ref)
        if value is None:
            return None
        with self._uow() as uow:
            store = ToolStore(uow)
            row = store.find(tenant_id, "workflow", column, value)
            latest = store.versions(tenant_id, [row.app_id]) if row is not None else {}
        return None if row is None else _workflow(row, latest.get(row.app_id, ""))

    def add_workflow(self, caller: Caller, app_id: str, fields: WorkflowFields) -> None:
        """Offer the published workflow of an app as a tool."""
        known = id_or_none(app_id)
        with self._uow() as uow:
            store = ToolStore(uow)
            values = self._workflow_values(store, caller.tenant_id, known or "", fields)
            added = store.add("workflow", {**values, "id": new_id(), "app_id": known, **_owned(caller)})
            if not added:
                raise invalid_param(f"Tool with name {fields.name} or app_id {app_id} already exists")
            uow.commit()

    def change_workflow(self, caller: Caller, provider_id: str, fields: WorkflowFields) -> None:
        """Change a workflow tool; from now on it runs the version that is published now."""
        with self._uow() as uow:
            store = ToolStore(uow)
            row = _found(store, caller, "workflow", provider_id)
            other = store.find(caller.tenant_id, "workflow", "name", fields.name)
            if other is not None and other.id != row.id:
                raise invalid_param(f"Tool with name {fields.name} already exists")
            values = self._workflow_values(store, caller.tenant_id, row.app_id, fields)
            store.update(caller.tenant_id, "workflow", row.id, values)
            uow.commit()

    def delete_workflow(self, caller: Caller, provider_id: str) -> None:
        """Offer a workflow no more."""
        self._delete(caller, "workflow", provider_id)

    # Rows

    def _add(self, kind: Kind, values: Mapping[str, Any], taken: str) -> None:
        with self._uow() as uow:
            if not ToolStore(uow).add(kind, values):
                raise invalid_param(taken)
            uow.commit()

    def _change(
        self, caller: Caller, kind: Kind, provider_id: str, unique: Mapping[str, str], values: Mapping[str, Any]
    ) -> None:
        with self._uow() as uow:
            store = ToolStore(uow)
            row = _found(store, caller, kind, provider_id)
            for column, value in unique.items():
                other = store.find(caller.tenant_id, kind, column, value)
                if other is not None and other.id != row.id:
                    raise invalid_param(f"{column.replace('url_hash', 'server_url')} is used by another provider")
            moved = "url_hash" in unique and row.url_hash != unique["url_hash"]
            store.update(
                caller.tenant_id, kind, row.id, {**values, **({"tools": [], "authed": False} if moved else {})}
            )
            uow.commit()

    def _delete(self, caller: Caller, kind: Kind, provider_id: str) -> None:
        with self._uow() as uow:
            store = ToolStore(uow)
            store.delete(caller.tenant_id, kind, _found(store, caller, kind, provider_id).id)
            uow.commit()

    def _api_values(self, fields: ApiFields, parsed: Parsed, credentials: Mapping[str, str]) -> dict[str, Any]:
        return {
            "name": fields.name, "icon": fields.icon, "description": parsed.description, "schema_type": parsed.kind,
            "schema": fields.schema, "operations": [one.stored() for one in parsed.operations],
            "sealed_credentials": self._sealed(credentials), "privacy_policy": fields.privacy_policy,
            "custom_disclaimer": fields.custom_disclaimer, "labels": list(fields.labels),
        }

    def _mcp_values(self, fields: McpFields) -> dict[str, Any]:
        return {
            "name": fields.name, "icon": fields.icon, "server_identifier": fields.identifier,
            "sealed_url": self._sealer.seal(fields.url), "url_hash": hashlib.sha256(fields.url.encode()).hexdigest(),
            "sealed_headers": self._sealed(fields.headers), "timeout": fields.timeout, "read_timeout": fields.read,
        }

    def _workflow_values(
        self, store: ToolStore, tenant_id: str, app_id: str, fields: WorkflowFields
    ) -> dict[str, Any]:
        app = store.published(tenant_id, app_id) if app_id else None
        if app is None:
            raise not_found(f"App {app_id} not found" if app_id else "App not found")
        if app.mode != "workflow" or app.workflow_id is None or app.graph is None:
            raise invalid_param("workflow_app_id must be a workflow app that is published")
        return {
            "name": fields.name, "label": fields.label, "description": fields.description, "icon": fields.icon,
            "workflow_id": app.workflow_id, "parameters": start_inputs(app.graph, fields.parameters),
            "privacy_policy": fields.privacy_policy, "labels": list(fields.labels),
        }

    def _sealed(self, values: Mapping[str, Any]) -> str:
        return self._sealer.seal(orjson.dumps(dict(values)).decode())

    def _open(self, sealed: str, *, lenient: bool) -> str:
        """What was sealed. Under another secret key it is lost: lists and changes do without it, a use is refused."""
        try:
            return self._sealer.open(sealed)
        except ValueError:
            if lenient:
                return ""
            raise invalid_param(_SEALED) from None

    def _opened(self, sealed: str, *, lenient: bool) -> dict[str, str]:
        values = orjson.loads(self._open(sealed, lenient=lenient) or "{}")
        return {str(name): str(value) for name, value in values.items()}

    def _api(self, row: Any, *, lenient: bool = False) -> ApiProvider:
        return ApiProvider(
            id=row.id, name=row.name, icon=row.icon, description=row.description, schema_type=row.schema_type,
            schema=getattr(row, "schema", ""), operations=[restored(one) for one in row.operations],
            credentials=self._opened(row.sealed_credentials, lenient=lenient), privacy_policy=row.privacy_policy,
            custom_disclaimer=row.custom_disclaimer, labels=row.labels, created_by=row.created_by,
            updated_at=row.updated_at,
        )

    def _mcp(self, row: Any, *, lenient: bool = False) -> McpProvider:
        headers = self._opened(row.sealed_headers, lenient=lenient)
        server = Server(self._open(row.sealed_url, lenient=lenient), headers, row.timeout, row.read_timeout)
        return McpProvider(
            id=row.id, name=row.name, icon=row.icon, identifier=row.server_identifier, server=server, tools=row.tools,
            authed=row.authed, created_by=row.created_by, updated_at=row.updated_at,
        )


_SEALED = "credentials of this provider were stored under another secret key: enter them again"


def _workflow(row: Any, latest: str) -> WorkflowTool:
    return WorkflowTool(
        id=row.id, app_id=row.app_id, name=row.name, label=row.label, description=row.description, icon=row.icon,
        workflow_id=row.workflow_id, parameters=row.parameters, privacy_policy=row.privacy_policy, labels=row.labels,
        created_by=row.created_by, updated_at=row.updated_at, latest=latest,
    )


def _owned(caller: Caller) -> dict[str, str]:
    return {"tenant_id": caller.tenant_id, "created_by": caller.the_account}


def _found(store: ToolStore, caller: Caller, kind: Kind, provider_id: str) -> Any:
    known = id_or_none(provider_id)
    row = store.find(caller.tenant_id, kind, "id", known) if known else None
    if row is None:
        raise not_found(_MISSING)
    return row
