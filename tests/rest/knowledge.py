"""A client of the Dataset API on a product."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx

from tests.harness.product import Workspace


class Knowledge:
    """Calls with a dataset key of the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        made = workspace.ok(workspace.console.post("/console/api/datasets/api-keys"))
        self.key = made["token"]
        self.http = httpx.Client(
            base_url=workspace.product.url, timeout=60, headers={"Authorization": f"Bearer {self.key}"}
        )

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
