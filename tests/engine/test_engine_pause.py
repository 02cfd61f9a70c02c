"""Runs that wait for somebody, and runs that are replayed from their events (workflow-engine.md 8.20)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from server.engine.engine import STATE_VERSION, Variables
from server.engine.events import FormFilled, NodeFinished, NodeStarted, RunPaused
from server.engine.graph import Graph, GraphError
from server.engine.node import Context, FormAnswer, NodeDataError, NodeError, Result
from server.engine.nodes.human_input import HumanInputNode
from server.engine.replay import replay
from server.engine.values import File
from tests.engine.flows import (
    CHAT,
    INFO,
    Told,
    answer,
    do,
    end,
    fails,
    gives,
    graph,
    node,
    run,
    spent,
    start,
    streams,
)

ACTIONS = [{"id": "yes", "title": "Approve", "button_style": "primary"}, {"id": "no", "title": "Reject", "button_style": "ghost"}]
FIELD = {"type": "paragraph", "output_variable_name": "note", "default": {"type": "variable", "selector": ["start", "q"], "value": ""}}


def form(node_id: str = "ask", **data: Any) -> dict[str, Any]:
    return node(node_id, "human-input", **{
        "form_content": "About {{#start.q#}}: {{#$output.note#}}", "inputs": [FIELD], "user_actions": ACTIONS,
        "timeout": 2, "timeout_unit": "day", "delivery_methods": [{"id": "d", "type": "webapp", "enabled": True}], **data,
    })


def asking() -> Graph:
    return graph(
        start("q"), form(), end("ok", note="ask.note", action="ask.__action_id", title="ask.__action_value", text="ask.__rendered_content"),
        end("bad", why="ask.note"), end("late", late="ask.__action_id"),
        "start > ask:yes > ok", "ask:no > bad", "ask:__timeout > late",
    )


def through_json(state: Any) -> Any:
    return json.loads(json.dumps(state))


async def resume(what: Graph, told: Told, *answers: FormAnswer, **more: Any) -> Told:
    return await run(what, state=through_json(told.pause.state), answers=answers, **more)


async def test_run_pauses_with_what_the_form_needs() -> None:
    told = await run(asking(), q="x")
    assert told.names == ["run", "+start", "-start", "+ask", "RunPaused"]
    assert (told.pause.node_ids, told.pause.steps, told.pause.tokens) == (["ask"], 2, 0)
    (reason,) = told.pause.reasons
    assert reason == {
        "TYPE": "human_input_required", "node_id": "ask", "node_title": "ASK", "form_content": "About x: {{#$output.note#}}",
        "inputs": [FIELD], "actions": ACTIONS, "resolved_default_values": {"note": "x"}, "timeout_seconds": 172800,
        "delivery_methods": [{"id": "d", "type": "webapp", "enabled": True}],
    }  # fmt: skip


async def test_answered_run_goes_on_by_the_action() -> None:
    what = asking()
    told = await run(what, q="x")
    after = await resume(what, told, FormAnswer("ask", "yes", {"note": "fine", "other": "dropped"}))
    assert after.names == [
        "FormFilled", "resumption", "'fine'", "'\n'", "'yes'", "'\n'", "'Approve'", "'\n'", "'About x: fine'", "-ask",
        "+ok", "-ok", "succeeded",
    ]  # fmt: skip
    assert after.end.outputs == {"note": "fine", "action": "yes", "title": "Approve", "text": "About x: fine"}
    assert after.of(FormFilled) == [
        FormFilled("ask", "ASK", {"note": "fine", "other": "dropped"}, "yes", "Approve", "About x: fine"),
    ]  # fmt: skip
    assert after.end.steps == 3


async def test_answered_node_keeps_its_execution() -> None:
    what = asking()
    told = await run(what, q="x")
    after = await resume(what, told, FormAnswer("ask", "no", {"note": "bad"}))
    began = next(event for event in told.of(NodeStarted) if event.node.node_id == "ask")
    ended = after.finished("ask")
    assert (ended.node.execution_id, ended.node.index, ended.started_at) == (began.node.execution_id, 2, began.at)
    assert after.end.outputs == {"why": "bad"}


async def test_time_that_is_over_leaves_by_its_own_handle() -> None:
    what = asking()
    after = await resume(what, await run(what, q="x"), FormAnswer("ask", is_timeout=True))
    assert after.of(FormFilled)[0].is_timeout
    assert after.end.outputs == {"late": "__timeout"}


async def test_other_branches_go_on_until_only_forms_are_left() -> None:
    async def slow(ctx: Context) -> Result:
        await asyncio.sleep(0.01)
        return Result(outputs={"x": 1})

    what = graph(
        start("q"), form(), do("slow", slow), gives("after", x=2), end(note="ask.note", x="after.x"),
        "start > ask:yes > end", "start > slow > after > end",
    )
    told = await run(what, q="x")
    assert told.ran == ["start", "ask", "slow", "after"]
    assert isinstance(told.events[-1], RunPaused)
    after = await resume(what, told, FormAnswer("ask", "yes", {"note": "n"}))
    assert after.ran == ["end"]
    assert after.end.outputs == {"note": "n", "x": 2}


async def test_two_forms_are_answered_one_after_the_other() -> None:
    what = graph(
        start("q"), form("one"), form("two"), end(a="one.note", b="two.note"), "start > one:yes > end", "start > two:yes > end",
    )
    told = await run(what, q="x")
    assert told.pause.node_ids == ["one", "two"]
    after = await resume(what, told, FormAnswer("two", "yes", {"note": "2"}))
    assert after.pause.node_ids == ["one"]
    assert after.pause.reasons == [told.pause.reasons[0]]
    last = await resume(what, after, FormAnswer("one", "yes", {"note": "1"}))
    assert last.end.outputs == {"a": "1", "b": "2"}
    assert last.end.steps == 4


async def test_resumed_without_an_answer_pauses_again() -> None:
    what = asking()
    told = await run(what, q="x")
    again = await resume(what, told)
    assert again.names == ["resumption", "RunPaused"]
    assert again.pause.node_ids == ["ask"]


async def test_text_goes_on_where_it_stood() -> None:
    what = graph(
        start("q"), streams("llm", "a", "b"), form(), answer("<{{#llm.text#}}> {{#ask.note#}}!"), "start > llm > ask:yes > answer",
    )
    told = await run(what, run_info=CHAT, q="x")
    assert told.text == ""
    after = await resume(what, told, FormAnswer("ask", "yes", {"note": "ok"}), run_info=CHAT)
    assert after.text == "<ab> ok!"
    assert after.end.outputs["answer"] == "<ab> ok!"


async def test_answers_before_a_pause_count_in_the_end() -> None:
    async def pay(ctx: Context) -> Result:
        return Result(outputs={"x": 1}, spent=spent(5))

    what = graph(
        start("q"), do("llm", pay), fails("n", error_strategy="default-value"), answer("first ", "a1"), form(), answer("then", "a2"),
        "start > llm > n > a1 > ask:yes > a2",
    )
    told = await run(what, run_info=CHAT, q="x")
    after = await resume(what, told, FormAnswer("ask", "yes", {}), run_info=CHAT)
    assert after.end.outputs["answer"] == "first then"
    assert (after.end.status, after.end.exceptions, after.end.tokens) == ("partial-succeeded", 1, 5)
    assert after.end.spent == [spent(5)]


async def test_secrets_are_not_in_the_state_and_come_back() -> None:
    what = graph(start("q"), form(), end(key="env.key"), "start > ask:yes > end")
    told = await run(what, environment={"key": "s3cret"}, q="x")
    assert "s3cret" not in json.dumps(told.pause.state)
    after = await resume(what, told, FormAnswer("ask", "yes"), environment={"key": "s3cret"})
    assert after.end.outputs == {"key": "s3cret"}


async def test_state_of_another_version_is_refused() -> None:
    what = asking()
    told = await run(what, q="x")
    with pytest.raises(GraphError):
        await run(what, state={**told.pause.state, "version": STATE_VERSION + 1})


async def test_form_inside_of_a_container_fails_clearly() -> None:
    told = await run(graph(
        start("q"), gives("list", items=[1]), node("it", "iteration", iterator_selector=["list", "items"], output_selector=["ask", "note"],
                                                  start_node_id="go"), node("go", "iteration-start"), form(),
        "start > list > it", "go > ask",
    ))
    assert (told.end.status, told.end.error) == ("failed", "Nobody can be waited for inside of an iteration or loop.")


@pytest.mark.parametrize(("data", "message"), [
    ({"timeout_unit": "year"}, "timeout_unit 'year' is neither hour nor day."),
    ({"inputs": [{"type": "paragraph"}]}, "output_variable_name is missing."),
    ({"user_actions": [{}]}, "id is missing."),
], ids=["unit", "field", "action"])  # fmt: skip
def test_bad_form_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeDataError) as caught:
        HumanInputNode.parse(data, "ask")
    assert str(caught.value) == message


def test_form_says_what_it_reads() -> None:
    assert HumanInputNode.parse(form()["data"], "ask").uses() == [("start", "q"), ("start", "q")]


def same(told: Told, what: Graph, variables: Variables, **more: Any) -> None:
    """The state of a paused run equals that of its events, replayed."""
    mine, theirs = through_json(replay(what, INFO, variables, told.events, **more).state), through_json(told.pause.state)
    assert mine.pop("elapsed") == pytest.approx(theirs.pop("elapsed"), abs=0.05)
    assert mine == theirs


async def test_events_replay_to_the_state_of_the_run() -> None:
    async def pay(ctx: Context) -> Result:
        return Result(outputs={"text": "t", "file": File("image", "tool_file", name="i", id="f")}, spent=spent(5))

    tries = [2]

    async def flaky(ctx: Context) -> Result:
        tries[0] -= 1
        if tries[0]:
            raise NodeError("not yet", usage=spent(3))
        return Result(outputs={"x": 1})

    what = graph(
        start("q"), do("llm", pay), fails("bad", error_strategy="fail-branch"), do("flaky", flaky, retry_config={
            "retry_enabled": True, "max_retries": 2, "retry_interval": 0,
        }), node("set", "assigner", version="2", items=[
            {"variable_selector": ["conversation", "c"], "operation": "+=", "input_type": "constant", "value": 1},
        ]), gives("list", items=["a", "b"]), node("it", "iteration", iterator_selector=["list", "items"], output_selector=["child", "x"],
                                                 start_node_id="go"), node("go", "iteration-start"), do("child", pay),
        answer("before {{#llm.text#}}", "a1"), form(), form("two"), answer("after {{#ask.note#}}", "a2"), end("skipped"),
        "start > llm > bad:source > skipped", "bad:fail-branch > flaky > set > list > it > a1 > ask:yes > a2",
        "start > two:yes > a2", "go > child",
    )  # fmt: skip
    variables = Variables({"q": "x"}, {"query": "Q"}, {"key": "secret"}, {"c": 1}, {"c": "number"})
    told = await run(
        what, run_info=INFO, system={"query": "Q"}, environment={"key": "secret"}, conversation={"c": 1}, types={"c": "number"}, q="x",
    )
    same(told, what, variables)
    replayed = replay(what, INFO, variables, told.events)
    assert (replayed.status, replayed.text) == ("paused", told.text)
    assert replayed.pool.find(("conversation", "c")) == (True, 2)

    after = await resume(what, told, FormAnswer("two", "yes", {"note": "2"}))
    whole = Told([*told.events, *after.events])
    same(whole, what, variables)


async def test_events_of_a_run_that_ended_replay_to_its_end() -> None:
    what = graph(start("q"), gives("n", x=1), end(out="n.x"), "start > n > end")
    told = await run(what, q="x")
    replayed = replay(what, INFO, Variables({"q": "x"}), told.events)
    assert (replayed.status, replayed.outputs, replayed.text) == ("succeeded", {"out": 1}, "1")
    failed = await run(graph(start("q"), fails("n"), "start > n"))
    replayed = replay(what, INFO, Variables(), failed.events)
    assert (replayed.status, replayed.error) == ("failed", "boom")


@pytest.mark.parametrize("cut", range(1, 12))
async def test_run_that_was_cut_off_goes_on_from_its_events(cut: int) -> None:
    ran: list[str] = []

    def step(name: str) -> dict[str, Any]:
        async def go(ctx: Context) -> Result:
            ran.append(name)
            return Result(outputs={"x": name})

        return do(name, go)

    what = graph(
        start("q"), step("a"), step("b"), step("c"), end(out="c.x", a="a.x", q="start.q"), "start > a > c > end", "start > b > c",
    )
    variables = Variables({"q": "x"})
    events = (await run(what, q="x")).events[:cut]
    done = {event.node.node_id for event in events if isinstance(event, NodeFinished)}
    ran.clear()
    told = await run(what, state=through_json(replay(what, INFO, variables, events).state), q="x")
    assert (told.end.status, told.end.outputs) == ("succeeded", {"out": "c", "a": "a", "q": "x"})
    assert set(ran) == {"a", "b", "c"} - done
