"""Graphs on their way out of a workspace and into another one (app-dsl.md sections 6 and 7)."""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from server.kit.ids import is_uuid
from server.workflow.rules import nodes_of

_SCHEDULE_DEFAULTS: Mapping[str, Any] = {
    "mode": "visual", "frequency": "daily", "timezone": "UTC",
    "visual_config": {"time": "9:00 AM", "on_minute": 0, "weekdays": ["sun"], "monthly_days": [1]},
}  # fmt: skip


def exported(graph: Mapping[str, Any], tenant_id: str, *, keep_credentials: bool) -> dict[str, Any]:
    """A copy without what belongs to this workspace: credentials, webhook addresses, subscriptions, schedules.

    Ids of datasets are readable to this workspace alone.
    """
    changed = copy.deepcopy(dict(graph))
    for _, data in nodes_of(changed):
        kind = data.get("type")
        if kind == "tool" and not keep_credentials:
            data.pop("credential_id", None)
        elif kind == "agent" and not keep_credentials:
            _strip_agent(data)
        elif kind == "trigger-schedule":
            data["config"] = copy.deepcopy(dict(_SCHEDULE_DEFAULTS))
        elif kind == "trigger-webhook":
            data |= {"webhook_url": "", "webhook_debug_url": ""}
        elif kind == "trigger-plugin":
            data["subscription_id"] = ""
    _change_datasets(changed, lambda text: _encrypted(text, tenant_id))
    return changed


def imported(graph: Mapping[str, Any], tenant_id: str) -> dict[str, Any]:
    """A copy whose datasets have their ids; those of another workspace are dropped, for nobody here can read them."""
    changed = copy.deepcopy(dict(graph))
    _change_datasets(changed, lambda text: text if is_uuid(text) else _decrypted(text, tenant_id))
    return changed


def dataset_ids(graph: Mapping[str, Any]) -> list[str]:
    """Datasets that a graph searches, each once."""
    found = [text for _, data in nodes_of(graph) for text in _datasets(data) if is_uuid(text)]
    return list(dict.fromkeys(found))


def _datasets(data: Mapping[str, Any]) -> list[str]:
    ids = data.get("dataset_ids") if data.get("type") == "knowledge-retrieval" else None
    return [text for text in ids if isinstance(text, str)] if isinstance(ids, list) else []


def _change_datasets(graph: Mapping[str, Any], change: Callable[[str], str | None]) -> None:
    for _, data in nodes_of(graph):
        if isinstance(data.get("dataset_ids"), list) and data.get("type") == "knowledge-retrieval":
            data["dataset_ids"] = [text for text in map(change, _datasets(data)) if text]


def _cipher(tenant_id: str) -> Cipher[CBC]:
    key = hashlib.sha256(tenant_id.encode()).digest()
    return Cipher(AES(key), CBC(key[:16]))


def _encrypted(dataset_id: str, tenant_id: str) -> str:
    padder, encryptor = padding.PKCS7(128).padder(), _cipher(tenant_id).encryptor()
    padded = padder.update(dataset_id.encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _decrypted(text: str, tenant_id: str) -> str | None:
    unpadder, decryptor = padding.PKCS7(128).unpadder(), _cipher(tenant_id).decryptor()
    try:
        padded = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
        found = (unpadder.update(padded) + unpadder.finalize()).decode()
    except (binascii.Error, ValueError):
        return None
    return found if is_uuid(found) else None


def _strip_agent(data: dict[str, Any]) -> None:
    parameters = data.get("agent_parameters")
    tools = parameters.get("tools") if isinstance(parameters, Mapping) else None
    tools = tools.get("value") if isinstance(tools, Mapping) else tools
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            tool.pop("credential_id", None)
