"""Messages of a conversation (service-api.md 6.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from server.kit.ids import NIL_UUID, new_id
from tests.rpc.service_api import recorded
from tests.rpc.service_api.backend import PUBLIC, Backend, Client
from tests.rpc.service_api.world import START, App, World

NEWER = {
    "extra_contents": [], "message_tokens": 7, "answer_tokens": 10, "total_tokens": 17,
    "provider_response_latency": 1.25, "total_price": "0.0012890", "currency": "USD",
}  # fmt: skip


@pytest.fixture
def conversation_id(world: World, app: App) -> str:
    """A conversation of cap-user."""
    return world.conversation(app)


async def test_messages_have_the_recorded_fields_and_the_newer_ones(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    message_id = world.message(app, conversation_id, answer="tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7 tok8 tok9")
    world.message(app, conversation_id, inputs={"topic": None}, query="third")
    page = await client.ok("ListMessages", conversation_id=conversation_id)
    wanted = recorded.body("messages")
    assert (list(page), page["limit"], page["has_more"]) == (list(wanted), wanted["limit"], wanted["has_more"])
    item = page["data"][0]
    assert list(item) == [*wanted["data"][0], *NEWER]
    assert item == {
        **wanted["data"][0], **NEWER, "id": message_id, "conversation_id": conversation_id,
        "parent_message_id": NIL_UUID, "created_at": int(START.timestamp()) + 120,
    }  # fmt: skip
    assert page["data"][1]["inputs"] == wanted["data"][1]["inputs"]


async def test_messages_with_nothing_known_print_nulls(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    world.message(
        app, conversation_id, parent_message_id=None, total_price=None, status="error", error="away", answer=""
    )
    item = (await client.ok("ListMessages", conversation_id=conversation_id))["data"][0]
    shown = {name: item[name] for name in ("parent_message_id", "total_price", "status", "error", "feedback", "answer")}
    assert shown == {
        "parent_message_id": None, "total_price": None, "status": "error", "error": "away", "feedback": None,
        "answer": "",
    }  # fmt: skip


async def test_messages_price_of_zero_is_plain_decimal(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    world.message(app, conversation_id, total_price=0)
    assert (await client.ok("ListMessages", conversation_id=conversation_id))["data"][0]["total_price"] == "0.0000000"


async def test_messages_walked_back_by_first_id_are_ascending_inside_a_page(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    # Made in the same instant: their ids order them, and none may be skipped.
    made = [world.message(app, conversation_id, query=str(at), created_at=START) for at in range(5)]
    seen: list[str] = []
    first_id, more = "", True
    while more:
        page = await client.ok("ListMessages", conversation_id=conversation_id, limit=2, first_id=first_id)
        seen = [item["id"] for item in page["data"]] + seen
        more, first_id = page["has_more"], page["data"][0]["id"]
    assert seen == made
    end = await client.ok("ListMessages", conversation_id=conversation_id, first_id=made[0])
    assert end == {"limit": 20, "has_more": False, "data": []}


async def test_messages_of_an_empty_conversation_are_none(client: Client, conversation_id: str) -> None:
    page = await client.ok("ListMessages", conversation_id=conversation_id)
    assert page == {"limit": 20, "has_more": False, "data": []}


async def test_messages_before_a_message_of_elsewhere_are_refused(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    world.message(app, conversation_id)
    foreign = world.message(app, world.conversation(app))
    for first_id in (new_id(), foreign):
        refused = await client.refused("ListMessages", conversation_id=conversation_id, first_id=first_id)
        assert refused == (404, "not_found", "First Message Not Exists.")


async def test_messages_show_the_callers_feedback_only(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    message_id = world.message(app, conversation_id)
    await client.ok("SubmitMessageFeedback", message_id=message_id, rating="like")
    page = await client.ok("ListMessages", conversation_id=conversation_id)
    assert page["data"][0]["feedback"] == recorded.body("messages after feedback")["data"][0]["feedback"]
    await client.ok("SubmitMessageFeedback", message_id=message_id, rating=None)
    assert (await client.ok("ListMessages", conversation_id=conversation_id))["data"][0]["feedback"] is None


async def test_messages_list_uploads_with_a_link_that_works_and_remote_files(
    client: Client, world: World, app: App, conversation_id: str, backend: Backend
) -> None:
    uploaded = await upload(client, b"pixels")
    message_id = world.message(app, conversation_id)
    local = world.message_file(app, message_id, upload_file_id=uploaded["id"])
    remote = world.message_file(
        app, message_id, transfer_method="remote_url", url="http://x.example/d/a%20b.pdf?v=1", type="document"
    )
    files = (await client.ok("ListMessages", conversation_id=conversation_id))["data"][0]["message_files"]
    by_id = {file["id"]: file for file in files}
    link = by_id[local].pop("url")
    assert by_id[local] == {
        "id": local, "filename": "dot.png", "type": "image", "mime_type": "image/png", "size": 6,
        "transfer_method": "local_file", "belongs_to": "user", "upload_file_id": uploaded["id"],
    }  # fmt: skip
    assert by_id[remote] == {
        "id": remote, "filename": "a b.pdf", "type": "document", "url": "http://x.example/d/a%20b.pdf?v=1",
        "mime_type": "application/pdf", "size": None, "transfer_method": "remote_url", "belongs_to": "user",
        "upload_file_id": None,
    }  # fmt: skip
    assert link.startswith(f"{PUBLIC}/files/{uploaded['id']}/file-preview?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    reply = await client.call("ReadSignedFile", file_id=uploaded["id"], **query)
    assert reply.data == b"pixels"


async def test_messages_show_citations_without_what_only_streams_carry(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    citation = {
        "position": 1, "dataset_id": "d", "dataset_name": "n", "document_id": "o", "document_name": "m",
        "data_source_type": "upload_file", "segment_id": "s", "retriever_from": "api", "score": 0.5,
        "hit_count": None, "content": "c", "page": None, "doc_metadata": {},
    }  # fmt: skip
    message_id = world.message(app, conversation_id, metadata={"retriever_resources": [citation], "usage": {}})
    item = (await client.ok("ListMessages", conversation_id=conversation_id))["data"][0]["retriever_resources"][0]
    assert len(item.pop("id")) == 36
    assert item.pop("message_id") == message_id
    assert {name: value for name, value in item.items() if value is not None} == {
        name: citation[name]
        for name in citation
        if name not in ("retriever_from", "hit_count", "page", "doc_metadata")
    }


async def test_messages_renew_links_in_answers_that_we_signed(
    client: Client, world: World, app: App, conversation_id: str, backend: Backend
) -> None:
    file_id = new_id()
    ours, forged = backend.links.link(file_id), backend.links.link(file_id).replace(file_id, new_id())
    world.message(app, conversation_id, answer=f"See ![x]({ours}) and {forged}.")
    answer = (await client.ok("ListMessages", conversation_id=conversation_id))["data"][0]["answer"]
    assert ours not in answer
    assert f"/files/{file_id}/file-preview?timestamp=" in answer
    assert answer.endswith(f" and {forged}.")


async def test_messages_page_of_twenty_is_one_statement(
    client: Client, world: World, app: App, conversation_id: str, backend: Backend
) -> None:
    made = [world.message(app, conversation_id) for _ in range(22)]
    for message_id in made:
        world.message_file(app, message_id, transfer_method="remote_url", url="http://x.example/a.png")
    await client.ok("ListMessages", conversation_id=conversation_id)
    backend.statements.clear()
    page = await client.ok("ListMessages", conversation_id=conversation_id, first_id=made[21], limit=20)
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (made[1:21], True)
    assert len(backend.statements) == 1


async def test_messages_of_anyone_else_are_not_found_as_recorded(
    client: Client, neighbour: Client, stranger: Client, world: World, app: App, conversation_id: str
) -> None:
    world.message(app, conversation_id)
    wanted = recorded.error("messages other user")
    assert await client.refused("ListMessages", conversation_id=conversation_id, user="someone-else") == wanted
    assert await client.refused("ListMessages", conversation_id=conversation_id, user="") == wanted
    assert await neighbour.refused("ListMessages", conversation_id=conversation_id) == wanted
    assert await stranger.refused("ListMessages", conversation_id=conversation_id) == wanted


async def test_messages_with_a_bad_query_name_the_field_as_recorded(client: Client, conversation_id: str) -> None:
    async def head(**query: object) -> list[str]:
        status, code, message = await client.refused("ListMessages", query)
        assert (status, code) == (400, "invalid_param")
        return message.split(" [", 1)[0].split("\n")

    for label, query in {
        "messages: no conversation": {}, "messages: limit 101": {"conversation_id": new_id(), "limit": 101},
    }.items():  # fmt: skip
        assert await head(**query) == recorded.body(label)["message"].split(" [", 1)[0].split("\n")
    assert (await head(conversation_id="x"))[1] == "conversation_id"
    assert (await head(conversation_id=conversation_id, first_id="x"))[1] == "first_id"
    assert (await head(conversation_id=conversation_id, limit=0))[1] == "limit"


async def upload(client: Client, data: bytes) -> dict[str, Any]:
    """Upload a small image."""
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="dot.png"\r\nContent-Type: image/png\r\n\r\n'
        + data
        + b'\r\n--b\r\nContent-Disposition: form-data; name="user"\r\n\r\ncap-user\r\n--b--\r\n'
    )
    reply = await client.upload("multipart/form-data; boundary=b", [form])
    assert reply.status == 201, reply
    body: dict[str, Any] = reply.body
    return body
