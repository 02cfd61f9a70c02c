"""Calls of the Dataset API that were recorded from a running Dify 1.12.1 are made again, and answered alike.

Replies are compared field by field: keys and their order, types, nulls, values. Ids, times, token counts and scores
are their own content, and keywords are a set. What is decided otherwise stands in CHANGED and ANSWERED, with its reason. Calls that were made
but not recorded are made in ``_PREPARE``.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.harness.product import COMPATIBLE
from tests.rest.knowledge import EMBEDDER, Knowledge
from tests.rest.test_fidelity_recordings import _gist as gist
from tests.rest.test_knowledge_changes import no_work

Step = Mapping[str, Any]
RECORDED: Mapping[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).resolve().parents[1] / "golden" / "knowledge_api.json").read_text(encoding="utf-8")
)
STORY = b"# One\n\nAbout seas and some ships.\n\n# Two\n\nAbout tall white mountains.\n"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MARK = "733022"
_BATCH = re.compile(r"\d{20}")
# (steps, place in the body, what stands there now, why).
CHANGED: Sequence[tuple[str, str, Any, str]] = (
    (".", r"\.embedding_available", True, "dataset-api.md 2.1: computed everywhere"),
    (
        ".", r"\.(summary_index_setting|external_knowledge_info|external_retrieval_model|icon_info)", None,
        "dataset-api.md 2.1: null when unset",
    ),
    ("retrieve/", r"\.(child_chunks|files)", [], "dataset-api.md 6.2: empty lists"),
    ("segments/update", r"\.data\.keywords", ["moon"], "dataset-api.md 5.4: replaced by those that were sent"),
    ("cleanup/", r"\.created_from", "api", "dataset-api.md 3.1: it stays what it was"),
    ("cleanup/document 20 s", r"\.(indexing_status)", "completed", "the old segments answer until the new ones do"),
    ("cleanup/document 20 s", r"\.(display_status)", "available", "the same"),
    ("cleanup/document 20 s", r"\.segment_count", 6, "the same: those of one version are counted"),
    ("cleanup/document 20 s", r"\.average_segment_length", 28, "the same"),
    ("cleanup/document 20 s", r"\.completed_at", 1, "the same"),
)  # fmt: skip
# Steps whose answer is another one: status, what is said (None: anything), why.
ANSWERED: Mapping[str, tuple[int, Any, str]] = {
    "datasets/tag create": (200, None, "architecture.md 5: tags work"),
    "datasets/tag list": (200, None, "architecture.md 5: tags work"),
    "datasets/tag rename": (404, None, "dataset-api.md 7.1: unknown tag"),
    "datasets/tag unbind": (400, None, "dataset-api.md 7.1: no tag is named"),
    "datasets/list by tag": (200, None, "dataset-api.md 2.4: an empty tag is no filter"),
    "datasets/tags of dataset (post)": (200, None, "clients of Dify 1.12 ask so"),
    "documents/upload-file": (200, None, "clients of Dify 1.12 ask so"),
    "documents/status enable at once": (200, {"result": "success"}, "searches look at the documents' rows: no job"),
    "segments/create empty": (
        400, {"code": "invalid_param", "message": "Segments is required", "status": 400, "error": "Segments is required"},
        "dataset-api.md 5.1",
    ),
    "retrieve/full_text_search": (200, None, "architecture.md 5: real BM25"),
    "retrieve/hybrid_search": (200, None, "the same: both lists"),
    "retrieve/zzz": (400, None, "another text"),
}  # fmt: skip
# Objects whose keys come in no order: what is in them is free. So are a document's own two that may be left out.
_LOOSE = re.compile(r"\.(upload_file|document_process_rule|dataset_process_rule|rules|segmentation|subchunk_segmentation|pre_processing_rules\[\d+\]|doc_metadata(\[\d+\])?)$")
# Keys that newer versions add behind the others of a dataset.
NEWER = ["maintainer"]


@dataclass
class Replay:
    """The recorded conversation, made again; ids, names and batches of then become those of now."""

    knowledge: Knowledge
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known |= {_MARK: uuid.uuid4().hex[:6], "fake-embed": EMBEDDER, "langgenius/openai/openai": COMPATIBLE}

    def now(self, value: Any) -> Any:
        """A recorded value with what is called otherwise now."""
        text = json.dumps(value)
        for then, now in self.known.items():
            text = text.replace(then, now)
        return json.loads(text)

    def id(self, number: int) -> str:
        """The id that was recorded under a number."""
        return self.known[f"00000000-0000-4000-8000-000000000{number}"]

    def learn(self, number: int, now: str) -> None:
        """What an unrecorded call made."""
        self.known[f"00000000-0000-4000-8000-000000000{number}"] = now

    def make(self, area: str, step: Step) -> None:
        """Make a recorded call and compare what it answers."""
        name = f"{area}/{step['label']}"
        reply = self._send(step)
        status, wanted = step["status"], step["body"]
        if name in ANSWERED:
            status, wanted, _ = ANSWERED[name]
            assert reply.status_code == status, f"{name}: {reply.text}"
            if wanted is None:
                return
        elif wanted == 204:
            assert (reply.status_code, reply.content) == (204, b""), name
            return
        assert reply.status_code == status, f"{name}: {reply.text}"
        self._compare(wanted, reply.json(), name, "")

    def _send(self, step: Step) -> httpx.Response:
        path = self.now(step["path"])
        options: dict[str, Any] = {}
        if "upload" in step:
            data = json.dumps({"process_rule": {"mode": "automatic"}})
            options = {"files": {"file": ("story.md", STORY, "text/markdown")}, "data": {"data": data}}
        elif "json" in step:
            options = {"json": self.now(step["json"])}
        return self.knowledge.http.request(step["method"], path, **options)

    def _compare(self, then: Any, now: Any, name: str, place: str) -> None:
        where = f"{name}: {place or 'body'}"
        for steps, changed, value, _ in CHANGED:
            if re.search(steps, name) and re.search(f"{changed}$", place):
                then = value
        if isinstance(then, dict):
            assert isinstance(now, dict), where
            self._compare_objects(then, now, name, place)
        elif isinstance(then, list):
            assert isinstance(now, list), where
            self._compare_lists(then, now, name, place)
        elif isinstance(then, str) and (_ID.fullmatch(then) or _BATCH.fullmatch(then)):
            assert isinstance(now, str), where
            assert self.known.setdefault(then, now) == now, where
        else:
            assert now == self.now(then), where
            assert type(now) is type(then), where

    def _compare_objects(self, then: dict[str, Any], now: dict[str, Any], name: str, place: str) -> None:
        if place.endswith(".segmentation") and "delimiter" in then:
            # Both spellings (dataset-api.md 3.2).
            then = {**then, "separator": then["delimiter"]}
        loose = _LOOSE.search(place) or name == "metadata/rename" or {"doc_type", "segment_count"} <= set(then)
        ordered = sorted if loose else list
        assert ordered(now) == ordered(self._keys(then)), f"{name}: {place}"
        for key, value in then.items():
            self._compare_named(key, value, now[key], name, f"{place}.{key}")

    def _compare_lists(self, then: list[Any], now: list[Any], name: str, place: str) -> None:
        assert len(now) == len(then), f"{name}: {place}: {now}"
        if place == ".records" and then:
            self._compare_records(then, now, name)
        elif place.endswith(".keywords"):
            assert sorted(now) == sorted(then), f"{name}: {place}"
        else:
            for at, (one, other) in enumerate(zip(then, now, strict=True)):
                self._compare(one, other, name, f"{place}[{at}]")

    def _compare_records(self, then: list[Any], now: list[Any], name: str) -> None:
        """As many, and alike where both found a text: which are near is for the embedding model to say."""
        texts = [record["segment"]["content"] for record in then]
        assert any(record["segment"]["content"] in texts for record in now), name
        for at, record in enumerate(now):
            text = record["segment"]["content"]
            wanted = then[texts.index(text)] if text in texts else then[0]
            if text in texts:
                self._compare(wanted, record, name, f".records[{at}]")
            else:
                assert list(record) == list(wanted), name
                assert list(record["segment"]) == list(wanted["segment"]), name

    @staticmethod
    def _keys(then: dict[str, Any]) -> list[str]:
        keys = list(then)
        if "is_multimodal" in keys:
            at = keys.index("is_multimodal") + 1
            keys[at:at] = NEWER
        return keys

    def _compare_named(self, key: str, then: Any, now: Any, name: str, place: str) -> None:
        changed = next((value for steps, at, value, _ in CHANGED if re.search(steps, name) and re.search(f"{at}$", place)), then)
        if key.endswith("_at") and changed is not None:
            assert isinstance(now, (int, float)), f"{name}: {place}"
        elif key in {"score", "indexing_latency"}:
            assert isinstance(now, float), f"{name}: {place}"
        elif key == "tokens" and then:
            assert isinstance(now, int) and now > 0, f"{name}: {place}"
        elif key == "message":
            assert gist(now) == gist(then), f"{name}: {place}"
        elif key == "author_name":
            assert now == "owner"
        elif place.endswith("value") and then in {"admin", "1795334441.0", "1795334481.235642"}:
            # Built-in metadata: who, and when.
            assert now == "owner" if then == "admin" else float(now) > 1e9, f"{name}: {place}"
        else:
            self._compare(then, now, name, place)


def _high_quality(replay: Replay) -> None:
    body = {
        "name": replay.now(f"cap hq {_MARK}"), "indexing_technique": "high_quality",
        "permission": "all_team_members",
    }
    replay.learn(157, replay.knowledge.ok("POST", "/datasets", json=body)["id"])


def _its_document(replay: Replay) -> None:
    (economy,) = (step for step in RECORDED["documents"] if step["label"] == "create-by-text economy")
    path = f"/datasets/{replay.id(157)}/document/create-by-text"
    made = replay.knowledge.ok("POST", path, json=economy["json"])
    document = made["document"]
    replay.learn(162, document["id"])
    replay.learn(163, document["data_source_info"]["upload_file_id"])
    replay.learn(164, document["dataset_process_rule_id"])
    replay.known["20261122080041530941"] = made["batch"]


def _wait(dataset: int, batch: str) -> Callable[[Replay], None]:
    def wait(replay: Replay) -> None:
        (state,) = replay.knowledge.wait_indexed(replay.id(dataset), replay.known[batch])
        assert state["indexing_status"] == "completed", state

    return wait


def _un_archive(replay: Replay) -> None:
    body = {"document_ids": [replay.id(162)]}
    replay.knowledge.ok("PATCH", f"/datasets/{replay.id(157)}/documents/status/un_archive", json=body)


def _parents(replay: Replay) -> None:
    replay.learn(168, replay.knowledge.quality())


def _field(replay: Replay) -> None:
    path = f"/datasets/{replay.id(157)}/metadata"
    replay.learn(201, replay.knowledge.ok("POST", path, json={"type": "string", "name": "lang"})["id"])


_PREPARE: Mapping[str, Callable[[Replay], None]] = {
    "datasets/get high_quality": _high_quality,
    "documents/indexing-status done economy": _wait(156, "20261122080039961992"),
    "documents/indexing-status at once high_quality": _its_document,
    "documents/documents high_quality": _wait(157, "20261122080041530941"),
    "documents/indexing-status file": _wait(157, "20261122080046377068"),
    "documents/create parent-child (hierarchical)": _parents,
    "documents/document after un_archive": _un_archive,
    "documents/hierarchical status": _wait(168, "20261122080047154009"),
    "metadata/set on documents": _field,
    "cleanup/document 20 s after update-by-text": _wait(157, "20261122080041530941"),
}


# The worker stands still from a step until another, so that what waits is seen waiting.
_STILL: Mapping[str, str] = {
    "documents/create-by-text economy": "documents/indexing-status at once economy",
    **{
        name: name for name in (
            "documents/indexing-status at once high_quality", "documents/create-by-file",
            "documents/create parent-child (hierarchical)", "cleanup/update-by-text",
        )
    },
}  # fmt: skip


def test_recorded_calls_are_answered_as_they_were(indexed: Knowledge) -> None:
    replay, still, until = Replay(indexed), ExitStack(), ""
    with still:
        for area, steps in RECORDED.items():
            for step in steps:
                name = f"{area}/{step['label']}"
                if name in _STILL:
                    until = _STILL[name]
                    still.enter_context(no_work(indexed.workspace.product))
                if name in _PREPARE:
                    _PREPARE[name](replay)
                replay.make(area, step)
                if name == until:
                    still.close()


def test_every_decision_is_about_a_recorded_call() -> None:
    names = [f"{area}/{step['label']}" for area in RECORDED for step in RECORDED[area]]
    assert set(ANSWERED) <= set(names) and set(_PREPARE) <= set(names)
    assert all(any(re.search(steps, name) for name in names) for steps, *_ in CHANGED)
    assert len(names) > 60
