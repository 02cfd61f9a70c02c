"""Conversations of an end user (service-api.md section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from server.conversation.purge import ConversationPurge
from server.db.tables import conversation_variables, conversations, jobs, message_feedbacks, messages, runs
from server.kit.ids import new_id
from tests.rpc.service_api import recorded
from tests.rpc.service_api.backend import Backend, Client
from tests.rpc.service_api.world import START, App, World

GONE = (404, "not_found", "Conversation Not Exists.")


def ids(page: dict[str, Any]) -> list[str]:
    """Ids of a page."""
    return [item["id"] for item in page["data"]]


async def test_list_has_the_recorded_fields_newest_first(client: Client, world: World, app: App) -> None:
    made = [world.conversation(app, name=name, inputs={"topic": None}) for name in ("a", "new two", "mode?")]
    page = await client.ok("ListConversations", limit=2)
    assert recorded.shape(page) == recorded.shape({**recorded.body("list"), "data": recorded.body("list")["data"][:2]})
    assert (page["limit"], page["has_more"], ids(page)) == (2, True, made[:0:-1])
    first = page["data"][0]
    wanted = recorded.without(recorded.body("list")["data"][0], "id", "created_at", "updated_at")
    assert recorded.without(first, "id", "created_at", "updated_at") == wanted
    assert first["created_at"] == first["updated_at"] == int(START.timestamp()) + 3 * 60


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at", ""])
async def test_list_walked_by_last_id_shows_each_once_in_order(
    client: Client, world: World, app: App, sort: str
) -> None:
    # The second and third share both times: a cursor on the time alone would skip one.
    made = [world.conversation(app)]
    made += [world.conversation(app, created_at=START, updated_at=START) for _ in range(2)]
    made.append(world.conversation(app))
    times = {item: 0 if item in made[1:3] else 1 + made.index(item) for item in made}
    wanted = sorted(made, key=lambda item: (times[item], item), reverse=not sort or sort.startswith("-"))
    seen, last_id, more = [], "", True
    while more:
        page = await client.ok("ListConversations", sort_by=sort, limit=1, last_id=last_id)
        seen += ids(page)
        more, last_id = page["has_more"], seen[-1]
    assert seen == wanted
    end = await client.ok("ListConversations", sort_by=sort, last_id=last_id)
    assert end == {"limit": 20, "has_more": False, "data": []}


async def test_list_hides_what_is_not_this_end_users(
    client: Client, neighbour: Client, stranger: Client, world: World, app: App
) -> None:
    mine = world.conversation(app)
    hidden = [
        world.conversation(app, "someone-else"), world.conversation(app, is_deleted=True),
        world.conversation(app, invoke_from="web-app"), world.conversation(app, from_source="console"),
        world.conversation(neighbour.app), world.conversation(stranger.app),
    ]  # fmt: skip
    assert ids(await client.ok("ListConversations")) == [mine]
    for conversation_id in hidden:
        refused = await client.refused("ListConversations", last_id=conversation_id)
        assert refused == (404, "not_found", "Last Conversation Not Exists.")


async def test_list_without_user_belongs_to_the_shared_default_user(client: Client, world: World, app: App) -> None:
    world.conversation(app)
    shared = world.conversation(app, "DEFAULT-USER")
    assert ids(await client.ok("ListConversations", user="")) == [shared]
    assert ids(await client.ok("ListConversations", user="DEFAULT-USER")) == [shared]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": -1}, "limit"), ({"sort_by": "zzz"}, "sort_by"),
     ({"last_id": "not-a-uuid"}, "last_id")],
)  # fmt: skip
async def test_list_with_a_bad_query_names_the_field(client: Client, query: dict[str, Any], field: str) -> None:
    status, code, message = await client.refused("ListConversations", query)
    assert (status, code) == (400, "invalid_param")
    assert message.startswith(f"1 validation error for ConversationListQuery\n{field}\n  ")


async def test_list_with_a_bad_sort_tells_what_is_allowed_as_recorded(client: Client) -> None:
    _, _, message = await client.refused("ListConversations", sort_by="zzz", limit=0)
    wanted = recorded.body("conversations: bad sort")["message"].split("\n")[2].split(",")[:3]
    assert message.startswith("2 validation errors for ConversationListQuery\nlimit\n")
    assert ",".join(wanted) in message


async def test_list_on_a_completion_app_is_refused_as_recorded(backend: Backend, world: World) -> None:
    client = backend.client(world.app(mode="completion"))
    assert await client.refused("ListConversations") == recorded.error("conversations: on completion app")


async def test_delete_hides_at_once_and_orders_the_purge(client: Client, world: World, app: App) -> None:
    conversation_id = world.conversation(app)
    message_id = world.message(app, conversation_id)
    reply = await client.call("DeleteConversation", conversation_id=conversation_id)
    assert reply.status == 204
    assert (await client.ok("ListConversations"))["data"] == []
    calls: dict[str, dict[str, Any]] = {
        "DeleteConversation": {}, "RenameConversation": {"name": "x"}, "ListConversationVariables": {},
        "ListMessages": {}, "UpdateConversationVariable": {"variable_id": new_id(), "value": 1},
    }  # fmt: skip
    for rpc, fields in calls.items():
        assert await client.refused(rpc, fields, conversation_id=conversation_id) == GONE
    for rpc, fields in (("SubmitMessageFeedback", {"rating": "like"}), ("GetSuggestedQuestions", {})):
        refused = await client.refused(rpc, fields, message_id=message_id)
        assert refused == (404, "not_found", "Message Not Exists.")
    payload = {"tenant_id": app.tenant_id, "app_id": app.app_id, "conversation_id": conversation_id}
    ordered = world.rows(jobs, jobs.c.kind == "purge_conversation")
    assert [job.payload for job in ordered].count(payload) == 1


async def test_purge_removes_every_row_of_a_deleted_conversation(client: Client, world: World, app: App) -> None:
    conversation_id, kept = world.conversation(app), world.conversation(app)
    message_id, kept_message = world.message(app, conversation_id), world.message(app, kept)
    world.message_file(app, message_id, transfer_method="remote_url", url="http://x.example/a.png")
    world.variable(app, conversation_id, "v", "string", "x")
    await client.ok("SubmitMessageFeedback", message_id=message_id, rating="like")
    run = {
        "tenant_id": app.tenant_id, "app_id": app.app_id, "mode": "chat", "message_id": message_id,
        "conversation_id": conversation_id, "owner": "p1", "task_id": new_id(),
    }  # fmt: skip
    with world.uow() as work:
        work.execute(runs.insert(), {**run, "status": "succeeded"})
        work.commit()
    await client.call("DeleteConversation", conversation_id=conversation_id)
    payload = {"tenant_id": app.tenant_id, "app_id": app.app_id, "conversation_id": conversation_id}
    for _ in range(2):
        ConversationPurge(world.uow).purge(payload)
    assert world.rows(conversations, conversations.c.id == conversation_id) == []
    for table in (messages, conversation_variables, message_feedbacks, runs):
        assert world.rows(table, table.c.conversation_id == conversation_id) == []
    assert [row.id for row in world.rows(messages, messages.c.conversation_id == kept)] == [kept_message]


async def test_purge_while_an_answer_is_written_waits_for_it(client: Client, world: World, app: App) -> None:
    conversation_id = world.conversation(app)
    message_id = world.message(app, conversation_id)
    run = {
        "tenant_id": app.tenant_id, "app_id": app.app_id, "mode": "chat", "message_id": message_id,
        "conversation_id": conversation_id, "owner": "p1", "task_id": new_id(),
    }  # fmt: skip
    with world.uow() as work:
        work.execute(runs.insert(), run)
        work.commit()
    await client.call("DeleteConversation", conversation_id=conversation_id)
    payload = {"tenant_id": app.tenant_id, "app_id": app.app_id, "conversation_id": conversation_id}
    ConversationPurge(world.uow).purge(payload)
    assert len(world.rows(messages, messages.c.id == message_id)) == 1
    again = [job for job in world.rows(jobs, jobs.c.kind == "purge_conversation") if job.payload == payload]
    assert len(again) == 2
    assert again[1].due_at > again[0].due_at


async def test_rename_sets_the_name_and_moves_updated_at(client: Client, world: World, app: App) -> None:
    conversation_id = world.conversation(app)
    item = await client.ok("RenameConversation", conversation_id=conversation_id, name="A new name\x00")
    assert recorded.shape(item) == recorded.shape(recorded.body("rename"))
    same = ("name", "inputs", "status", "introduction")
    assert [item[name] for name in same] == [recorded.body("rename")[name] for name in same]
    assert item["updated_at"] > item["created_at"]
    assert (await client.ok("ListConversations"))["data"] == [item]


@pytest.mark.parametrize("name", ["", "  ", "x" * 256])
async def test_rename_without_a_usable_name_is_refused(client: Client, world: World, app: App, name: str) -> None:
    conversation_id = world.conversation(app)
    status, code, message = await client.refused("RenameConversation", conversation_id=conversation_id, name=name)
    assert (status, code) == (400, "invalid_param")
    assert ("name is required when auto_generate is false" in message) is (len(name) < 256)
    assert "\nname\n" in message


async def test_rename_auto_takes_the_models_title_and_keeps_updated_at(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    conversation_id = world.conversation(app)
    world.message(app, conversation_id, query="tell me of pirates")
    world.message(app, conversation_id, query="second")
    model = backend.models.reply('{"title": "Pirates of the north"}')
    item = await client.ok("RenameConversation", conversation_id=conversation_id, auto_generate=True, name="ignored")
    assert (item["name"], item["updated_at"]) == ("Pirates of the north", item["created_at"])
    assert "tell me of pirates" in model.requests[0].messages[-1].text


async def test_rename_auto_with_a_reply_that_is_no_title_takes_the_query(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    conversation_id = world.conversation(app, name="old")
    world.message(app, conversation_id)
    backend.models.reply("tok0 tok1")
    item = await client.ok("RenameConversation", conversation_id=conversation_id, auto_generate=True)
    assert item["name"] == "first question"


async def test_rename_auto_with_a_failing_model_leaves_the_name(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    conversation_id = world.conversation(app, name="as it was")
    world.message(app, conversation_id)
    unconfigured = await client.ok("RenameConversation", conversation_id=conversation_id, auto_generate=True)
    backend.models.fail()
    failed = await client.ok("RenameConversation", conversation_id=conversation_id, auto_generate=True)
    assert unconfigured["name"] == failed["name"] == "as it was"


async def test_rename_auto_without_messages_is_refused_with_an_empty_message(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    backend.models.reply("{}")
    conversation_id = world.conversation(app)
    refused = await client.refused("RenameConversation", conversation_id=conversation_id, auto_generate=True)
    assert refused == (400, "invalid_param", "")


async def test_auto_name_names_a_new_conversation_unless_its_user_did(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    query = "tell me everything about pirates"
    initial = "tell me everything a…"
    fresh, named = world.conversation(app, name=initial), world.conversation(app, name="mine")
    backend.models.reply('{"title": "Pirates"}')
    for conversation_id in (fresh, named):
        await backend.asking.auto_name(app.tenant_id, conversation_id, query)
    page = await client.ok("ListConversations")
    assert [item["name"] for item in page["data"]] == ["mine", "Pirates"]


async def test_auto_name_with_a_failing_model_takes_the_query(
    client: Client, world: World, app: App, backend: Backend
) -> None:
    query = "tell me everything about pirates, " * 3
    conversation_id = world.conversation(app, name=query[:20] + "…")
    backend.models.fail()
    await backend.asking.auto_name(app.tenant_id, conversation_id, query)
    name = (await client.ok("ListConversations"))["data"][0]["name"]
    assert (len(name), name[-3:]) == (50, "...")


async def test_conversation_of_anyone_else_is_not_found(
    client: Client, neighbour: Client, stranger: Client, world: World, app: App
) -> None:
    conversation_id = world.conversation(app)
    variable_id = world.variable(app, conversation_id, "v", "string", "x")
    calls: dict[str, dict[str, Any]] = {
        "DeleteConversation": {}, "RenameConversation": {"name": "x"}, "ListConversationVariables": {},
        "UpdateConversationVariable": {"variable_id": variable_id, "value": "y"}, "ListMessages": {},
    }  # fmt: skip
    for rpc, fields in calls.items():
        for caller, user in ((neighbour, "cap-user"), (stranger, "cap-user"), (client, "someone-else"), (client, "")):
            assert await caller.refused(rpc, fields, conversation_id=conversation_id, user=user) == GONE
        for odd in (new_id(), "not-a-uuid", "1'; --"):
            status, code, _ = await client.refused(rpc, fields, conversation_id=odd)
            # A query field that is no UUID is a bad query, a path that holds none leads nowhere.
            bad_query = rpc == "ListMessages" and "-" in odd and len(odd) < 36
            assert (status, code) == ((400, "invalid_param") if bad_query else (404, "not_found"))
    assert len(world.rows(conversations, conversations.c.id == conversation_id, ~conversations.c.is_deleted)) == 1
    kept = world.rows(conversation_variables, conversation_variables.c.id == variable_id)
    assert [row.value for row in kept] == ["x"]
