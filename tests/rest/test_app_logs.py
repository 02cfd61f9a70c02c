"""Logs and figures of apps in the console, through Envoy: what end users asked, as the authors see it."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.tables import accounts, apps, conversations, messages
from server.kit.ids import new_id
from tests.harness.product import App, Product, Workspace
from tests.rest.flows import chain, flow, llm, node, start
from tests.rest.parties import database

TOKENS = " ".join(f"tok{at}" for at in range(10))


def place(app: App) -> str:
    return f"/console/api/apps/{app.id}"


def get(workspace: Workspace, app: App, path: str, **query: Any) -> Any:
    return workspace.ok(workspace.console.get(f"{place(app)}/{path}", params=query))


def error(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def talk(app: App, query: str, user: str, **more: Any) -> dict[str, Any]:
    reply = app.send(query, user=user, auto_generate_name=False, **more)
    assert reply.is_success, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> App:
    return workspace.app()


@pytest.fixture(scope="module")
def talks(workspace: Workspace, chat: App) -> dict[str, dict[str, Any]]:
    """Ann asks twice in one conversation, Bob once."""
    first = talk(chat, "where is the whale", "ann")
    again = talk(chat, "and the shark", "ann", conversation_id=first["conversation_id"])
    return {"first": first, "again": again, "bob": talk(chat, "100% of squids", "bob")}


Talks = Mapping[str, Mapping[str, Any]]


def test_conversations_of_all_users_are_listed_with_what_is_known_of_them(
    workspace: Workspace, chat: App, talks: Talks
) -> None:
    body = get(workspace, chat, "chat-conversations")
    assert (body["page"], body["limit"], body["total"], body["has_more"]) == (1, 20, 2, False)
    bob, ann = body["data"]
    assert list(ann) == [
        "id", "status", "from_source", "from_end_user_id", "from_end_user_session_id", "from_account_id",
        "from_account_name", "name", "summary", "read_at", "created_at", "updated_at", "annotated", "model_config",
        "message_count", "user_feedback_stats", "admin_feedback_stats", "status_count",
    ]  # fmt: skip
    assert (ann["id"], bob["id"]) == (talks["first"]["conversation_id"], talks["bob"]["conversation_id"])
    assert (ann["from_end_user_session_id"], ann["message_count"], bob["message_count"]) == ("ann", 2, 1)
    assert (ann["summary"], ann["from_source"], ann["annotated"]) == ("where is the whale", "api", False)
    assert ann["model_config"]["model"]["name"] == workspace.model
    assert ann["user_feedback_stats"] == ann["admin_feedback_stats"] == {"like": 0, "dislike": 0}
    behind = get(workspace, chat, "chat-conversations", page=9, limit=1)
    assert (behind["total"], behind["has_more"], behind["data"]) == (2, False, [])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"keyword": "SHARK"}, ["ann"]), ({"keyword": "bob"}, ["bob"]), ({"keyword": "0% of"}, ["bob"]),
        ({"keyword": "%"}, ["bob"]), ({"keyword": "tok3"}, ["bob", "ann"]), ({"keyword": "kraken"}, []),
        ({"sort_by": "created_at"}, ["ann", "bob"]), ({"limit": 1, "page": 2}, ["ann"]),
        ({"limit": 1, "page": 3}, []), ({"start": "2020-01-01 00:00"}, ["bob", "ann"]),
        ({"end": "2020-01-01 00:00"}, []), ({"annotation_status": "annotated"}, []),
        ({"annotation_status": "not_annotated"}, ["bob", "ann"]), ({"annotation_status": "all"}, ["bob", "ann"]),
    ],
)  # fmt: skip
def test_filter_of_conversations_finds_those_that_fit(
    workspace: Workspace, chat: App, talks: Talks, query: dict[str, Any], found: list[str]
) -> None:
    data = get(workspace, chat, "chat-conversations", **query)["data"]
    assert [item["from_end_user_session_id"] for item in data] == found


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"annotation_status": "maybe"}, "invalid_param"), ({"sort_by": "name"}, "invalid_param"),
        ({"limit": 101}, "invalid_param"), ({"page": 0}, "invalid_param"), ({"start": "yesterday"}, "invalid_param"),
        ({"start": "2026-01-02 00:00", "end": "2026-01-01 00:00"}, "bad_request"),
    ],
)  # fmt: skip
def test_list_that_cannot_be_asked_for_is_refused(
    workspace: Workspace, chat: App, query: dict[str, Any], code: str
) -> None:
    reply = workspace.console.get(f"{place(chat)}/chat-conversations", params=query)
    assert error(reply) == (400, code)


def test_the_end_of_a_list_is_a_minute_that_it_includes(workspace: Workspace, product: Product) -> None:
    app = workspace.app()
    made = talk(app, "late", "ann")["conversation_id"]
    with database(product) as connection:
        at = sa.text("'2026-03-04 05:06:40+00'")
        connection.execute(sa.update(conversations).where(conversations.c.id == made).values(created_at=at))
        connection.commit()
    span = {"sort_by": "-created_at", "start": "2026-03-04 05:06"}
    assert get(workspace, app, "chat-conversations", **span, end="2026-03-04 05:06")["total"] == 1
    assert get(workspace, app, "chat-conversations", **span, end="2026-03-04 05:05"[:-1] + "6")["total"] == 1
    assert get(workspace, app, "chat-conversations", sort_by="-created_at", end="2026-03-04 05:05")["total"] == 0


def test_conversation_that_was_looked_at_is_read(workspace: Workspace, chat: App, talks: Talks) -> None:
    path = f"chat-conversations/{talks['bob']['conversation_id']}"
    detail = get(workspace, chat, path)
    assert (detail["message_count"], detail["model_config"]["model"]["name"]) == (1, workspace.model)
    assert detail["model_config"]["user_input_form"] == []
    listed = {item["id"]: item["read_at"] for item in get(workspace, chat, "chat-conversations")["data"]}
    assert listed[talks["bob"]["conversation_id"]] and listed[talks["first"]["conversation_id"]] is None


def test_messages_are_paged_oldest_first_with_all_that_is_known(
    workspace: Workspace, chat: App, talks: Talks
) -> None:
    of = {"conversation_id": talks["first"]["conversation_id"]}
    page = get(workspace, chat, "chat-messages", **of, limit=1)
    (newest,) = page["data"]
    assert (newest["id"], page["has_more"], page["limit"]) == (talks["again"]["id"], True, 1)
    rest = get(workspace, chat, "chat-messages", **of, first_id=newest["id"])
    assert ([item["id"] for item in rest["data"]], rest["has_more"]) == ([talks["first"]["id"]], False)
    assert (newest["query"], newest["answer"], newest["inputs"]) == ("and the shark", TOKENS, {})
    assert newest["metadata"]["usage"]["total_tokens"] == newest["message_tokens"] + newest["answer_tokens"]
    assert (newest["feedbacks"], newest["annotation"], newest["message_files"]) == ([], None, [])
    assert get(workspace, chat, f"messages/{newest['id']}") == newest
    for query, code in (
        ({"conversation_id": new_id()}, (404, "not_found")), ({**of, "first_id": new_id()}, (404, "not_found")),
        ({}, (400, "invalid_param")), ({**of, "limit": 101}, (400, "invalid_param")),
    ):  # fmt: skip
        assert error(workspace.console.get(f"{place(chat)}/chat-messages", params=query)) == code


def test_feedback_of_members_is_one_for_all_and_apart_from_that_of_users(workspace: Workspace, chat: App) -> None:
    made = talk(chat, "rate me", "carl")
    path, message = f"{place(chat)}/feedbacks", {"message_id": made["id"]}
    nothing = workspace.console.post(path, json={**message, "rating": None})
    assert error(nothing) == (400, "invalid_param")
    workspace.ok(chat.http.post(f"/v1/messages/{made['id']}/feedbacks", json={"rating": "like", "user": "carl"}))
    for rating, content in (("like", "good"), ("dislike", "=no")):
        given = {**message, "rating": rating, "content": content}
        assert workspace.ok(workspace.console.post(path, json=given)) == {"result": "success"}
    told = {item["from_source"]: item for item in get(workspace, chat, f"messages/{made['id']}")["feedbacks"]}
    assert (told["user"]["rating"], told["user"]["from_account"]) == ("like", None)
    assert (told["admin"]["rating"], told["admin"]["content"]) == ("dislike", "=no")
    assert told["admin"]["from_account"]["email"] == "owner@example.com"
    (item,) = get(workspace, chat, "chat-conversations", keyword="carl")["data"]
    assert (item["user_feedback_stats"], item["admin_feedback_stats"]) == (
        {"like": 1, "dislike": 0}, {"like": 0, "dislike": 1},
    )  # fmt: skip
    text = workspace.console.get(f"{place(chat)}/feedbacks/export").text
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert [(row["feedback_source"], row["feedback_rating_raw"], row["feedback_comment"]) for row in rows] == [
        ("admin", "dislike", "'=no"), ("user", "like", ""),
    ]  # fmt: skip
    query = {"format": "json", "rating": "dislike", "has_comment": True, "from_source": "admin"}
    exported = get(workspace, chat, "feedbacks/export", **query)
    (record,) = exported["feedback_data"]
    assert (record["user_query"], record["feedback_comment"], record["has_comment"]) == ("rate me", "=no", "Yes")
    assert exported["export_info"]["total_records"] == 1
    assert get(workspace, chat, "feedbacks/export", format="json", end_date="2020-01-01")["feedback_data"] == []
    for bad in ({"format": "pdf"}, {"start_date": "yesterday"}, {"rating": "so so"}):
        assert error(workspace.console.get(f"{place(chat)}/feedbacks/export", params=bad)) == (400, "invalid_param")
    assert workspace.ok(workspace.console.post(path, json=message)) == {"result": "success"}
    assert [item["from_source"] for item in get(workspace, chat, f"messages/{made['id']}")["feedbacks"]] == ["user"]


def test_annotation_of_a_message_is_shown_with_it(workspace: Workspace, chat: App) -> None:
    made = talk(chat, "what to note", "dora")
    note = {"question": "what to note", "answer": "this", "message_id": made["id"]}
    workspace.ok(workspace.console.post(f"{place(chat)}/annotations", json=note))
    shown = get(workspace, chat, f"messages/{made['id']}")["annotation"]
    assert (shown["question"], shown["content"], shown["account"]["name"]) == ("what to note", "this", "owner")
    (item,) = get(workspace, chat, "chat-conversations", annotation_status="annotated")["data"]
    assert (item["id"], item["annotated"]) == (made["conversation_id"], True)


def test_deleted_conversation_is_gone_for_everybody(workspace: Workspace, chat: App) -> None:
    made = talk(chat, "forget me", "eve")
    path = f"{place(chat)}/chat-conversations/{made['conversation_id']}"
    assert workspace.console.delete(path).status_code == 204
    assert error(workspace.console.get(path)) == error(workspace.console.delete(path)) == (404, "not_found")
    assert error(workspace.console.get(f"{place(chat)}/messages/{made['id']}")) == (404, "not_found")
    assert get(workspace, chat, "chat-conversations", keyword="forget me")["total"] == 0
    mine = {"user": "eve", "conversation_id": made["conversation_id"]}
    assert error(chat.http.get("/v1/messages", params=mine)) == (404, "not_found")


def test_answers_of_a_completion_app_have_logs_of_their_own(workspace: Workspace) -> None:
    app = workspace.app("completion")
    body = {"inputs": {"query": "sum it"}, "user": "fay"}
    made = workspace.ok(app.http.post("/v1/completion-messages", json=body))
    listed = get(workspace, app, "completion-conversations", keyword="TOK3")
    (item,) = listed["data"]
    assert (listed["total"], item["from_end_user_session_id"], item["annotation"]) == (1, "fay", None)
    assert (item["message"]["answer"], item["message"]["inputs"]) == (TOKENS, {"query": "sum it"})
    detail = get(workspace, app, f"completion-conversations/{item['id']}")
    assert (detail["message"]["id"], detail["message"]["answer"]) == (made["message_id"], TOKENS)
    assert error(workspace.console.get(f"{place(app)}/chat-conversations")) == (404, "app_not_found")
    assert workspace.console.delete(f"{place(app)}/completion-conversations/{item['id']}").status_code == 204
    assert get(workspace, app, "completion-conversations")["total"] == 0


def test_chatflow_tells_how_its_runs_ended_and_hides_those_of_its_draft(workspace: Workspace) -> None:
    graph = chain(start(), llm("llm", workspace.model), node("answer", "answer", answer="{{#llm.text#}}"))
    app = flow(workspace, graph, "advanced-chat")
    made = talk(app, "hello", "gus")
    draft = {"inputs": {}, "query": "mine"}
    assert workspace.console.post(f"{place(app)}/advanced-chat/workflows/draft/run", json=draft).is_success
    (item,) = get(workspace, app, "chat-conversations")["data"]
    assert item["status_count"] == {"success": 1, "failed": 0, "partial_success": 0, "paused": 0}
    assert item["model_config"] == {"model": None, "pre_prompt": None}
    (message,) = get(workspace, app, "chat-messages", conversation_id=item["id"])["data"]
    assert message["id"] == made["id"] and message["workflow_run_id"]
    found = get(workspace, app, "conversation-variables", conversation_id=item["id"])
    assert found == {"page": 1, "limit": 100, "total": 0, "has_more": False, "data": []}


# Figures


@pytest.fixture(scope="module")
def figured(workspace: Workspace, product: Product) -> App:
    """An app with messages on both sides of a midnight in Tokyo, where its owner lives meanwhile."""
    app = workspace.app()
    with database(product) as connection:
        tenant = connection.execute(sa.select(apps.c.tenant_id).where(apps.c.id == app.id)).scalar_one()
        ann, bob, one, two = (new_id() for _ in range(4))
        of = {"tenant_id": tenant, "app_id": app.id}
        for talk_id, user in ((one, ann), (two, bob)):
            row = {**of, "id": talk_id, "mode": "chat", "from_end_user_id": user, "name": "", "inputs": {}}
            connection.execute(sa.insert(conversations).values(**row, created_at=sa.text("'2026-03-01 14:00+00'")))
        for talk_id, user, at, via in (
            (one, ann, "2026-03-01 14:59:59+00", "service-api"), (one, ann, "2026-03-01 15:00:00+00", "web-app"),
            (two, bob, "2026-03-01 16:00:00+00", "service-api"), (two, bob, "2026-03-01 16:00:00+00", "debugger"),
        ):  # fmt: skip
            row = {
                **of, "id": new_id(), "conversation_id": talk_id, "from_end_user_id": user, "inputs": {}, "metadata": {},
                "message_tokens": 30, "answer_tokens": 20, "total_price": "0.0010000", "latency": 2.0,
                "invoke_from": via, "app_mode": "chat",
            }  # fmt: skip
            connection.execute(sa.insert(messages).values(**row, created_at=sa.text(f"'{at}'")))
        connection.commit()
    return app


@pytest.fixture
def in_tokyo(product: Product) -> Any:
    def live(zone: str) -> None:
        with database(product) as connection:
            mine = accounts.c.email_lower == "owner@example.com"
            connection.execute(sa.update(accounts).where(mine).values(timezone=zone))
            connection.commit()

    live("Asia/Tokyo")
    yield
    live("UTC")


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(
    ("figure", "days"),
    [
        ("daily-messages", [{"message_count": 1}, {"message_count": 2}]),
        ("daily-conversations", [{"conversation_count": 1}, {"conversation_count": 2}]),
        ("daily-end-users", [{"terminal_count": 1}, {"terminal_count": 2}]),
        ("token-costs", [
            {"token_count": 50, "total_price": "0.001", "currency": "USD"},
            {"token_count": 100, "total_price": "0.002", "currency": "USD"},
        ]),
        ("user-satisfaction-rate", [{"rate": 0.0}, {"rate": 0.0}]),
        ("tokens-per-second", [{"tps": 10.0}, {"tps": 10.0}]),
    ],
)  # fmt: skip
def test_figure_counts_days_of_the_accounts_time_zone(
    workspace: Workspace, figured: App, figure: str, days: list[dict[str, Any]]
) -> None:
    dates = ["2026-03-01", "2026-03-02"]
    wanted = [{"date": date, **day} for date, day in zip(dates, days, strict=True)]
    assert get(workspace, figured, f"statistics/{figure}")["data"] == wanted
    # The end is not in it, and days without messages are left out.
    span = {"start": "2026-02-27 00:00", "end": "2026-03-02 00:00"}
    assert get(workspace, figured, f"statistics/{figure}", **span)["data"] == wanted[:1]


@pytest.mark.usefixtures("in_tokyo")
def test_messages_of_a_session_count_for_the_day_it_began(workspace: Workspace, figured: App) -> None:
    data = get(workspace, figured, "statistics/average-session-interactions")["data"]
    assert data == [{"date": "2026-03-01", "interactions": 1.5}]


def test_likes_are_told_for_a_thousand_messages(workspace: Workspace) -> None:
    app = workspace.app()
    made = [talk(app, "hi", "ann") for _ in range(3)]
    workspace.ok(app.http.post(f"/v1/messages/{made[0]['id']}/feedbacks", json={"rating": "like", "user": "ann"}))
    workspace.ok(app.http.post(f"/v1/messages/{made[1]['id']}/feedbacks", json={"rating": "dislike", "user": "ann"}))
    (day,) = get(workspace, app, "statistics/user-satisfaction-rate")["data"]
    assert day["rate"] == 333.33


def test_response_time_is_of_completion_apps_alone(workspace: Workspace, chat: App) -> None:
    app = workspace.app("completion")
    workspace.ok(app.http.post("/v1/completion-messages", json={"inputs": {"query": "x"}, "user": "ann"}))
    (day,) = get(workspace, app, "statistics/average-response-time")["data"]
    assert 0 < day["latency"] < 60_000
    refused = workspace.console.get(f"{place(chat)}/statistics/average-response-time")
    assert error(refused) == (404, "app_not_found")
    refused = workspace.console.get(f"{place(app)}/statistics/average-session-interactions")
    assert error(refused) == (404, "app_not_found")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"start": "2026-01-01"}, "invalid_param"), ({"end": "2026-13-01 00:00"}, "invalid_param"),
        ({"start": "2026-01-02 00:00", "end": "2026-01-01 00:00"}, "bad_request"),
    ],
)  # fmt: skip
def test_span_that_is_none_is_refused(workspace: Workspace, chat: App, query: dict[str, Any], code: str) -> None:
    reply = workspace.console.get(f"{place(chat)}/statistics/daily-messages", params=query)
    assert error(reply) == (400, code)


def test_statistics_of_an_unknown_app_are_not_found(workspace: Workspace) -> None:
    reply = workspace.console.get(f"/console/api/apps/{uuid.uuid4()}/statistics/daily-messages")
    assert error(reply) == (404, "app_not_found")
