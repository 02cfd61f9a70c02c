"""Calls about annotations that were recorded from a running Dify 1.12.1 are made again, and answered alike."""

from __future__ import annotations

import json
from typing import Any

from tests.harness.product import COMPATIBLE
from tests.rest.knowledge import EMBEDDER, Knowledge
from tests.rest.test_annotations import ENDS, eventually
from tests.rest.test_fidelity_recordings import GOLDEN, Replay

# What is called otherwise here: the model, and who wrote the annotation.
_NAMES = {"langgenius/openai/openai": COMPATIBLE, "fake-embed": EMBEDDER, '"name": "admin"': '"name": "owner"'}


def test_recorded_calls_are_answered_as_they_were(indexed: Knowledge) -> None:
    app = indexed.workspace.app()
    replay = Replay(indexed.workspace, {"chat": app})
    for step in _recorded():
        if step["label"] == "reply enable status":
            path = step["path"].replace(_job(step), replay.ids[_job(step)])
            eventually(lambda path=path: app.http.get(path).json()["job_status"] in ENDS)
        if step["label"] == "chat that hits the annotation":
            _change(indexed, app.http)
            eventually(lambda: app.send("What is sea?").json()["answer"] == "Water.")
        replay.make(step)


def _recorded() -> list[dict[str, Any]]:
    """The steps by the names of now. The text came in one event a character; it comes in one event."""
    text = (GOLDEN / "annotations.json").read_text(encoding="utf-8")
    for then, now in _NAMES.items():
        text = text.replace(then, now)
    steps: list[dict[str, Any]] = json.loads(text)
    for step in steps:
        if "deltas" in step:
            step["deltas"] = ["".join(step["deltas"])]
            step["events"][0]["answer"] = step["deltas"][0]
    return steps


def _job(step: dict[str, Any]) -> str:
    return str(step["path"].rpartition("/")[2])


def _change(indexed: Knowledge, http: Any) -> None:
    """A change that was made and not recorded: what answered then is another text than what was created."""
    (made,) = http.get("/v1/apps/annotations").json()["data"]
    indexed.workspace.ok(
        http.put(f"/v1/apps/annotations/{made['id']}", json={"question": "What is sea?", "answer": "Water."})
    )
