"""A product with a worker, an embedder on loopback, and texts to index."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from server.embedded.state import free_ports
from tests.harness.product import ROOT, Product, Workspace
from tests.harness.stores import DataStores, wait_until
from tests.rest.knowledge import LINES, Knowledge

_SYLLABLES = [consonant + vowel for consonant in "bdklmnr" for vowel in "aeiou"]
# One segment a line, of 318 characters: 3,300 of them are 1 MiB.
_CHARACTERS = 318
_RULE = {
    "mode": "custom",
    "rules": {**LINES["rules"], "segmentation": {"separator": "\n", "max_tokens": 400, "chunk_overlap": 0}},
}


class World:
    """``with World() as world``; everything is removed after it."""

    def __init__(self, servers: int, settings: Mapping[str, str] | None = None) -> None:
        self._servers = servers
        self._settings = settings or {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        enter = self._stack.enter_context
        self.folder = Path(enter(tempfile.TemporaryDirectory(prefix="transom-bench-")))
        stores = enter(DataStores(durable=True))
        model_url = self._model()
        self.database_url = stores.postgres_url()
        self.product = enter(
            Product(
                self.database_url, stores.redis_url(), self.folder / "product", servers=self._servers, worker=True,
                settings={"log_level": "WARNING", "worker_concurrency": "2", **self._settings},
            )
        )
        self.knowledge = Knowledge(Workspace(self.product, model_url, model="gpt-4o-mini@tokens=1"))
        self.knowledge.add_embedder("embed@size=768")

    def _model(self) -> str:
        (port,) = free_ports(1)
        child = subprocess.Popen([sys.executable, "-m", "tests.doubles.openai_server", "--port", str(port)], cwd=ROOT)
        self._stack.callback(child.wait)
        self._stack.callback(child.kill)

        def answers() -> bool:
            try:
                httpx.get(f"http://127.0.0.1:{port}/v1/models")
            except httpx.HTTPError:
                return False
            return True

        wait_until(answers, "the loopback model answers")
        return f"http://127.0.0.1:{port}"

    def index(self, dataset_id: str, text: str, **fields: Any) -> float:
        """Seconds from sending a text to its completion."""
        began = time.perf_counter()
        body = {"name": f"{began}.txt", "text": text, "process_rule": _RULE, **fields}
        made = self.knowledge.ok("POST", f"/datasets/{dataset_id}/document/create-by-text", json=body)
        (state,) = self.knowledge.wait_indexed(dataset_id, made["batch"], seconds=600)
        assert state["indexing_status"] == "completed", state
        return time.perf_counter() - began

    def memory(self) -> Mapping[str, float]:
        """MiB of the server processes and of the worker with its children."""
        found: dict[str, float] = {}
        for name, child in self.product._children.items():
            process = psutil.Process(child.pid)
            family = [process, *process.children(recursive=True)]
            found[name] = sum(one.memory_info().rss for one in family) / 2**20
        return found


def words(count: int, seed: int = 7) -> list[str]:
    """Made-up words with the uneven use that real ones have."""
    dice = random.Random(seed)
    vocabulary = ["".join(dice.choices(_SYLLABLES, k=dice.randint(1, 4))) for _ in range(8000)]
    weights = [1 / (rank + 10) for rank in range(len(vocabulary))]
    return dice.choices(vocabulary, weights, k=count)


def lines(count: int, *, words_each: int = 70, seed: int = 7) -> str:
    """As many lines, each a segment of at most 318 characters."""
    flat = words(count * words_each, seed)
    return "\n".join(" ".join(flat[at : at + words_each])[:_CHARACTERS] for at in range(0, len(flat), words_each))
