"""Feedback on messages, and the questions suggested after them (service-api.md 6.2 to 6.4)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server.db.tables import message_feedbacks
from server.kit.ids import new_id
from tests.rpc.service_api import recorded
from tests.rpc.service_api.backend import Backend, Client
from tests.rpc.service_api.world import DOCUMENT, START, App, World

NO_MESSAGE = (404, "not_found", "Message Not Exists.")


@pytest.fixture
def message_id(world: World, app: App) -> str:
    """A message of cap-user."""
    return world.message(app, world.conversation(app))


async def test_feedback_set_twice_is_one_that_changed(
    client: Client, world: World, app: App, message_id: str
) -> None:
    assert await client.ok("SubmitMessageFeedback", message_id=message_id, rating="like", content="good\x00") == {
        "result": "success"
    }
    await client.ok("SubmitMessageFeedback", message_id=message_id, rating="dislike")
    page = await client.ok("ListAppFeedbacks")
    wanted = recorded.body("app feedbacks")
    assert recorded.shape(page) == recorded.shape(wanted)
    item = page["data"][0]
    same = ("rating", "content", "from_source", "from_account_id")
    assert [item[name] for name in same] == [wanted["data"][0][name] for name in same]
    assert (item["app_id"], item["message_id"]) == (app.app_id, message_id)
    assert item["from_end_user_id"] == world.end_user(app)
    assert len(page["data"]) == 1


async def test_feedback_set_at_once_from_many_sides_is_one(
    client: Client, world: World, message_id: str
) -> None:
    ratings = ["like", "dislike"] * 6
    await asyncio.gather(
        *(client.ok("SubmitMessageFeedback", message_id=message_id, rating=rating) for rating in ratings)
    )
    assert len(world.rows(message_feedbacks, message_feedbacks.c.message_id == message_id)) == 1


async def test_feedback_null_removes_it_once(client: Client, message_id: str) -> None:
    await client.ok("SubmitMessageFeedback", message_id=message_id, rating="like")
    await client.ok("SubmitMessageFeedback", message_id=message_id)
    assert (await client.ok("ListAppFeedbacks"))["data"] == []
    assert await client.refused("SubmitMessageFeedback", message_id=message_id) == recorded.error("feedback null again")


@pytest.mark.parametrize("rating", ["meh", ""])
async def test_feedback_with_another_rating_is_refused(client: Client, message_id: str, rating: str) -> None:
    status, code, message = await client.refused("SubmitMessageFeedback", message_id=message_id, rating=rating)
    assert (status, code) == (400, "invalid_param")
    wanted = recorded.body("feedback bad")["message"].split(" [", 1)[0]
    assert message.startswith(wanted)


async def test_feedback_on_a_completion_message_works(backend: Backend, world: World) -> None:
    app = world.app(mode="completion")
    message_id = world.message(app, world.conversation(app, mode="completion"), app_mode="completion")
    await backend.client(app).ok("SubmitMessageFeedback", message_id=message_id, rating="like")


async def test_message_of_anyone_else_is_not_found(
    client: Client, neighbour: Client, stranger: Client, world: World, message_id: str
) -> None:
    assert recorded.error("feedback unknown message") == NO_MESSAGE
    for rpc, fields in (
        ("SubmitMessageFeedback", {"rating": "like"}), ("SubmitMessageFeedback", {}), ("GetSuggestedQuestions", {}),
    ):  # fmt: skip
        for caller, user in ((neighbour, "cap-user"), (stranger, "cap-user"), (client, "someone-else")):
            assert await caller.refused(rpc, fields, message_id=message_id, user=user) == NO_MESSAGE
        for odd in (new_id(), "not-a-uuid"):
            assert await client.refused(rpc, fields, message_id=odd) == NO_MESSAGE
        refused = await client.refused(rpc, fields, message_id=message_id, user="")
        assert refused == (400, "invalid_param", "Arg user must be provided.")
    assert world.rows(message_feedbacks, message_feedbacks.c.message_id == message_id) == []


async def test_app_feedbacks_are_of_all_users_newest_first_by_page(
    client: Client, neighbour: Client, world: World, app: App
) -> None:
    made = []
    for at in range(5):
        user = f"user-{at % 2}"
        message_id = world.message(app, world.conversation(app, user), user)
        made.append(
            world.insert(
                message_feedbacks, tenant_id=app.tenant_id, app_id=app.app_id, conversation_id=new_id(),
                message_id=message_id, rating="like", from_end_user_id=world.end_user(app, user),
                created_at=START + timedelta(seconds=at // 2), updated_at=START,
            )
        )  # fmt: skip
    made.reverse()
    seen = []
    for page in (1, 2, 3, 4):
        reply = await client.ok("ListAppFeedbacks", page=page, limit=2)
        assert list(reply) == ["data"]
        seen += reply["data"]
    assert [item["id"] for item in seen] == made
    assert seen[0]["created_at"] == "2026-11-22T08:00:24"
    assert len((await client.ok("ListAppFeedbacks", limit=101))["data"]) == 5
    assert (await neighbour.ok("ListAppFeedbacks"))["data"] == []


@pytest.mark.parametrize(
    ("query", "field"), [({"page": 0}, "page"), ({"limit": 0}, "limit"), ({"limit": 102}, "limit")]
)
async def test_app_feedbacks_with_a_bad_query_name_the_field(client: Client, query: dict[str, Any], field: str) -> None:
    status, code, message = await client.refused("ListAppFeedbacks", query)
    assert (status, code, message.split("\n")[1]) == (400, "invalid_param", field)


# Suggested questions


@pytest.fixture
def suggesting(world: World) -> App:
    """An app that suggests questions."""
    return world.app(document={**DOCUMENT, "suggested_questions_after_answer": {"enabled": True}})


async def test_suggested_switched_off_is_refused_as_recorded(client: Client, message_id: str) -> None:
    assert await client.refused("GetSuggestedQuestions", message_id=message_id) == recorded.error("suggested (off)")


async def test_suggested_shows_the_model_the_last_three_turns(
    backend: Backend, world: World, suggesting: App
) -> None:
    conversation_id = world.conversation(suggesting)
    made = [world.message(suggesting, conversation_id, query=f"q{at}", answer=f"a{at}") for at in range(5)]
    model = backend.models.reply('Sure: ["one?", "two?", 3, "three?", "four?"]')
    reply = await backend.client(suggesting).ok("GetSuggestedQuestions", message_id=made[3])
    assert reply == {"result": "success", "data": ["one?", "two?", "three?"]}
    asked = model.requests[0].messages[0].text
    assert "Human: q1\nAssistant: a1\nHuman: q2\nAssistant: a2\nHuman: q3\nAssistant: a3\n" in asked
    assert "q0" not in asked
    assert "q4" not in asked


async def test_suggested_uses_the_apps_own_instruction(backend: Backend, world: World) -> None:
    feature = {"enabled": True, "prompt": "Ask like a pirate."}
    app = world.app(document={**DOCUMENT, "suggested_questions_after_answer": feature})
    message_id = world.message(app, world.conversation(app))
    model = backend.models.reply('["arr?"]')
    reply = await backend.client(app).ok("GetSuggestedQuestions", message_id=message_id)
    assert reply["data"] == ["arr?"]
    assert "Ask like a pirate." in model.requests[0].messages[0].text


async def test_suggested_cuts_a_long_history(backend: Backend, world: World, suggesting: App) -> None:
    conversation_id = world.conversation(suggesting)
    for at in range(3):
        message_id = world.message(suggesting, conversation_id, query=f"q{at} " + "word " * 2000, answer="a")
    model = backend.models.reply("[]")
    await backend.client(suggesting).ok("GetSuggestedQuestions", message_id=message_id)
    asked = model.requests[0].messages[0].text
    assert ("q2 " in asked, "q1 " in asked) == (True, False)


@pytest.mark.parametrize("model", ["none", "failing", "no list"])
async def test_suggested_without_a_usable_reply_is_an_empty_list(
    backend: Backend, world: World, suggesting: App, model: str
) -> None:
    message_id = world.message(suggesting, world.conversation(suggesting))
    if model == "failing":
        backend.models.fail()
    elif model == "no list":
        backend.models.reply("I have no questions.")
    reply: Any = await backend.client(suggesting).ok("GetSuggestedQuestions", message_id=message_id)
    assert reply == {"result": "success", "data": []}


async def test_suggested_holds_the_configuration_of_the_conversation(
    backend: Backend, world: World, suggesting: App
) -> None:
    old = world.app(suggesting.tenant_id)
    conversation_id = world.conversation(suggesting, app_config_id=old.config_id)
    message_id = world.message(suggesting, conversation_id)
    refused = await backend.client(suggesting).refused("GetSuggestedQuestions", message_id=message_id)
    assert refused == (400, "bad_request", "Suggested Questions Is Disabled.")


async def test_suggested_in_a_chatflow_without_a_published_version_is_an_empty_list(
    backend: Backend, world: World
) -> None:
    app = world.app(mode="advanced-chat", document=None)
    message_id = world.message(app, world.conversation(app, mode="advanced-chat"))
    assert (await backend.client(app).ok("GetSuggestedQuestions", message_id=message_id))["data"] == []
