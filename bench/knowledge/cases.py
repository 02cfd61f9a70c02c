"""The cases of knowledge, and what is to be reached on two cores."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import Any

import httpx

from bench.knowledge.world import World, lines, words
from bench.report import Result
from tests.rest.knowledge import AUTOMATIC, search_by

Case = Callable[[World], Result]
_SEGMENTS = 3300
_VECTORS = 10_000
_FILES = 1000


def index_economy(world: World) -> Result:
    """One text of 3,300 segments into a keyword index."""
    result = Result("index_economy", f"{_SEGMENTS} segments, economy")
    text = lines(_SEGMENTS)
    dataset_id = world.knowledge.dataset(indexing_technique="economy")["id"]
    spent = world.index(dataset_id, text)
    result.add(f"{len(text) / 2**20:.2f} MiB in {spent:.1f} s, {_SEGMENTS / spent:.0f} segments/s")
    result.aim("under 5 s", f"{spent:.1f} s", ok=spent < 5)
    return result


def index_quality(world: World) -> Result:
    """The same with vectors of a loopback embedder, and full text."""
    result = Result("index_quality", f"{_SEGMENTS} segments, high quality, loopback embedder of 768 numbers")
    text = lines(_SEGMENTS, seed=8)
    dataset_id = world.knowledge.dataset(indexing_technique="high_quality")["id"]
    spent = world.index(dataset_id, text)
    result.add(f"{len(text) / 2**20:.2f} MiB in {spent:.1f} s, {_SEGMENTS / spent:.0f} segments/s")
    result.aim("under 8 s", f"{spent:.1f} s", ok=spent < 8)
    return result


def retrieve(world: World) -> Result:
    """Searches of 10,000 vectors: what they cost beyond embedding and the index itself."""
    result = Result("retrieve", f"retrieve over {_VECTORS} vectors of 768")
    dataset_id = world.knowledge.dataset(indexing_technique="high_quality")["id"]
    spent = world.index(dataset_id, lines(_VECTORS, words_each=30, seed=9))
    result.add(f"indexed in {spent:.1f} s")
    time.sleep(8)
    queries = [" ".join(words(4, seed)) for seed in range(200)]
    for method, aim in (("semantic_search", 10), ("full_text_search", 25), ("hybrid_search", 25)):
        whole, beyond = _timed(world, dataset_id, method, queries)
        over = median(beyond)
        slowest = quantiles(whole, n=100)[98]
        result.add(f"{method:18} p50 {median(whole):6.1f} ms  p99 {slowest:6.1f}  overhead {over:5.1f}")
        result.figures[method] = {"p50": median(whole), "overhead": over}
        result.aim(f"{method} overhead p50 under {aim} ms", f"{over:.1f} ms", ok=over < aim)
    _many(world, dataset_id, queries, result)
    return result


def _timed(world: World, dataset_id: str, method: str, queries: list[str]) -> tuple[list[float], list[float]]:
    """Milliseconds of each search, and those not spent in embedding and in the indexes."""
    whole, beyond = [], []
    for query in queries:
        began = time.perf_counter()
        body = {"query": query, "retrieval_model": search_by(method, top_k=10), "explain": True}
        reply = world.knowledge.ok("POST", f"/datasets/{dataset_id}/retrieve", json=body)
        spent = (time.perf_counter() - began) * 1000
        stages = {stage["name"]: stage["milliseconds"] for stage in reply["explanation"]["stages"]}
        index = max(stages.get("embed", 0) + stages.get("vector", 0), stages.get("full_text", 0))
        whole.append(spent)
        beyond.append(max(0.0, spent - index))
    return whole, beyond


def _many(world: World, dataset_id: str, queries: list[str], result: Result) -> None:
    """32 clients at once, their queries known to the cache of queries."""
    clients = 32

    def client(number: int) -> int:
        failed = 0
        headers = {"Authorization": f"Bearer {world.knowledge.key}"}
        with httpx.Client(base_url=world.product.url, headers=headers, timeout=60) as http:
            for at in range(40):
                body = {
                    "query": queries[(number + at) % len(queries)],
                    "retrieval_model": search_by("semantic_search", top_k=10),
                }
                failed += not http.post(f"/v1/datasets/{dataset_id}/retrieve", json=body).is_success
        return failed

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        result.failed += sum(pool.map(client, range(clients)))
    rate = clients * 40 / (time.perf_counter() - began)
    result.aim("32 clients: no failure, at least 100 requests/s", f"{rate:.0f} requests/s, {result.failed} failed",
               ok=rate >= 100 and not result.failed)


def push(world: World) -> Result:
    """1,000 small files in one push."""
    result = Result("push", f"{_FILES} small files in one push, high quality")
    dataset_id = world.knowledge.dataset(indexing_technique="high_quality")["id"]
    flat = words(_FILES * 60, seed=11)
    began = time.perf_counter()

    def send(number: int) -> int:
        text = " ".join(flat[number * 60 : number * 60 + 60])
        reply = world.knowledge.http.post(
            f"/v1/datasets/{dataset_id}/document/create-by-file",
            data={"data": '{"process_rule": {"mode": "automatic"}}'},
            files={"file": (f"file {number}.txt", text.encode(), "text/plain")},
        )
        return int(not reply.is_success)

    with ThreadPoolExecutor(8) as pool:
        result.failed = sum(pool.map(send, range(_FILES)))
    accepted = time.perf_counter() - began
    peak: dict[str, float] = {}
    while True:
        for name, size in world.memory().items():
            peak[name] = max(size, peak.get(name, 0))
        shown = world.knowledge.ok("GET", f"/datasets/{dataset_id}")
        if shown["total_available_documents"] >= _FILES - result.failed:
            break
        assert time.perf_counter() - began < 900, shown
        time.sleep(0.5)
    spent = time.perf_counter() - began
    result.add(f"accepted in {accepted:.1f} s, searchable in {spent:.1f} s: {_FILES / spent:.0f} files/s")
    result.add("peak memory: " + ", ".join(f"{name} {size:.0f} MiB" for name, size in sorted(peak.items())))
    result.aim("no failure", f"{result.failed} failed", ok=not result.failed)
    return result


def many_datasets(world: World) -> Result:
    """Ten datasets searched by one chat, against the slowest of them alone."""
    result = Result("many_datasets", "one chat that searches 10 datasets, against each alone")
    ids = []
    for number in range(10):
        dataset_id = world.knowledge.dataset(indexing_technique="high_quality")["id"]
        world.index(dataset_id, lines(300, seed=20 + number), process_rule=AUTOMATIC)
        ids.append(dataset_id)
    alone = [_chat(world, [dataset_id]) for dataset_id in ids[:3]]
    together = _chat(world, ids)
    ratio = together / max(alone)
    result.add(f"alone {', '.join(f'{one:.1f}' for one in alone)} ms, together {together:.1f} ms")
    result.aim("under 1.5 x the slowest one", f"{ratio:.2f} x", ok=ratio < 1.5)
    return result


def _chat(world: World, dataset_ids: list[str]) -> float:
    """Median milliseconds of a blocking chat whose model answers one token."""
    named: list[dict[str, Any]] = [{"dataset": {"enabled": True, "id": one}} for one in dataset_ids]
    app = world.knowledge.workspace.app(
        dataset_configs={"retrieval_model": "multiple", "top_k": 4, "datasets": {"datasets": named}}
    )
    spent = []
    for number in range(30):
        began = time.perf_counter()
        assert app.send(" ".join(words(4, number % 5))).is_success
        spent.append((time.perf_counter() - began) * 1000)
    return median(spent[5:])


CASES: dict[str, Case] = {
    case.__name__: case for case in (index_economy, index_quality, retrieve, push, many_datasets)
}
