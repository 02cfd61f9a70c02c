"""Rankings through the service."""

from __future__ import annotations

import pytest

from server.kit.errors import AppError, Reason
from server.llm.port import ModelFault

TEXTS = ["a blue sky today", "how to reset the device", "reset your password"]


async def test_best_texts_come_first_with_their_index(workspace) -> None:
    name = await workspace.add("r", "rerank")
    ranking = await workspace.rerank(name, "reset the device", TEXTS, 2)
    assert [index for index, _ in ranking] == [1, 2]
    assert 1.0 >= ranking[0][1] > ranking[1][1] >= 0.0


async def test_nothing_to_rank_makes_no_call(workspace) -> None:
    name = await workspace.add("r", "rerank")
    assert await workspace.rerank(name, "q", [], 3) == []
    assert await workspace.rerank(name, "q", TEXTS, 0) == []
    assert not workspace.ranker.calls


async def test_passing_fault_is_survived_and_a_lasting_one_told(workspace) -> None:
    name = await workspace.add("r", "rerank", script="status=500,times=2")
    assert len(await workspace.rerank(name, "q", TEXTS, 3)) == 3
    assert len(workspace.ranker.calls) == 3
    workspace.ranker.reset()
    workspace.ranker.script(name, "status=401")
    with pytest.raises(ModelFault) as caught:
        await workspace.rerank(name, "q", TEXTS, 3)
    assert caught.value.fault == "auth" and len(workspace.ranker.calls) == 1


async def test_embedding_model_is_no_rerank_model(workspace) -> None:
    name = await workspace.add("m")
    with pytest.raises(AppError) as caught:
        await workspace.rerank(name, "q", TEXTS, 3)
    assert caught.value.reason == Reason.PROVIDER_NOT_INITIALIZE
