"""Vectors of documents: normalised, batched, cached, equal texts once, faults with reasons."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from server.db.engine import uow_factory
from server.embedding.purge import EmbeddingPurge
from server.kit.errors import AppError, Reason
from server.llm.names import OPENAI_COMPATIBLE
from server.llm.port import ModelFault
from server.provider.model import Target
from tests.embedding.conftest import Workspace


async def fault_of(workspace: Workspace, name: str, texts: list[str]) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        await workspace.documents(name, texts)
    return caught.value


async def test_vectors_have_length_1_and_the_order_of_the_texts(workspace) -> None:
    name = await workspace.add("m", max_chunks="3")
    texts = [f"text number {number} about {'sky' if number % 2 else 'sea'}" for number in range(10)]
    vectors, tokens = await workspace.documents(name, texts)
    assert [vector.dtype for vector in vectors] == [np.float32] * 10
    assert np.allclose([np.linalg.norm(vector) for vector in vectors], 1.0, atol=1e-6)
    (alone,) = (await workspace.documents(name, [texts[7]])).vectors
    assert np.array_equal(alone, vectors[7])
    assert tokens == sum(len(text) // 4 for text in texts)
    assert sorted(len(call.json()["input"]) for call in workspace.double.calls) == [1, 3, 3, 3]


async def test_equal_texts_of_one_call_are_embedded_once(workspace) -> None:
    name = await workspace.add("m")
    vectors, _ = await workspace.documents(name, ["a b", "c", "a b", "a b"])
    assert sorted(workspace.sent()) == ["a b", "c"]
    assert np.array_equal(vectors[0], vectors[2]) and np.array_equal(vectors[0], vectors[3])


async def test_text_that_was_embedded_before_costs_no_call_and_no_token(workspace, other_process) -> None:
    name = await workspace.add("m")
    first, _ = await workspace.documents(name, ["a", "b"])
    workspace.double.calls.clear()
    again, tokens = await workspace.documents(name, ["b", "a", "a third text"], other_process)
    assert workspace.sent() == ["a third text"] and tokens == len("a third text") // 4
    assert np.array_equal(again[0], first[1]) and np.array_equal(again[1], first[0])


async def test_no_texts_make_no_call(workspace) -> None:
    assert await workspace.documents(await workspace.add("m"), []) == ([], 0)
    assert not workspace.double.calls and not workspace.process.statements


async def test_thousand_texts_take_one_lookup_and_few_writes(workspace) -> None:
    name = await workspace.add("m", max_chunks="100")
    texts = [f"text {number}" for number in range(1000)]
    await workspace.documents(name, texts)
    assert workspace.kept() == 1000
    assert len(workspace.process.statements) <= 1 + 5
    workspace.process.statements.clear()
    await workspace.documents(name, texts)
    assert len(workspace.process.statements) == 1


async def test_cache_is_of_one_tenant_and_one_model(workspace, double, ranker) -> None:
    await workspace.documents(await workspace.add("m"), ["a"])
    await workspace.documents(await workspace.add("n"), ["a"])
    assert workspace.sent() == ["a"]
    neighbour = Workspace(workspace.process, double, ranker)
    await neighbour.documents(await neighbour.add("m"), ["a"])
    assert workspace.sent() == ["a"]
    assert (workspace.kept(), neighbour.kept()) == (2, 1)


async def test_model_that_moved_is_not_answered_from_the_old_ones_cache(workspace) -> None:
    name = await workspace.add("m")
    await workspace.documents(name, ["a"])
    target = Target(OPENAI_COMPATIBLE, name, "text-embedding")
    values = {"endpoint_url": workspace.double.base_url + "/", "endpoint_model_name": "other", "context_size": "8192"}
    credential = (await workspace.process.models.configuration(workspace.tenant_id)).current(target)
    await workspace.process.models.update_model_credential(workspace.tenant_id, target, credential.id, values, None)
    workspace.double.calls.clear()
    await workspace.documents(name, ["a"])
    assert workspace.sent() == ["a"]


async def test_vectors_of_another_length_in_the_cache_are_made_anew(workspace) -> None:
    name = await workspace.add("m")
    await workspace.documents(name, ["a", "b"])
    workspace.double.script(name, "size=32")
    vectors, _ = await workspace.documents(name, ["a", "b", "c"])
    assert [len(vector) for vector in vectors] == [32, 32, 32]
    workspace.double.calls.clear()
    await workspace.documents(name, ["a", "b", "c"])
    assert not workspace.double.calls


async def test_old_vectors_are_purged_and_young_ones_stay(workspace) -> None:
    name = await workspace.add("m")
    await workspace.documents(name, ["a", "b"])
    workspace.age(31)
    await workspace.documents(name, ["c"])
    purge = EmbeddingPurge(uow_factory(workspace.process.engine))
    await asyncio.to_thread(purge.purge, {})
    assert workspace.kept() == 1


@pytest.mark.parametrize("script", ["nan=1", "null=1", "zero=1"])
async def test_vector_without_a_direction_is_none_and_is_not_kept(workspace, script) -> None:
    name = await workspace.add("m", script=script)
    vectors, _ = await workspace.documents(name, ["a", "b", "c"])
    assert [vector is None for vector in vectors] == [False, True, False]
    assert workspace.kept() == 2


@pytest.mark.parametrize("script", ["status=500,times=2", "garbage,times=2", "lose=1,times=1", "ragged,times=1"])
async def test_passing_fault_is_survived(workspace, script) -> None:
    name = await workspace.add("m", script=script)
    vectors, _ = await workspace.documents(name, ["a", "b"])
    assert all(vector is not None for vector in vectors)
    assert len(workspace.double.calls) == int(script[-1]) + 1


@pytest.mark.parametrize(
    ("script", "fault", "text"),
    [("error=auth", "auth", "Incorrect API key"), ("status=404", "model", "does not exist"), ("error=quota", "quota", "quota")],
)
async def test_lasting_fault_is_told_at_once_with_the_providers_reason(workspace, script, fault, text) -> None:
    name = await workspace.add("m", script=script)
    error = await fault_of(workspace, name, ["a", "b"])
    assert error.fault == fault and text in str(error)
    assert len(workspace.double.calls) == 1


async def test_what_was_embedded_before_a_failure_is_kept(workspace) -> None:
    name = await workspace.add("m", max_chunks="2", script="status=404,skip=4")
    texts = [f"text {number}" for number in range(20)]
    await fault_of(workspace, name, texts)
    assert workspace.kept() >= 2
    kept = workspace.kept()
    workspace.double.reset()
    await workspace.documents(name, texts)
    assert len(workspace.sent()) == 20 - kept


async def test_calls_run_side_by_side_but_only_so_many(workspace) -> None:
    name = await workspace.add("m", max_chunks="1", script="first=30")
    running, most = 0, 0
    handle = workspace.double.handle

    async def counting(call, reply):
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await handle(call, reply)
        finally:
            running -= 1

    workspace.double.handle = counting
    await workspace.documents(name, [f"text {number}" for number in range(12)])
    assert 1 < most <= 4


async def test_text_the_model_finds_too_long_is_shortened_and_the_others_are_not(workspace) -> None:
    name = await workspace.add("m", script="longest=1000")
    vectors, _ = await workspace.documents(name, ["short", "word " * 700, "other"])
    assert all(vector is not None for vector in vectors)
    assert {"short", "other"} <= set(workspace.sent())
    assert min(len(text) for text in workspace.sent() if text.startswith("word")) in range(500, 1001)


async def test_cancelled_call_stops_its_requests(workspace) -> None:
    name = await workspace.add("m", max_chunks="1", script="hang")
    task = asyncio.create_task(workspace.documents(name, ["a", "b", "c"]))
    await workspace.double.wait_for(lambda: len(workspace.double.calls) == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await workspace.double.wait_for(lambda: all(call.disconnected_at for call in workspace.double.calls))


async def test_no_connection_is_held_while_the_model_works(workspace) -> None:
    name = await workspace.add("m", script="hang")
    task = asyncio.create_task(workspace.documents(name, ["a"]))
    await workspace.double.wait_for(lambda: workspace.double.calls)
    assert workspace.process.engine.pool.checkedout() == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_unknown_model_is_the_configurations_error(workspace) -> None:
    with pytest.raises(AppError) as caught:
        await workspace.documents("nobody", ["a"])
    assert caught.value.reason == Reason.PROVIDER_NOT_INITIALIZE
