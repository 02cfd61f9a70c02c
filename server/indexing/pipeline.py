"""The job ``index_document``: from a file to segments that searches find (rag-engine.md section 1).

Steps: extract and split (one pass, in batches), embed and write (in batches, the next one is embedded while
the last one is written), switch the document to its new version. After a crash the next attempt goes on
where the segments say: what is not split is split anew, what is not indexed is indexed.

While another index of the dataset is built beside the one that answers (rebuild.py), a document is written
into the new one and waits with its switch until that one answers: "completed" means found.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from server.dataset.model import Dataset
from server.dataset.store import DatasetStore
from server.db.engine import UowFactory
from server.index.port import VectorStoreUnavailable
from server.indexing.entries import Entries, Prepared
from server.indexing.model import Failed, IndexChanged, PendingSegment, Superseded, Task
from server.indexing.pictures import PictureKeeper
from server.indexing.ports import Ask, Files, Models
from server.indexing.store import IndexingStore
from server.indexing.summary_store import SummaryStore
from server.ingest import qa
from server.ingest.chunks import Chunk, chunks
from server.ingest.extract import ExtractError, Limits, extract
from server.ingest.rules import QA, RuleError, parse_rule
from server.kit.errors import AppError, Reason
from server.kit.plain import clean_text
from server.llm.port import ModelFault
from server.llm.tokens import count

log = logging.getLogger("transom.indexing")

_INSERT = 500
_BATCH = 200
_AHEAD = 2
_QA_GROUP = 10
_DROP = 1000
# After a document, its dataset's indexes are brought into order: once for many documents.
_TEND_LATER = timedelta(seconds=5)
# A model fault that no repetition mends.
_FINAL_FAULTS = frozenset({"auth", "quota", "model", "request"})


class DocumentIndexer:
    """Runs in the worker; thread-safe."""

    def __init__(
        self, uow: UowFactory, entries: Entries, models: Models, files: Files, pictures: PictureKeeper, ask: Ask,
        limits: Limits, *, most_attempts: int, longest_segment: int = 4000,
    ) -> None:
        self._uow = uow
        self._entries = entries
        self._models = models
        self._files = files
        self._pictures = pictures
        self._ask = ask
        self._limits = limits
        self._most_attempts = most_attempts
        self._longest = longest_segment

    def index(self, payload: Mapping[str, Any]) -> None:
        """The job's handler. Raises what another attempt may mend."""
        with self._uow() as uow:
            store = IndexingStore(uow)
            task = store.begin(payload["tenant_id"], payload["document_id"], payload["version"])
            uow.commit()
        if task is None:
            return
        try:
            if task.attempts > self._most_attempts:
                raise Failed(f"Indexing was begun {self._most_attempts} times and never came to an end.")
            self._run(task)
        except Superseded:
            log.info("document %s: version %d is not wanted from here any more", task.document_id, task.version)
        except IndexChanged:
            self._start_over(task)
        except Exception as error:
            self._fail_or_raise(task, error)

    def _start_over(self, task: Task) -> None:
        """Have all segments of the version indexed again, for an index that came in between. Raises RuntimeError."""
        with suppress(Superseded), self._uow() as uow:
            store = IndexingStore(uow)
            store.hold(task)
            store.reset_segments(task)
            store.excuse(task, None)
            uow.commit()
            raise RuntimeError("the dataset's index was changed; the document is indexed again")

    def _fail_or_raise(self, task: Task, error: Exception) -> None:
        """End the document with a reason, or let the job come back for another attempt."""
        if isinstance(error, VectorStoreUnavailable):
            # However long it is away: that is not the document's fault.
            with suppress(Superseded), self._uow() as uow:
                store = IndexingStore(uow)
                store.hold(task)
                store.excuse(task, clean_text(str(error))[:2000])
                uow.commit()
            raise error
        reason = final_reason(error)
        if reason is None and task.attempts < self._most_attempts:
            raise error
        text = clean_text(reason or f"Indexing failed: {error}")[:2000]
        log.warning("document %s failed: %s", task.document_id, text, exc_info=reason is None and error)
        try:
            with self._uow() as uow:
                store = IndexingStore(uow)
                store.hold(task)
                store.fail(task, text)
                uow.commit()
        except Superseded:
            return

    def _run(self, task: Task) -> None:
        dataset = self._dataset(task)
        if not task.is_split:
            self._split(task)
        self._write_all(task, dataset)
        self._switch(task, dataset)

    def _dataset(self, task: Task) -> Dataset:
        with self._uow() as uow:
            dataset = DatasetStore(uow).find(task.tenant_id, task.dataset_id)
        if dataset is None:
            raise Superseded
        return dataset

    # Extract and split

    def _split(self, task: Task) -> None:
        self._drop_leftovers(task)
        if not task.file_key:
            raise Failed("The file of the document is gone.")
        found = self._found(task)
        position = 1
        while batch := list(islice(found, _INSERT)):
            with self._uow() as uow:
                store = IndexingStore(uow)
                store.hold(task)
                if position == 1:
                    store.set(task, {"indexing_status": "splitting", "parsing_completed_at": datetime.now(UTC)})
                store.add_segments(task, batch, position)
                uow.commit()
            position += len(batch)
        with self._uow() as uow:
            store = IndexingStore(uow)
            store.hold(task)
            _, characters = store.totals(task)
            store.split(task, characters)
            uow.commit()

    def _drop_leftovers(self, task: Task) -> None:
        gone = _DROP
        while gone == _DROP:
            with self._uow() as uow:
                store = IndexingStore(uow)
                store.hold(task)
                gone = store.drop_version(task, _DROP)
                uow.commit()

    def _found(self, task: Task) -> Iterator[tuple[Chunk, str | None]]:
        """The segments of the document: chunk and answer (Q&A only)."""
        rule = parse_rule(task.rule, doc_form=task.doc_form, longest=self._longest)
        path = self._files.path(task.file_key)
        parts = extract(path, task.extension, self._limits, lambda picture: self._pictures.keep(task, picture))
        made = chunks(parts, rule, task.doc_form, count_tokens=count)
        if task.doc_form == QA:
            return self._pairs(task, made)
        return ((chunk, None) for chunk in made)

    def _pairs(self, task: Task, made: Iterator[Chunk]) -> Iterator[tuple[Chunk, str | None]]:
        """Question and answer pairs that the workspace's model makes, in document order, ten chunks at a time.

        A chunk whose call fails gives none; when all fail, the last fault is raised (rag-engine.md section 5).
        """
        system = qa.qa_prompt(task.doc_language)
        fault: Exception | None = None
        any_answer = False
        with ThreadPoolExecutor(_QA_GROUP, thread_name_prefix="qa") as pool:
            while group := list(islice(made, _QA_GROUP)):
                calls = [pool.submit(self._ask, task.tenant_id, system, chunk.content) for chunk in group]
                for call in calls:
                    try:
                        answer = call.result()
                    except (ModelFault, AppError, TimeoutError) as error:
                        log.warning("document %s: a chunk gives no questions: %s", task.document_id, error)
                        fault = error
                        continue
                    any_answer = True
                    for question, reply in qa.parse_pairs(answer):
                        yield Chunk(question), reply
        if fault is not None and not any_answer:
            raise fault

    # Embed and write

    def _write_all(self, task: Task, dataset: Dataset) -> None:
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="embed") as pool:
            waiting: list[tuple[list[PendingSegment], Future[Prepared]]] = []
            try:
                for batch in self._batches(task):
                    waiting.append((batch, pool.submit(self._prepare, dataset, batch)))
                    if len(waiting) > _AHEAD:
                        self._write(task, *waiting.pop(0))
                for one in waiting:
                    self._write(task, *one)
            except BaseException:
                for _, future in waiting:
                    future.cancel()
                raise

    def _batches(self, task: Task) -> Iterator[list[PendingSegment]]:
        after = 0
        while True:
            with self._uow() as uow:
                batch, after = IndexingStore(uow).pending(task, after, _BATCH)
            if not batch:
                return
            yield batch

    def _prepare(self, dataset: Dataset, batch: list[PendingSegment]) -> Prepared:
        return prepared(self._entries, self._models, dataset, batch)

    def _write(self, task: Task, batch: list[PendingSegment], future: Future[Prepared]) -> None:
        ready = future.result()
        if self._entries.is_outside(ready.dataset):
            self._check(task)
        self._entries.write_outside(ready)
        try:
            with self._uow() as uow:
                store = IndexingStore(uow)
                store.hold(task)
                self._entries.write(uow, ready)
                store.complete(task.tenant_id, completed(batch, ready))
                uow.commit()
        except (Superseded, IndexChanged):
            self._take_back(task, ready)
            raise

    def _check(self, task: Task) -> None:
        """Find out that the document is lost before something is written that no transaction takes back."""
        with self._uow() as uow:
            IndexingStore(uow).hold(task)

    def _take_back(self, task: Task, ready: Prepared) -> None:
        """Whoever removes the version may have been here between our look and our writing."""
        if not ready.outside:
            return
        with self._uow() as uow:
            is_dead = IndexingStore(uow).is_dead(task)
        if is_dead:
            self._entries.take_back(ready)

    # Switch

    def _switch(self, task: Task, dataset: Dataset) -> None:
        """The new version answers from now on; what it replaces is removed by a job."""
        with self._uow() as uow:
            store, datasets = IndexingStore(uow), DatasetStore(uow)
            now_dataset = datasets.find(task.tenant_id, task.dataset_id, lock=True)
            if now_dataset is None:
                raise Superseded
            store.hold(task)
            if now_dataset.generation != dataset.generation:
                raise IndexChanged
            if now_dataset.live_generation != now_dataset.generation:
                # The rebuild orders the documents that wait for it; one that was given up is begun again.
                datasets.order_rebuild(now_dataset)
                uow.commit()
                return
            tokens, characters = store.totals(task)
            now = datetime.now(UTC)
            store.set(
                task,
                {
                    "indexing_status": "completed", "live_version": task.version, "completed_at": now, "error": None,
                    "tokens": tokens, "word_count": characters, "claim": None, "attempts": 0,
                    "indexing_latency": max(0.0, (now - task.began_at).total_seconds()),
                },
            )
            self._order_upkeep(store, task)
            if now_dataset.embedding is not None and SummaryStore(uow).expect(task.tenant_id, task.document_id):
                payload = {"tenant_id": task.tenant_id, "dataset_id": task.dataset_id}
                store.order("summarise_document", {**payload, "document_id": task.document_id})
            uow.commit()

    @staticmethod
    def _order_upkeep(store: IndexingStore, task: Task) -> None:
        payload = {"tenant_id": task.tenant_id, "dataset_id": task.dataset_id}
        if not store.is_ordered("tend_dataset", task.dataset_id, begun=False):
            store.order("tend_dataset", payload, later=_TEND_LATER)
        if store.has_older(task):
            store.order("purge_segments", {**payload, "document_id": task.document_id, "below": task.version})


