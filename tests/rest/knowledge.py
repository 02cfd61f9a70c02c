"""A client of the Dataset API on a product."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx

from tests.harness.product import COMPATIBLE, Workspace

EMBEDDER = "loopback-embed"
_PROVIDERS = "/console/api/workspaces/current/model-providers"
AUTOMATIC = {"mode": "automatic"}
# One segment a line.
LINES = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": [{"id": "remove_extra_spaces", "enabled": True}],
        "segmentation": {"separator": "\n", "max_tokens": 200, "chunk_overlap": 0},
    },
}
NESTED = {
    "mode": "hierarchical",
    "rules": {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 500, "chunk_overlap": 0},
        "parent_mode": "paragraph",
        "subchunk_segmentation": {"separator": "\n", "max_tokens": 200, "chunk_overlap": 0},
    },
}


def search_by(method: str, **fields: Any) -> dict[str, Any]:
    """A retrieval model."""
    return {
        "search_method": method, "reranking_enable": False, "top_k": 3, "score_threshold_enabled": False, **fields,
    }  # fmt: skip


class Knowledge:
    """Calls with a dataset key of the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        made = workspace.ok(workspace.console.post("/console/api/datasets/api-keys"))
        self.key = made["token"]
        self.http = httpx.Client(
            base_url=workspace.product.url, timeout=60, headers={"Authorization": f"Bearer {self.key}"}
        )

    def add_embedder(self, model: str = EMBEDDER, *, default: bool = True) -> str:
        """Make the loopback embedder callable; its name may carry a script after ``@``."""
        self.workspace.add_model(model, "text-embedding")
        if default:
            self.workspace.use_default(model, "text-embedding")
        return model

    def add_model(self, url: str, model: str, model_type: str, **form: str) -> str:
        """Make a model at another address callable: ``llm``, ``text-embedding`` or ``rerank``."""
        credentials = {"endpoint_url": f"{url}/v1", "api_key": "sk-test-key", "context_size": "8192", **form}
        if model_type == "llm":
            credentials |= {"mode": "chat"}
        body = {"model": model, "model_type": model_type, "credentials": credentials}
        self.workspace.ok(self.workspace.console.post(f"{_PROVIDERS}/{COMPATIBLE}/models/credentials", json=body))
        return model

    def remove_model(self, model: str, model_type: str) -> None:
        """Take a model out of the workspace."""
        body = {"model": model, "model_type": model_type}
        reply = self.workspace.console.request("DELETE", f"{_PROVIDERS}/{COMPATIBLE}/models", json=body)
        assert reply.is_success, reply.text

    def quality(self, embedder: str = EMBEDDER, **fields: Any) -> str:
        """The id of a new dataset of high quality."""
        made = self.dataset(
            indexing_technique="high_quality", embedding_model=embedder, embedding_model_provider=COMPATIBLE, **fields
        )
        return str(made["id"])

    def economy(self, **fields: Any) -> str:
        """The id of a new economy dataset."""
        return str(self.dataset(indexing_technique="economy", **fields)["id"])

    def add_text(self, dataset_id: str, text: str, **fields: Any) -> dict[str, Any]:
        """Create a document from text and wait until it is indexed; the document."""
        body = {"name": f"{uuid.uuid4().hex[:8]}.txt", "text": text, "process_rule": LINES, **fields}
        made = self.ok("POST", f"/datasets/{dataset_id}/document/create-by-text", json=body)
        (state,) = self.wait_indexed(dataset_id, made["batch"])
        assert state["indexing_status"] == "completed", state
        found: dict[str, Any] = self.ok("GET", f"/datasets/{dataset_id}/documents/{made['document']['id']}")
        return {**found, "batch": made["batch"]}

    def segments(self, dataset_id: str, document_id: str) -> list[dict[str, Any]]:
        """The first hundred segments of a document."""
        found: list[dict[str, Any]] = self.ok(
            "GET", f"/datasets/{dataset_id}/documents/{document_id}/segments", params={"limit": 100}
        )["data"]
        return found

    def retrieve(self, dataset_id: str, query: str, model: dict[str, Any] | None = None, **fields: Any) -> list[Any]:
        """Records of a search."""
        body = {"query": query, **({"retrieval_model": model} if model else {}), **fields}
        found: list[Any] = self.ok("POST", f"/datasets/{dataset_id}/retrieve", json=body)["records"]
        return found

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a good reply; None without a body."""
        reply = self.http.request(method, f"/v1{path}", **options)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """(status, code) of a refusal, whose body is the envelope."""
        reply = self.http.request(method, f"/v1{path}", **options)
        body = reply.json()
        assert not reply.is_success, reply.text
        assert {"code", "message", "status"} <= set(body), body
        assert body["status"] == reply.status_code
        return reply.status_code, body["code"]

    def refusal(self, method: str, path: str, **options: Any) -> tuple[int, str, str]:
        """(status, code, message) of a refusal."""
        reply = self.http.request(method, f"/v1{path}", **options)
        assert not reply.is_success, reply.text
        body = reply.json()
        assert body["status"] == reply.status_code
        return reply.status_code, body["code"], body["message"]

    def dataset(self, **fields: Any) -> dict[str, Any]:
        """A new dataset."""
        made: dict[str, Any] = self.ok("POST", "/datasets", json={"name": new_name(), **fields})
        return made

    def wait_indexed(self, dataset_id: str, batch: str, *, seconds: float = 60) -> list[dict[str, Any]]:
        """Until every document of a batch is completed, failed or paused; their states."""
        deadline = time.monotonic() + seconds
        while True:
            states: list[dict[str, Any]] = self.ok("GET", f"/datasets/{dataset_id}/documents/{batch}/indexing-status")[
                "data"
            ]
            if all(one["indexing_status"] in {"completed", "error", "paused"} for one in states):
                return states
            assert time.monotonic() < deadline, states
            time.sleep(0.05)


def new_name() -> str:
    """A name nobody else uses."""
    return f"set {uuid.uuid4().hex[:12]}"
