"""How good searches are: ``python -m bench.knowledge.quality``, nDCG@10 with the packaged embedding model.

The set is what the package ``chatterbot-corpus`` ships (BSD): questions with their answers in English and
Chinese. Answers are the segments, questions the queries, and the answers of a question are what it should
find. Many answers are short and share no word with their question, so the figures compare methods; they are
not those of a published benchmark.

"reranked" is the hybrid search whose candidates a rerank model orders, over the provider for Cohere as a user
would configure it. No package carries a cross-encoder, so the model is ``bench.knowledge.late``.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import click
import yaml

from bench.knowledge.late import LateServer, TokenModel
from bench.knowledge.world import World
from server.embedded.state import free_ports
from tests.doubles.loopback import in_thread
from tests.harness.product import ROOT
from tests.harness.stores import wait_until
from tests.rest.knowledge import LINES, search_by

_TOPICS = {
    "english": ("ai", "computers", "history", "literature", "money", "psychology", "science", "trivia"),
    "chinese": ("ai", "history", "literature", "money", "movies", "politics", "psychology", "science", "sports"),
}
_WEIGHTS = {
    "reranking_mode": "weighted_score",
    "weights": {"vector_setting": {"vector_weight": 0.7}, "keyword_setting": {"keyword_weight": 0.3}},
}
_COHERE, _RERANKER = "langgenius/cohere/cohere", "late-interaction"
_METHODS: Mapping[str, Mapping[str, Any]] = {
    "semantic": search_by("semantic_search", top_k=10),
    "full text": search_by("full_text_search", top_k=10),
    "hybrid 0.7/0.3": search_by("hybrid_search", top_k=10, **_WEIGHTS),
    "reranked": search_by(
        "hybrid_search", top_k=10, reranking_mode="reranking_model",
        reranking_enable=True,
        reranking_model={"reranking_provider_name": _COHERE, "reranking_model_name": _RERANKER},
    ),
}  # fmt: skip
_WHAT = (
    "reranked: MaxSim over the token vectors of the packaged embedding model, on loopback over Cohere's wire; "
    "not a cross-encoder"
)
_MODEL_KEY = "a key of the bench"


def questions(language: str, most: int) -> dict[str, set[str]]:
    """Answers by question."""
    found: dict[str, set[str]] = {}
    for topic in _TOPICS[language]:
        file = resources.files("chatterbot_corpus") / "data" / language / f"{topic}.yml"
        for question, *answers in yaml.safe_load(file.read_text(encoding="utf-8"))["conversations"]:
            texts = {" ".join(str(answer).split())[:190] for answer in answers}
            found.setdefault(" ".join(str(question).split())[:240], set()).update(texts - {""})
    return dict(list(found.items())[:most])


def ndcg(shown: Sequence[str], wanted: set[str]) -> float:
    """nDCG@10 of one query, every wanted answer worth the same."""
    gain = sum(1 / math.log2(rank + 2) for rank, text in enumerate(shown[:10]) if text in wanted)
    best = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(wanted))))
    return gain / best


def measure(world: World, language: str, most: int) -> None:
    """Index one language and print a line a method."""
    asked = questions(language, most)
    corpus = sorted({answer for answers in asked.values() for answer in answers})
    knowledge = world.knowledge
    dataset_id = knowledge.dataset(
        indexing_technique="high_quality",
        embedding_model="multilingual-e5-small",
        embedding_model_provider="transom/local/local",
    )["id"]
    spent = world.index(dataset_id, "\n".join(corpus), process_rule=LINES)
    print(f"{language}: {len(asked)} questions, {len(corpus)} answers, indexed in {spent:.0f} s", flush=True)
    for name, model in _METHODS.items():
        scores = []
        for question, answers in asked.items():
            records = knowledge.retrieve(dataset_id, question, dict(model))
            scores.append(ndcg([record["segment"]["content"] for record in records], answers))
        print(f"   {name:16} nDCG@10 {sum(scores) / len(scores):.3f}", flush=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--questions", "most", default=200, show_default=True, help="Questions of each language.")
def main(most: int) -> None:
    """Report nDCG@10 of semantic, full-text, hybrid and reranked searches, in English and Chinese.

    Needs a C compiler (cc) for the rerank model.
    """
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "TRANSOM_LOCAL_MODEL_KEY": _MODEL_KEY,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}",
    }
    model = subprocess.Popen([sys.executable, "-m", "server", "model", "--port", str(port)], cwd=ROOT, env=environment)
    try:
        settings = {"local_model_url": f"http://127.0.0.1:{port}/v1", "local_model_key": _MODEL_KEY}
        wait_until(lambda: _listens(port), "the packaged model listens")
        with _reranker() as address, World(os.cpu_count() or 1, settings) as world:
            _add_reranker(world, address)
            print(_WHAT, flush=True)
            for language in _TOPICS:
                measure(world, language, most)
    finally:
        model.kill()
        model.wait()


@contextmanager
def _reranker() -> Iterator[str]:
    """The address of the rerank model's provider."""
    with (
        tempfile.TemporaryDirectory(prefix="transom-late-") as folder,
        in_thread(LateServer(TokenModel(Path(folder)))) as server,
    ):
        yield f"{server.url}/v2"


def _add_reranker(world: World, address: str) -> None:
    workspace = world.knowledge.workspace
    path = f"/console/api/workspaces/current/model-providers/{_COHERE}/models/credentials"
    credentials = {"api_key": "no-key-needed", "base_url": address}
    body = {"model": _RERANKER, "model_type": "rerank", "credentials": credentials}
    workspace.ok(workspace.console.post(path, json=body))


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
