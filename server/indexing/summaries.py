"""The job ``summarise_document``: a model writes a summary of each segment, which is found like the segment itself.

The document answers meanwhile. A segment that is changed or removed while the model writes is left to whoever
did that. A fault that another attempt may mend brings the job back for what is left; any other is noted at the
segments it met.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from server.dataset.model import Dataset, ModelRef, model_ref
from server.db.engine import UowFactory
from server.indexing.entries import Entries, stored_dataset
from server.indexing.model import Node
from server.indexing.pipeline import final_reason
from server.indexing.ports import Ask, Models
from server.indexing.summary_store import SummaryStore, Unsummarised
from server.ingest.summary import summary_prompt
from server.kit.plain import clean_text

log = logging.getLogger("transom.indexing")

_GROUP = 10
_LONGEST = 4000


class Summariser:
    """Runs in the worker; thread-safe; may be repeated."""

    def __init__(self, uow: UowFactory, entries: Entries, models: Models, ask: Ask) -> None:
        self._uow = uow
        self._entries = entries
        self._models = models
        self._ask = ask

    def summarise(self, payload: Mapping[str, Any]) -> None:
        """The job's handler."""
        document_id = payload["document_id"]
        while True:
            dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
            if dataset is None:
                return
            with self._uow() as uow:
                store = SummaryStore(uow)
                if dataset.embedding is None:
                    store.forget(dataset.tenant_id, document_id)
                    uow.commit()
                    return
                waiting = store.pending(dataset.tenant_id, document_id, _GROUP)
            if not waiting:
                return
            written = self._written(dataset, waiting)
            done = [one for one in waiting if one.segment_id in written]
            try:
                self._write(dataset, document_id, done, written)
            except Exception as error:
                reason = final_reason(error)
                if reason is None:
                    raise
                self._fail(dataset, list(written), reason)

    def _written(self, dataset: Dataset, waiting: Sequence[Unsummarised]) -> dict[str, str]:
        """Summaries by segment. Raises what another attempt may mend when nothing else could be done."""
        setting = dataset.summary_index_setting or {}
        model = _model(setting)
        with ThreadPoolExecutor(_GROUP, thread_name_prefix="summary") as pool:
            calls: dict[str, Future[str]] = {
                one.segment_id: pool.submit(
                    self._ask, dataset.tenant_id, summary_prompt(one.language, setting.get("summary_prompt")),
                    one.content, model,
                )
                for one in waiting
            }
        written: dict[str, str] = {}
        passing: BaseException | None = None
        for segment_id, call in calls.items():
            error = call.exception()
            if error is None:
                written[segment_id] = clean_text(call.result()).strip()[:_LONGEST]
            elif isinstance(error, Exception) and (reason := final_reason(error)) is not None:
                self._fail(dataset, [segment_id], reason)
            else:
                passing = error
        if passing is not None and not written:
            raise passing
        return written

    def _fail(self, dataset: Dataset, segment_ids: Sequence[str], reason: str) -> None:
        log.warning("segments %s get no summary: %s", ", ".join(segment_ids), reason)
        with self._uow() as uow:
            SummaryStore(uow).fail(dataset.tenant_id, segment_ids, clean_text(reason)[:2000])
            uow.commit()

    def _write(
        self, dataset: Dataset, document_id: str, done: Sequence[Unsummarised], written: Mapping[str, str]
    ) -> None:
        """Into the indexes and the rows, in one transaction. Raises IndexChanged: the job comes back."""
        embedding = dataset.embedding
        assert embedding is not None
        nodes = [
            Node(node_id=one.node_id, segment_id=one.segment_id, document_id=document_id, text=written[one.segment_id])
            for one in done if written[one.segment_id]
        ]
        texts = [node.text for node in nodes]
        found = self._models.documents(dataset.tenant_id, embedding.provider, embedding.model, texts)
        ready = self._entries.prepare(dataset, nodes, found.vectors)
        self._entries.write_outside(ready)
        with self._uow() as uow:
            store = SummaryStore(uow)
            held = store.hold(dataset.tenant_id, {one.segment_id: one.content for one in done})
            # Who enables a segment writes the entry of its summary too.
            kept = {node.node_id for node in nodes if held.get(node.segment_id)}
            if kept:
                self._entries.write(uow, ready.only(kept))
            for segment_id in sorted(held):
                store.complete(dataset.tenant_id, segment_id, written[segment_id])
            uow.commit()
        self._entries.take_back(ready.only({node.node_id for node in nodes} - kept))


def _model(setting: Mapping[str, Any]) -> ModelRef | None:
    """The dataset's model for summaries; None is the workspace's default."""
    provider, name = setting.get("model_provider_name"), setting.get("model_name")
    return model_ref(str(provider), str(name)) if provider and name else None
