"""Replies for recorded imports have the recorded keys, in order, and values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rpc.console.backend import Client

RECORDED = json.loads((Path(__file__).parent / "recorded_imports.json").read_text(encoding="utf-8"))
# Ids, times, and the version of app files, which is newer here.
OTHER_HERE = {
    "id", "app_id", "created_by", "created_at", "updated_by", "updated_at", "current_dsl_version", "status",
}  # fmt: skip


def comparable(value: Any) -> Any:
    """A reply without what differs between two servers."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in OTHER_HERE}
    return value


@pytest.mark.parametrize("recorded", RECORDED, ids=[item["detail"]["mode"] for item in RECORDED])
async def test_import_of_a_recorded_file_replies_as_recorded(owner: Client, recorded: dict[str, Any]) -> None:
    result = await owner.done("ImportApp", {"mode": "yaml-content", "yaml_content": recorded["file"]})
    assert result["status"] == "completed-with-warnings"
    assert list(result)[:-1] == list(recorded["import"])
    assert comparable(result) | {"warnings": []} == comparable(recorded["import"]) | {"warnings": []}
    detail = await owner.done("SetSiteEnabled", {"app_id": result["app_id"], "enable_site": True})
    assert list(detail) == list(recorded["detail"])
    assert comparable(detail) == comparable(recorded["detail"])
