"""One vector store at one size: ``python -m bench.index.vectors --store pgvector --rows 100000 --dimension 768``.

Prints one line of JSON. Recall is against exact answers; a search asks for the best 10. ``server_cpu_ms`` is
CPU time of the server for each search, which a busy machine changes less than it changes latencies.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from bench.index import data, servers
from server.db.engine import uow_factory
from server.index.port import Entry, Space
from server.index.vector_body import BuildLimits

LIMIT = 10
_TENANT, _DATASET = str(UUID(int=1)), str(UUID(int=2))
# Row n belongs to document n % DOCUMENTS, so a filter of d documents lets d/1000 of the rows through.
_DOCUMENTS = 1_000
_BATCH = 1_000


def _id(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 64) + number))


class Client:
    """A store as one process has it."""

    def __init__(self, server: servers.Running, space: Space, connections: int, limits: BuildLimits) -> None:
        self.store, engine = server.open(connections=connections, limits=limits)
        self._uow = uow_factory(engine) if engine is not None else None
        self.space = space

    def write(self, at: int, rows: NDArray[np.float32]) -> None:
        """Add rows from number ``at``."""
        entries = [
            Entry(_id(3, number), _id(4, number), _id(5, number % _DOCUMENTS), row)
            for number, row in enumerate(rows, at)
        ]
        if self._uow is None:
            self.store.write(None, self.space, entries)
            return
        with self._uow() as uow:
            self.store.write(uow, self.space, entries)
            uow.commit()

    def search(self, query: NDArray[np.float32], documents: Sequence[str] | None = None) -> list[int]:
        """Row numbers of the hits."""
        if self._uow is None:
            hits = self.store.search(None, self.space, query, LIMIT, documents=documents)
        else:
            with self._uow() as uow:
                hits = self.store.search(uow, self.space, query, LIMIT, documents=documents)
        return [UUID(hit.node_id).int & (1 << 64) - 1 for hit in hits]


def _sequential(
    server: servers.Running, client: Client, queries: NDArray[np.float32], truth: NDArray[np.int64],
    documents: Sequence[str] | None = None,
) -> dict[str, Any]:
    for query in queries[:20]:
        client.search(query, documents)
    times, found = [], 0
    shortest = LIMIT
    cpu = server.cpu_seconds()
    for query, right in zip(queries, truth, strict=True):
        began = time.perf_counter()
        rows = client.search(query, documents)
        times.append((time.perf_counter() - began) * 1e3)
        found += len(set(rows) & set(right.tolist()))
        shortest = min(shortest, len(rows))
    cpu = server.cpu_seconds() - cpu
    times.sort()
    return {
        "p50_ms": round(times[len(times) // 2], 2), "p99_ms": round(times[math.ceil(len(times) * 0.99) - 1], 2),
        "server_cpu_ms": round(cpu / len(queries) * 1e3, 2),
        "recall": round(found / truth.size, 4), "shortest_page": shortest,
    }


def _load(server: servers.Running, space: Space, threads: int, seconds: float, done: Any) -> None:
    """One client process: ``threads`` callers, each searching without pause."""
    client = Client(server, space, threads, BuildLimits())
    queries = data.vectors(500, space.dimension, multiprocessing.current_process().pid or 1)
    client.search(queries[0])

    def call(number: int) -> tuple[int, int]:
        good = bad = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                client.search(queries[(number * 37 + good) % len(queries)])
                good += 1
            except Exception:
                bad += 1
        return good, bad

    with ThreadPoolExecutor(threads) as pool:
        counts = list(pool.map(call, range(threads)))
    done.put((sum(good for good, _ in counts), sum(bad for _, bad in counts)))


def _concurrent(server: servers.Running, space: Space, clients: int, seconds: float) -> dict[str, Any]:
    processes = min(4, clients)
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    children = [
        context.Process(target=_load, args=(server, space, clients // processes, seconds, done))
        for _ in range(processes)
    ]
    for child in children:
        child.start()
    counts = [done.get() for _ in children]
    for child in children:
        child.join()
    good, bad = (sum(column) for column in zip(*counts, strict=True))
    return {"clients": clients, "qps": round(good / seconds), "failed": bad}


def _fill(client: Client, rows: int, dimension: int, writers: int) -> float:
    """Rows a second."""
    spent, at = 0.0, 0
    with ThreadPoolExecutor(writers) as pool:
        for chunk in data.chunks(rows, dimension):
            starts = range(0, len(chunk), _BATCH)
            began = time.perf_counter()
            list(pool.map(client.write, (at + start for start in starts), (chunk[n : n + _BATCH] for n in starts)))
            spent += time.perf_counter() - began
            at += len(chunk)
    return rows / spent


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one store at one size."""
    space = Space(_TENANT, _DATASET, options.dimension, 0)
    limits = BuildLimits(memory_mb=options.build_memory_mb, workers=options.build_workers)
    with servers.running(options.store, options.set, options.folder) as server:
        result: dict[str, Any] = {"store": options.store, "rows": options.rows, "dimension": options.dimension}
        client = Client(server, space, 8, limits)
        if options.dedicated:
            client.store.expect(space, options.rows)
        result["insert_per_s"] = round(_fill(client, options.rows, options.dimension, options.writers))
        began = time.perf_counter()
        client.store.tend(space)
        result["build_s"] = round(time.perf_counter() - began, 1)
        if options.settle:
            time.sleep(options.settle)
        queries = data.vectors(options.queries, options.dimension, 7)
        result["all"] = _sequential(
            server, client, queries, data.nearest(options.rows, options.dimension, queries, LIMIT)
        )
        for share in options.filters:
            modulus = round(1 / share)
            documents = [_id(5, number) for number in range(0, _DOCUMENTS, modulus)]
            truth = data.nearest(options.rows, options.dimension, queries, LIMIT, modulus)
            result[f"filter_{share:g}"] = _sequential(server, client, queries, truth, documents)
        result["load"] = [_concurrent(server, space, clients, options.seconds) for clients in options.clients]
        began = time.perf_counter()
        client.write(options.rows, data.vectors(1000, options.dimension, 5))
        result["write_1000_more_s"] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        with_tail = [client.search(query) for query in queries[:50]]
        result["search_with_tail_ms"] = round((time.perf_counter() - began) / len(with_tail) * 1e3, 2)
        result["memory_mb"], result["disk_mb"] = round(server.memory_mb()), round(server.disk_mb())
        client.store.close()
    return result


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=servers.STORES, default="pgvector")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--clients", type=int, nargs="*", default=[8, 32])
    parser.add_argument("--filters", type=float, nargs="*", default=[0.001, 0.01, 0.1, 0.5])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--settle", type=float, default=0.0, help="seconds for a store that indexes by itself")
    parser.add_argument("--dedicated", action="store_true", help="a collection of its own (Milvus)")
    parser.add_argument("--build-memory-mb", type=int, default=BuildLimits().memory_mb)
    parser.add_argument("--build-workers", type=int, default=BuildLimits().workers)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of PostgreSQL")
    parser.add_argument("--folder", help="where the server's files go meanwhile")
    print(json.dumps(measure(parser.parse_args())), flush=True)


if __name__ == "__main__":
    main()
