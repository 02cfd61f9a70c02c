"""One rate per credential for all processes: pauses, back-off, recovery; against a provider with a real limit."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import pytest
from redis.asyncio import Redis

from server.embedding import calls as calls_module
from server.embedding.calls import Calls, Lane
from server.embedding.rate import SharedRate
from server.llm.port import ModelFault

ACCOUNT = "a" * 64


@pytest.fixture
async def redis(fresh_redis_url: str):
    client = Redis.from_url(fresh_redis_url)
    yield client
    await client.aclose()


def limited(seconds: float | None) -> ModelFault:
    return ModelFault("rate_limit", "slow down", retry_after=seconds)


async def test_retry_after_holds_back_every_process(workspace, other_process) -> None:
    name = await workspace.add("m", script="status=429,retry_after=0.6,times=1")
    await asyncio.gather(
        workspace.documents(name, ["a"]),
        _later(0.2, lambda: workspace.documents(name, ["b"], other_process)),
        _later(0.2, lambda: workspace.query(name, "c", other_process)),
    )
    first, *others = [call.at for call in workspace.double.calls]
    assert len(others) == 3
    assert min(others) - first >= 0.6


async def _later(seconds: float, make):
    await asyncio.sleep(seconds)
    return await make()


async def test_other_credential_is_not_held_back(redis) -> None:
    rate = SharedRate(redis)
    await rate.limited(ACCOUNT, 30.0)
    assert await rate.admit("b" * 64) == 0
    assert 29 < await rate.admit(ACCOUNT) <= 30


async def test_calls_under_way_at_the_pause_do_not_lengthen_it_but_may_ask_for_more(redis) -> None:
    rate = SharedRate(redis)
    first = await rate.limited(ACCOUNT, None)
    for _ in range(5):
        assert await rate.limited(ACCOUNT, None) <= first
    assert await rate.limited(ACCOUNT, 20.0) == 20
    assert 19 < await rate.admit(ACCOUNT) <= 20


async def test_pauses_in_a_row_grow_when_the_provider_does_not_say(redis) -> None:
    rate = SharedRate(redis)
    pauses = []
    for _ in range(3):
        pauses.append(await rate.limited(ACCOUNT, None))
        while wait := await rate.admit(ACCOUNT):
            await asyncio.sleep(wait)
    assert pauses[0] < pauses[1] < pauses[2]


async def test_interactive_call_does_not_wait_for_a_long_pause(redis) -> None:
    calls = Calls(SharedRate(redis))
    lane = Lane("quick", width=2, tries=3, patience=0.5, longest=5.0)
    tried = 0

    async def attempt() -> None:
        nonlocal tried
        tried += 1
        raise limited(30.0)

    began = time.monotonic()
    for number in (1, 1):
        with pytest.raises(ModelFault) as caught:
            await calls.run(ACCOUNT, lane, attempt)
        assert caught.value.fault == "rate_limit" and tried == number
    assert 29 < caught.value.retry_after <= 30
    assert time.monotonic() - began < 5


async def test_two_processes_together_settle_at_the_providers_rate(fresh_redis_url: str) -> None:
    """A provider that takes 40 calls a second answers more than half of that, and refuses few."""
    limit, taken, refused = 40, deque(), 0

    async def attempt() -> None:
        nonlocal refused
        now = time.monotonic()
        while taken and now - taken[0] > 1.0:
            taken.popleft()
        if len(taken) >= limit:
            refused += 1
            raise limited(0.2)
        taken.append(now)
        await asyncio.sleep(0.005)

    clients = [Redis.from_url(fresh_redis_url) for _ in range(2)]
    lane = Lane("indexing", width=8, tries=3, patience=60.0, longest=5.0)
    done = 0

    async def work(calls: Calls, until: float) -> None:
        nonlocal done
        while time.monotonic() < until:
            await calls.run(ACCOUNT, lane, attempt)
            done += 1

    until = time.monotonic() + 6.0
    processes = [Calls(SharedRate(client)) for client in clients]
    await asyncio.gather(*(work(calls, until) for calls in processes for _ in range(8)))
    for client in clients:
        await client.aclose()
    assert done > 6.0 * limit * 0.5
    assert refused < done * 0.2


async def test_without_redis_a_process_still_honours_the_pause() -> None:
    async with Redis.from_url("unix:///nowhere/redis.sock") as away:
        rate = SharedRate(away)
        assert await rate.admit(ACCOUNT) == 0
        assert await rate.limited(ACCOUNT, 5.0) == 5
        assert 4 < await rate.admit(ACCOUNT) <= 5
        assert await rate.admit("b" * 64) == 0


async def test_documents_are_embedded_while_redis_is_away(workspace, redisless_process) -> None:
    name = await workspace.add("m", script="status=429,retry_after=0.1,times=1")
    assert len((await workspace.documents(name, ["a"], redisless_process)).vectors) == 1


async def test_lasting_outage_ends_with_its_reason_after_the_lanes_tries(redis, monkeypatch) -> None:
    monkeypatch.setattr(calls_module, "_FIRST_PAUSE", 0.01)
    calls = Calls(SharedRate(redis))
    tried = 0

    async def attempt() -> None:
        nonlocal tried
        tried += 1
        raise ModelFault("unavailable", "down for maintenance")

    with pytest.raises(ModelFault, match="down for maintenance"):
        await calls.run(ACCOUNT, Lane("indexing", width=1, tries=4, patience=60.0, longest=5.0), attempt)
    assert tried == 4


@pytest.mark.parametrize("silences", [1, 2])
async def test_silent_model_is_given_up_sooner_than_one_that_refuses(redis, monkeypatch, silences) -> None:
    monkeypatch.setattr(calls_module, "_FIRST_PAUSE", 0.01)
    calls = Calls(SharedRate(redis))
    tried = 0

    async def attempt() -> None:
        nonlocal tried
        tried += 1
        await asyncio.Event().wait()

    lane = Lane("indexing", width=1, tries=9, patience=60.0, longest=0.1, silences=silences)
    with pytest.raises(ModelFault, match="did not answer in time") as caught:
        await calls.run(ACCOUNT, lane, attempt)
    assert caught.value.fault == "unavailable" and tried == silences
