"""Variables of chatflow conversations (service-api.md 5.4 and 5.5)."""

from __future__ import annotations

from typing import Any

import pytest

from server.kit.ids import new_id
from tests.rpc.service_api import recorded
from tests.rpc.service_api.backend import Client
from tests.rpc.service_api.world import App, World


@pytest.fixture
def conversation_id(world: World, app: App) -> str:
    """A conversation of cap-user."""
    return world.conversation(app)


async def test_variables_of_a_plain_chat_are_none_as_recorded(client: Client, conversation_id: str) -> None:
    page = await client.ok("ListConversationVariables", conversation_id=conversation_id)
    assert page == recorded.body("variables")


async def test_variables_are_text_oldest_first(client: Client, world: World, app: App, conversation_id: str) -> None:
    made: list[tuple[str, str, Any]] = [
        ("plain", "string", "a b"), ("whole", "integer", 5), ("part", "float", 1.5), ("flag", "boolean", True),
        ("thing", "object", {"é": [1]}), ("list", "array[string]", ["a"]), ("nothing", "string", None),
    ]  # fmt: skip
    for name, kind, value in made:
        world.variable(app, conversation_id, name, kind, value, description="d")
    page = await client.ok("ListConversationVariables", conversation_id=conversation_id)
    assert list(page["data"][0]) == ["id", "name", "value_type", "value", "description", "created_at", "updated_at"]
    assert [(item["name"], item["value_type"], item["value"]) for item in page["data"]] == [
        ("plain", "string", "a b"), ("whole", "number", "5"), ("part", "number", "1.5"), ("flag", "boolean", "true"),
        ("thing", "object", '{"é": [1]}'), ("list", "array[string]", '["a"]'), ("nothing", "string", ""),
    ]  # fmt: skip


async def test_variables_walked_by_last_id_and_filtered_by_name(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    made = [world.variable(app, conversation_id, name, "string", "") for name in ("User_A", "other", "user_b")]
    page = await client.ok("ListConversationVariables", conversation_id=conversation_id, limit=2)
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (made[:2], True)
    rest = await client.ok("ListConversationVariables", conversation_id=conversation_id, last_id=made[1])
    assert ([item["id"] for item in rest["data"]], rest["has_more"]) == (made[2:], False)
    named = await client.ok("ListConversationVariables", conversation_id=conversation_id, variable_name="SER_")
    assert [item["id"] for item in named["data"]] == [made[0], made[2]]


async def test_variables_with_an_unknown_last_id_are_refused_with_an_empty_message(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    foreign = world.variable(app, world.conversation(app), "v", "string", "")
    for last_id in (new_id(), foreign, "nonsense"):
        refused = await client.refused("ListConversationVariables", conversation_id=conversation_id, last_id=last_id)
        assert refused == (400, "invalid_param", "")


@pytest.mark.parametrize("name", ["a b", "é", "%", "x" * 256])
async def test_variables_with_a_bad_name_are_refused(client: Client, conversation_id: str, name: str) -> None:
    status, code, message = await client.refused(
        "ListConversationVariables", conversation_id=conversation_id, variable_name=name
    )
    assert (status, code) == (400, "invalid_param")
    assert "variable_name" in message
    assert len(name) > 255 or "letters, numbers, hyphens (-), underscores (_), and periods (.)" in message


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("string", "new\x00", "new"), ("secret", "s", "s"), ("number", 2.5, "2.5"), ("integer", 2.5, "2.5"),
        ("float", 3, "3"), ("boolean", False, "false"), ("object", {"a": None}, '{"a": null}'), ("file", {}, "{}"),
        ("array[any]", [1, "a", [None]], '[1, "a", [null]]'), ("array[string]", [], "[]"),
        ("array[number]", [1, 2.5], "[1, 2.5]"), ("array[object]", [{}], "[{}]"), ("array[boolean]", [True], "[true]"),
    ],
)  # fmt: skip
async def test_variable_set_to_a_value_of_its_type_is_stored(
    client: Client, world: World, app: App, conversation_id: str, kind: str, value: Any, shown: str
) -> None:
    variable_id = world.variable(app, conversation_id, "v", kind, None)
    item = await client.ok(
        "UpdateConversationVariable", conversation_id=conversation_id, variable_id=variable_id, value=value
    )
    assert (item["id"], item["value"]) == (variable_id, shown)
    assert item["updated_at"] > item["created_at"]
    assert (await client.ok("ListConversationVariables", conversation_id=conversation_id))["data"] == [item]


@pytest.mark.parametrize(
    ("kind", "value", "expects", "got"),
    [
        ("string", 1, "string", "number"), ("string", None, "string", "none"), ("integer", "1", "number", "string"),
        ("number", True, "number", "boolean"), ("boolean", 1, "boolean", "number"),
        ("object", [], "object", "array[any]"), ("array[string]", ["a", 1], "array[string]", "array[any]"),
        ("array[number]", ["a"], "array[number]", "array[string]"),
        ("array[any]", {}, "array[any]", "object"), ("float", {}, "number", "object"),
    ],
)  # fmt: skip
async def test_variable_set_to_another_type_is_refused(
    client: Client, world: World, app: App, conversation_id: str, kind: str, value: Any, expects: str, got: str
) -> None:
    variable_id = world.variable(app, conversation_id, "v", kind, None)
    refused = await client.refused(
        "UpdateConversationVariable", conversation_id=conversation_id, variable_id=variable_id, value=value
    )
    assert refused == (400, "bad_request", f"Type mismatch: variable 'v' expects {expects}, but got {got} type")


async def test_variable_set_without_a_value_is_refused(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    variable_id = world.variable(app, conversation_id, "v", "string", "x")
    status, code, message = await client.refused(
        "UpdateConversationVariable", conversation_id=conversation_id, variable_id=variable_id
    )
    assert (status, code) == (400, "invalid_param")
    assert "\nvalue\n  Field required" in message


async def test_variable_that_is_not_the_conversations_is_not_found(
    client: Client, world: World, app: App, conversation_id: str
) -> None:
    foreign = world.variable(app, world.conversation(app), "v", "string", "")
    for variable_id in (new_id(), foreign, "nonsense"):
        refused = await client.refused(
            "UpdateConversationVariable", conversation_id=conversation_id, variable_id=variable_id, value="x"
        )
        assert refused == (404, "not_found", "Conversation Variable Not Exists.")
