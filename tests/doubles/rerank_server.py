"""A loopback server that speaks the rerank wire of Cohere (``/v2/rerank``), Jina (``/v1/rerank``) and others (``/rerank``).

``python -m tests.doubles.rerank_server --port 9300`` serves it on its own. ``roots`` are the paths it
answers at. Scores are the cosine of hashed words; ``finish=logits`` sends them as
llama.cpp does. Scripts: ``tests.doubles.behaviour``. A key that contains ``invalid`` is refused with 401.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from tests.doubles.behaviour import Behaviour, embeddings, prompt_tokens, spoiled
from tests.doubles.loopback import Call, LoopbackServer, Reply, main

ROOTS = ("/rerank", "/v1/rerank", "/v2/rerank")
BY_STATUS = {
    401: "invalid api token",
    404: "model '{model}' not found, make sure the correct model ID was used and that you have access to the model.",
    429: "You are past the per minute request limit, please wait and try again later.",
    500: "internal server error",
}
_DIMENSIONS = 256


class RerankServer(LoopbackServer):
    """The rerank wire on loopback."""

    def __init__(self, *, roots: Sequence[str] = ROOTS) -> None:
        super().__init__()
        self._roots = roots

    async def handle(self, call: Call, reply: Reply) -> None:
        if call.path not in self._roots or call.method != "POST":
            reply.json(404, {"detail": "Not Found"})
        elif "invalid" in call.headers.get("authorization", "invalid"):
            reply.json(401, {"message": BY_STATUS[401]})
        else:
            await self._rerank(call, reply)

    async def _rerank(self, call: Call, reply: Reply) -> None:
        order = call.json()
        call.model = order["model"]
        behaviour = self.behaviour(call.model)
        failing = self.fails_now(call.model, behaviour)
        if failing and behaviour.hang:
            await asyncio.Event().wait()
        if failing and not behaviour.spoils:
            headers = {} if behaviour.retry_after < 0 else {"Retry-After": f"{behaviour.retry_after:g}"}
            message = BY_STATUS.get(behaviour.status, behaviour.error).replace("{model}", call.model)
            reply.json(behaviour.status or 500, {"message": message}, headers)
            return
        if not order["documents"] or "" in order["documents"]:
            reply.json(400, {"message": "invalid request: list of documents must not be empty"})
            return
        if failing and behaviour.garbage:
            reply.body(200, b'{"results": [{"index": 0,')
            return
        results = self._results(order, behaviour if failing else Behaviour(finish=behaviour.finish))
        reply.body(200, json.dumps(self._answer(call, order, results, behaviour)).encode())

    @staticmethod
    def _results(order: dict, behaviour: Behaviour) -> list[dict]:
        vectors = embeddings([order["query"], *order["documents"]], _DIMENSIONS)
        scores = (vectors[1:] @ vectors[0]).clip(0.0, 1.0)
        if behaviour.finish == "logits":
            scores = scores * 20.0 - 10.0
        rows = [row[0] for row in spoiled(scores.reshape(-1, 1), behaviour)]
        results = [{"index": index, "relevance_score": score} for index, score in enumerate(rows)]
        results.sort(key=lambda item: -(item["relevance_score"] or 0.0))
        return results[: order.get("top_n") or len(results)]

    @staticmethod
    def _answer(call: Call, order: dict, results: list[dict], behaviour: Behaviour) -> dict:
        if not behaviour.usage:
            return {"results": results}
        if call.path == "/v2/rerank":
            meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
            return {"id": "double", "results": results, "meta": meta}
        total = prompt_tokens([order["query"], *order["documents"]])
        return {"model": order["model"], "object": "list", "results": results, "usage": {"total_tokens": total}}


if __name__ == "__main__":
    main(RerankServer())
