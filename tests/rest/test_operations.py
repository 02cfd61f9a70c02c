"""What operators see of a product that runs: readiness through the gateway, numbers of each process on its own port."""

from __future__ import annotations

import re

import httpx

from tests.harness.product import Product
from tests.rest.knowledge import Knowledge


def _numbers(product: Product) -> str:
    return "\n".join(
        httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).raise_for_status().text
        for port in product.admin_ports
    )


def _sum(text: str, start: str) -> float:
    """The sum of a number over all processes, of all labels that begin so."""
    return sum(float(value) for value in re.findall(rf"^{re.escape(start)}.* (\S+)$", text, re.MULTILINE))


def test_ready_through_the_gateway(knowledge_product: Product) -> None:
    reply = httpx.get(f"{knowledge_product.url}/ready", timeout=10)
    assert (reply.status_code, reply.json()) == (
        200, {"status": "ready", "database": "ok", "migrations": "ok", "redis": "ok"}
    )


def test_numbers_of_calls_runs_and_models(indexed: Knowledge, knowledge_product: Product) -> None:
    app = indexed.workspace.app()
    call, run = 'transom_call_seconds_count{rpc="transom.chat.v1.ChatService/', 'transom_runs_ended_total{mode="chat"'
    tokens = "transom_model_tokens_total{"
    before = _numbers(knowledge_product)
    usage = indexed.workspace.ok(app.send())["metadata"]["usage"]
    assert app.send(user="").status_code == 400
    after = _numbers(knowledge_product)
    assert _sum(after, call) == _sum(before, call) + 2
    assert _sum(after, run) == _sum(before, run) + 1
    assert _sum(after, tokens) >= _sum(before, tokens) + usage["total_tokens"]
    assert re.search(rf'^{re.escape(call)}\w+",status="400"}} ', after, re.MULTILINE)
    for name in ("transom_database_threads 20", "transom_streams_open 0", "transom_jobs_waiting", "process_cpu_seconds"):
        assert name in after, name