def prepared(entries: Entries, models: Models, dataset: Dataset, batch: list[PendingSegment]) -> Prepared:
    """Segments with their vectors and words: the slow half, outside any transaction."""
    nodes = [node for segment in batch for node in (*segment.nodes, *segment.summaries)]
    embedding = dataset.embedding
    if embedding is None:
        return entries.prepare(dataset, nodes, ())
    texts = [node.text for node in nodes]
    found = models.documents(dataset.tenant_id, embedding.provider, embedding.model, texts)
    return entries.prepare(dataset, nodes, found.vectors)


def completed(batch: list[PendingSegment], ready: Prepared) -> list[tuple[str, int, list[str] | None]]:
    """(id, tokens, keywords) of segments that were written."""
    extracted = {entry.segment_id: list(entry.keywords) for entry in ready.keywords}
    is_embedded = ready.dataset.embedding is not None
    return [
        (segment.id, sum(count(node.text) for node in segment.nodes) if is_embedded else 0, extracted.get(segment.id))
        for segment in batch
    ]


def final_reason(error: Exception) -> str | None:
    """Why a document fails for good; None when another attempt may succeed."""
    if isinstance(error, ModelFault):
        return error.message if error.fault in _FINAL_FAULTS else None
    if isinstance(error, AppError):
        return None if error.reason is Reason.SERVICE_UNAVAILABLE else shown(error)
    if isinstance(error, FileNotFoundError):
        return "The file of the document is gone."
    return str(error) if isinstance(error, (Failed, ExtractError, RuleError)) else None


def shown(error: AppError) -> str:
    """The text of an error that has none of its own is that of its reason."""
    if error.message is not None:
        return error.message
    if error.reason is Reason.PROVIDER_NOT_INITIALIZE:
        return "The dataset's embedding model is not configured any more."
    return error.reason.value
