"""Keys of apps and datasets (console-api.md section 7)."""

from __future__ import annotations

import asyncio
import re

import pytest
import sqlalchemy as sa

from server.db.tables import api_keys
from server.kit.ids import new_id
from tests.rpc.console import make
from tests.rpc.console.backend import Backend, Client

TOO_MANY = "Cannot create more than 10 API keys for this resource type."


@pytest.fixture
async def app_id(owner: Client) -> str:
    """An app of the owner."""
    app = await owner.done("CreateApp", {"name": "A", "mode": "chat"})
    return str(app["id"])


async def test_app_key_created_is_listed_in_clear_newest_first(owner: Client, app_id: str) -> None:
    first = await owner.call("CreateAppKey", {"app_id": app_id})
    assert first.status == 201
    assert list(first.body) == ["id", "type", "token", "last_used_at", "created_at"]
    assert re.fullmatch(r"app-[A-Za-z0-9]{24}", first.body["token"])
    assert (first.body["type"], first.body["last_used_at"]) == ("app", None)
    second = await owner.done("CreateAppKey", {"app_id": app_id})
    assert await owner.done("ListAppKeys", {"app_id": app_id}) == {"data": [second, first.body]}


async def test_key_at_rest_is_not_readable(owner: Client, app_id: str, backend: Backend) -> None:
    token = (await owner.done("CreateAppKey", {"app_id": app_id}))["token"]
    with backend.uow() as uow:
        whole = sa.cast(sa.func.to_jsonb(sa.literal_column("api_keys")), sa.Text)
        row = uow.execute(sa.select(whole).select_from(api_keys))
        assert token.removeprefix("app-") not in row.scalar_one()


async def test_app_key_eleventh_is_refused_also_when_made_at_once(owner: Client, app_id: str) -> None:
    replies = await asyncio.gather(*(owner.call("CreateAppKey", {"app_id": app_id}) for _ in range(13)))
    assert sorted(reply.status for reply in replies) == [201] * 10 + [400] * 3
    assert next(reply.body["message"] for reply in replies if reply.status == 400) == TOO_MANY
    other = (await owner.done("CreateApp", {"name": "B", "mode": "chat"}))["id"]
    await owner.done("CreateAppKey", {"app_id": other})


async def test_app_key_deleted_stops_at_once(owner: Client, app_id: str, backend: Backend) -> None:
    key = await owner.done("CreateAppKey", {"app_id": app_id})
    await backend.access.app_of_key(key["token"])
    reply = await owner.call("DeleteAppKey", {"app_id": app_id, "key_id": key["id"]})
    assert (reply.status, reply.body) == (204, {})
    with pytest.raises(Exception, match="Access token is invalid"):
        await backend.access.app_of_key(key["token"])
    assert await owner.refused("DeleteAppKey", {"app_id": app_id, "key_id": key["id"]}) == (404, "not_found")


async def test_key_of_someone_else_is_not_found(owner: Client, app_id: str) -> None:
    second_app = (await owner.done("CreateApp", {"name": "B", "mode": "chat"}))["id"]
    app_key = await owner.done("CreateAppKey", {"app_id": app_id})
    dataset_key = await owner.done("CreateDatasetKey")
    other = make.other_client(owner.backend)
    for key_id in (app_key["id"], dataset_key["id"], new_id(), "nonsense"):
        assert await owner.refused("DeleteAppKey", {"app_id": second_app, "key_id": key_id}) == (404, "not_found")
        assert await other.refused("DeleteDatasetKey", {"key_id": key_id}) == (404, "not_found")
    assert await owner.refused("DeleteDatasetKey", {"key_id": app_key["id"]}) == (404, "not_found")
    assert len((await owner.done("ListAppKeys", {"app_id": app_id}))["data"]) == 1
    assert (await other.done("ListDatasetKeys"))["data"] == []


async def test_dataset_keys_belong_to_the_workspace(owner: Client, app_id: str, backend: Backend) -> None:
    await owner.done("CreateAppKey", {"app_id": app_id})
    reply = await owner.call("CreateDatasetKey")
    assert reply.status == 200
    assert re.fullmatch(r"dataset-[A-Za-z0-9]{24}", reply.body["token"])
    assert (await owner.done("ListDatasetKeys"))["data"] == [reply.body]
    tenant_id = (await owner.done("GetCurrentWorkspace"))["id"]
    assert (await backend.access.owner_of_dataset_key(reply.body["token"])).tenant_id == tenant_id
    replies = await asyncio.gather(*(owner.call("CreateDatasetKey") for _ in range(11)))
    assert sorted(reply.status for reply in replies) == [200] * 9 + [400] * 2
    deleted = await owner.call("DeleteDatasetKey", {"key_id": reply.body["id"]})
    assert deleted.status == 204
    with pytest.raises(Exception, match="Access token is invalid"):
        await backend.access.owner_of_dataset_key(reply.body["token"])
