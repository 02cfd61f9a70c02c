"""Full text and keywords at several sizes: ``python -m bench.index.fulltext --rows 3300 10000 100000``.

One line of JSON for each size: writing in batches of 1,000, searches of six tokens before and after merging,
and the same with 8 and 32 callers. 3,300 segments are 1 MiB of text.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from bench.index import data, servers
from server.db.engine import UowFactory, make_engine, uow_factory
from server.index.fulltext import FullText, TextEntry
from server.index.keywords import KeywordEntry, KeywordTable
from server.index.port import Hit

_TENANT = str(UUID(int=1))
_DOCUMENTS = 1_000
_LIMIT = 10


def _id(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 64) + number))


Write = Callable[[Any, str, str, Sequence[Any]], None]


def _written(
    server: servers.Running, uow: UowFactory, write: Write, dataset: str, entries: Sequence[Any], batch: int
) -> dict[str, float]:
    began, cpu = time.perf_counter(), server.cpu_seconds() + time.process_time()
    for at in range(0, len(entries), batch):
        with uow() as transaction:
            write(transaction, _TENANT, dataset, entries[at : at + batch])
            transaction.commit()
    cpu = server.cpu_seconds() + time.process_time() - cpu
    return {"seconds": round(time.perf_counter() - began, 2), "cpu_s": round(cpu, 2)}


def _times(server: servers.Running, search: Callable[[int], list[Hit]], count: int) -> dict[str, float]:
    for number in range(10):
        search(number)
    times = []
    cpu = server.cpu_seconds() + time.process_time()
    for number in range(count):
        began = time.perf_counter()
        search(number)
        times.append((time.perf_counter() - began) * 1e3)
    cpu = server.cpu_seconds() + time.process_time() - cpu
    times.sort()
    return {
        "p50_ms": round(times[count // 2], 2), "p99_ms": round(times[int(count * 0.99)], 2),
        "cpu_ms": round(cpu / count * 1e3, 2),
    }


def _callers(search: Callable[[int], list[Hit]], callers: int, seconds: float) -> dict[str, Any]:
    def call(number: int) -> int:
        done, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            search(number * 31 + done)
            done += 1
        return done

    with ThreadPoolExecutor(callers) as pool:
        return {"callers": callers, "qps": round(sum(pool.map(call, range(callers))) / seconds)}


def measure(server: servers.Running, uow: UowFactory, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    """All figures at one size."""
    texts, dataset, fulltext = data.Texts(), _id(2, rows), FullText()
    entries = [
        TextEntry(_id(3, number), _id(4, number), _id(5, number % _DOCUMENTS), tokens)
        for number, tokens in enumerate(texts.segments(rows))
    ]
    result: dict[str, Any] = {"rows": rows, "batch": options.batch}
    result["write"] = _written(server, uow, fulltext.write, dataset, entries, options.batch)
    queries = texts.queries(options.queries)

    def search(number: int, **fields: Any) -> list[Hit]:
        with uow() as transaction:
            return fulltext.search(transaction, _TENANT, dataset, queries[number % len(queries)], _LIMIT, **fields)

    result["search"] = _times(server, search, options.queries)
    began = time.perf_counter()
    fulltext.tend(uow, _TENANT, dataset)
    result["merge_s"] = round(time.perf_counter() - began, 2)
    result["search_merged"] = _times(server, search, options.queries)
    for share in (0.01, 0.5):
        documents = [_id(5, number) for number in range(0, _DOCUMENTS, round(1 / share))]
        result[f"filter_{share:g}"] = _times(server, lambda at, d=documents: search(at, documents=d), options.queries)
    result["load"] = [_callers(search, callers, options.seconds) for callers in (8, 32)]
    result["keywords"] = _keywords(server, uow, entries, options)
    result["memory_mb"], result["disk_mb"] = round(server.memory_mb()), round(server.disk_mb())
    return result


def _keywords(
    server: servers.Running, uow: UowFactory, texts: Sequence[TextEntry], options: argparse.Namespace
) -> dict[str, Any]:
    """Ten keywords a segment: its rarest words, as an extraction by TF-IDF chooses."""
    table, dataset = KeywordTable(), _id(6, len(texts))
    entries = [
        KeywordEntry(
            one.node_id, one.segment_id, one.document_id,
            sorted(set(one.tokens), key=lambda word: -int("".join(filter(str.isdigit, word))))[:10],
        )
        for one in texts
    ]
    written = _written(server, uow, table.write, dataset, entries, options.batch)

    def search(number: int) -> list[Hit]:
        with uow() as transaction:
            return table.search(transaction, _TENANT, dataset, entries[number % len(entries)].keywords, _LIMIT)

    return {"write": written, "search": _times(server, search, options.queries)}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[3_300, 10_000, 100_000])
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of PostgreSQL")
    parser.add_argument("--folder", help="where the server's files go meanwhile")
    options = parser.parse_args()
    for rows in options.rows:
        with servers.running("pgvector", options.set, options.folder) as server:
            engine = make_engine(server.address, pool_size=32)
            print(json.dumps(measure(server, uow_factory(engine), rows, options)), flush=True)
            engine.dispose()


if __name__ == "__main__":
    main()
