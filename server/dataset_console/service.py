"""Use cases that only the console has: documents from uploads, previews, switches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count as count_from
from itertools import islice
from typing import Any

from server.dataset.model import HIGH_QUALITY, NewDataset
from server.dataset.models import Models
from server.dataset.service import DatasetService, make, require
from server.dataset.store import DatasetStore
from server.dataset_console import wire
from server.db.bridge import Database
from server.db.engine import UnitOfWork, UowFactory
from server.document import wire as document_wire
from server.document.model import DocumentView, Settings, Source, Upload, new_batch
from server.document.service import DocumentService
from server.document.store import DocumentStore
from server.file.model import FileHead
from server.file.storage import Storage
from server.ingest.chunks import Chunk, chunks
from server.ingest.extract import SUPPORTED_EXTENSIONS, ExtractError, Limits, extract
from server.ingest.qa import parse_pairs, qa_prompt
from server.ingest.rules import FALLBACK, QA, ProcessRule
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.validate import id_or_none
from server.llm.tokens import count
from server.retrieval.asking import Asker, pairs_request
from transom.console.v1 import dataset_console_service_pb2 as pb

# Files of one call (architecture.md section 6).
BATCH_LIMIT = 20
_PREVIEW = 10
_PREVIEWS_AT_A_TIME = 2
_NAME_LIMIT = 40
# Characters of a name that are left to the number that tells it from others.
_NUMBER_ROOM = 6


@dataclass(frozen=True, slots=True)
class Made:
    """Documents that were accepted together."""

    dataset_id: str
    views: list[DocumentView]
    batch: str


class KnowledgeConsole:
    """Beside the Dataset API's own use cases."""

    def __init__(
        self,
        db: Database,
        uow: UowFactory,
        datasets: DatasetService,
        documents: DocumentService,
        models: Models,
        storage: Storage,
        limits: Limits,
        asker: Asker,
    ) -> None:
        self._db = db
        self._uow = uow
        self._datasets = datasets
        self._documents = documents
        self._models = models
        self._storage = storage
        self._limits = limits
        self._asker = asker
        # Files are taken apart by other processes; more at a time would not be done sooner.
        self._previews = asyncio.Semaphore(_PREVIEWS_AT_A_TIME)

    async def init(self, caller: Caller, config: pb.KnowledgeConfig) -> Made:
        """Make a dataset and its first documents. Raises not_found for an unknown upload, invalid_param."""
        sources = await self._db(self._sources, caller, wire.file_ids(config.data_source.info_list))
        settings = await self._settled(caller, config, None)
        if settings.indexing_technique is None:
            raise invalid_param("indexing_technique is required.")
        new = NewDataset(
            name=(config.name or _name_of(sources[0]))[:_NAME_LIMIT],
            permission="only_me",
            indexing_technique=settings.indexing_technique,
            embedding=settings.embedding,
            retrieval_model=settings.retrieval_model,
        )
        return await self._db(self._accept, caller, new, sources, settings, named=bool(config.name))

    async def add(self, caller: Caller, config: pb.KnowledgeConfig) -> Made:
        """Add documents to a dataset."""
        dataset = await self._db(self._datasets.require, caller, config.dataset_id)
        sources = await self._db(self._sources, caller, wire.file_ids(config.data_source.info_list))
        settings = await self._settled(caller, config, dataset.indexing_technique)
        return await self._db(self._accept, caller, dataset.id, sources, settings)

    async def _settled(self, caller: Caller, config: pb.KnowledgeConfig, technique: str | None) -> Settings:
        settings = document_wire.settings(wire.text_request(config))
        needed = technique is None and settings.indexing_technique == HIGH_QUALITY
        embedding = await self._models.embedding(caller.tenant_id, settings.embedding, needed=needed)
        await self._models.check_rerank(caller.tenant_id, settings.retrieval_model)
        return replace(settings, embedding=embedding)

    def _accept(
        self, caller: Caller, where: str | NewDataset, sources: Sequence[Source], settings: Settings, *,
        named: bool = True,
    ) -> Made:  # fmt: skip
        """Accept documents together, all or none, into a dataset that is there or made with them.

        A name that nobody chose (not ``named``) gives way to one that is there: Dify too makes a dataset
        of a file again and again, and here names are unique in a workspace.
        """
        batch = new_batch()
        with self._uow() as uow:
            dataset_id = where if isinstance(where, str) else _made(uow, caller, where, named)
            views = [
                self._documents.accept(
                    uow,
                    caller,
                    dataset_id,
                    source.name,
                    Upload(source.key, FileHead(source.name, source.extension, source.mime_type), source.size, ""),
                    settings,
                    by_text=False,
                    batch=batch,
                    upload_file_id=source.id,
                )
                for source in sources
            ]
            uow.commit()
        return Made(dataset_id, views, batch)

    def _sources(self, caller: Caller, file_ids: Sequence[str]) -> list[Source]:
        if len(file_ids) > BATCH_LIMIT:
            raise invalid_param(f"file_ids can name at most {BATCH_LIMIT} files.")
        ids = [id_or_none(one) for one in dict.fromkeys(file_ids)]
        with self._uow() as uow:
            found = DocumentStore(uow).sources(caller.tenant_id, [one for one in ids if one])
        if any(one not in found for one in ids):
            raise not_found("File not found.")
        if any(source.extension not in SUPPORTED_EXTENSIONS for source in found.values()):
            raise AppError(Reason.UNSUPPORTED_FILE_TYPE)
        return [found[one] for one in ids if one]

    def switch_api(self, caller: Caller, dataset_id: str, action: str) -> None:
        """Open or close the Dataset API of one dataset. Raises invalid_action."""
        if action not in {"enable", "disable"}:
            raise AppError(Reason.INVALID_ACTION)
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            DatasetStore(uow).update(caller.tenant_id, dataset.id, {"enable_api": action == "enable"})
            uow.commit()

    def is_used(self, caller: Caller, dataset_id: str) -> bool:
        """Whether an app searches it."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            return DatasetStore(uow).is_used(caller.tenant_id, dataset.id)

    def shared_with(self, caller: Caller, dataset_id: str) -> Sequence[str]:
        """Accounts that a dataset is shared with by name."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            return DatasetStore(uow).facts(caller.tenant_id, [dataset])[dataset.id].members

    def related_apps(self, caller: Caller, dataset_id: str) -> Sequence[Any]:
        """Apps that search a dataset."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            return DatasetStore(uow).related_apps(caller.tenant_id, dataset.id)

    def queries(self, caller: Caller, dataset_id: str, page: int, limit: int) -> tuple[int, Sequence[Any]]:
        """How many searches of a dataset there were, and a page of them."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id)
            return DatasetStore(uow).queries(caller.tenant_id, dataset.id, page, limit)

    def process_rule(self, caller: Caller, document_id: str) -> dict[str, Any]:
        """The newest rule of a document's dataset; without a document the default."""
        if not document_id:
            return FALLBACK.as_document()
        with self._uow() as uow:
            store = DocumentStore(uow)
            known = id_or_none(document_id)
            dataset_id = store.dataset_of(caller.tenant_id, known) if known else None
            if dataset_id is None:
                raise not_found("Document not found.")
            require(uow, caller, dataset_id)
            rule = store.latest_rule(caller.tenant_id, dataset_id)
        return {"mode": rule.mode, "rules": rule.rules} if rule else FALLBACK.as_document()

    async def estimate(self, caller: Caller, wanted: wire.Estimate) -> wire.Estimated:
        """How many segments files would give, and the first ten. A file that cannot be read: invalid_param."""
        rule = self._documents.checked_rule(wanted.process_rule, wanted.doc_form)
        sources = await self._db(self._sources, caller, wanted.file_ids)
        async with self._previews:
            total, preview = await asyncio.to_thread(self._split, sources, rule, wanted.doc_form)
        pairs = None
        if wanted.doc_form == QA and preview:
            asked = pairs_request(qa_prompt(wanted.doc_language), preview[0].content)
            try:
                pairs = parse_pairs(await self._asker.ask(caller.tenant_id, None, asked))
            except TimeoutError:
                raise AppError(Reason.COMPLETION_REQUEST_ERROR, "The model did not answer in time.") from None
        return wire.Estimated(total, preview, pairs)

    def _split(self, sources: Sequence[Source], rule: ProcessRule, form: str) -> tuple[int, list[Chunk]]:
        total = 0
        preview: list[Chunk] = []
        for source in sources:
            parts = extract(self._storage.path(source.key), source.extension, self._limits)
            made = chunks(parts, rule, form, count_tokens=count)
            try:
                first = list(islice(made, _PREVIEW - len(preview)))
                total += len(first) + sum(1 for _ in made)
            except ExtractError as error:
                raise invalid_param(f"{source.name}: {error}") from error
            preview += first
        return total, preview


def _name_of(source: Source) -> str:
    """What a dataset is called by its first file."""
    return f"{source.name}..."


def _made(uow: UnitOfWork, caller: Caller, new: NewDataset, named: bool) -> str:
    """The id of a new dataset, which has a number behind its name where nobody chose that and it is taken."""
    try:
        return make(uow, caller, new).dataset.id
    except AppError as error:
        if named or error.reason is not Reason.DATASET_NAME_DUPLICATE:
            raise
    beginning = new.name[: _NAME_LIMIT - _NUMBER_ROOM]
    taken = DatasetStore(uow).names_like(caller.tenant_id, beginning)
    free = next(name for number in count_from(2) if (name := f"{beginning} {number}") not in taken)
    return make(uow, caller, replace(new, name=free)).dataset.id
