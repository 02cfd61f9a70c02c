"""Builds the knowledge half of the server and of the worker: datasets and what is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Engine

from server.annotation.model import TOPIC as ANNOTATIONS
from server.annotation.replies import AnnotationReplies
from server.bootstrap_annotation import annotation_jobs
from server.dataset.models import Models as DatasetModels
from server.dataset.service import DatasetService
from server.dataset.servicer import DatasetServicer
from server.dataset_console.service import BATCH_LIMIT, KnowledgeConsole
from server.dataset_console.servicer import DatasetConsoleServicer
from server.db import pgvector
from server.db.engine import UowFactory
from server.document.model import DocumentFiles
from server.document.service import DocumentService
from server.document.servicer import DocumentServicer
from server.embedding.purge import EmbeddingPurge
from server.embedding.service import Embedder, Reranker
from server.embedding.service import build as build_embedding
from server.external.service import ExternalApis
from server.external.servicer import ExternalKnowledgeServicer
from server.file.servicer import ConsoleFileServicer
from server.index.fulltext import FullText
from server.index.keywords import KeywordTable
from server.index.pgvector import PgVectorStore
from server.index.port import VectorStore
from server.index.stores import VectorStores
from server.index.vector_body import BuildLimits
from server.indexing.entries import Entries
from server.ingest.extract import SUPPORTED_EXTENSIONS
from server.ingest.extract import Limits as ExtractLimits
from server.kit.crypto import Sealer
from server.limits.service import Limits
from server.metadata.service import MetadataService
from server.metadata.servicer import MetadataServicer
from server.retrieval.apps import AppRetrieval
from server.retrieval.asking import Asker
from server.retrieval.external import ExternalKnowledge
from server.retrieval.history import SearchLog
from server.retrieval.searcher import Searcher
from server.retrieval.service import RetrievalService
from server.retrieval.servicer import RetrievalServicer
from server.segment.editor import SegmentEditor
from server.segment.model import ATTACHMENT_LIMIT
from server.segment.service import SegmentService
from server.segment.servicer import ChildChunkServicer, SegmentServicer
from server.settings import Settings
from server.tag.console_servicer import ConsoleTagServicer
from server.tag.service import TagService
from server.tag.servicer import TagServicer
from transom.console.v1 import (
    dataset_console_service_pb2,
    dataset_console_service_pb2_grpc,
    external_knowledge_service_pb2,
    external_knowledge_service_pb2_grpc,
)
from transom.console.v1 import file_http_service_pb2 as files_pb2
from transom.console.v1 import file_http_service_pb2_grpc as files_pb2_grpc
from transom.console.v1 import tag_service_pb2 as console_tags_pb2
from transom.console.v1 import tag_service_pb2_grpc as console_tags_pb2_grpc
from transom.dataset.v1 import (
    dataset_service_pb2,
    dataset_service_pb2_grpc,
    document_service_pb2,
    document_service_pb2_grpc,
    metadata_service_pb2,
    metadata_service_pb2_grpc,
    retrieval_service_pb2,
    retrieval_service_pb2_grpc,
    segment_service_pb2,
    segment_service_pb2_grpc,
    tag_service_pb2,
    tag_service_pb2_grpc,
)

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Models, Parts, Registry

Handler = Callable[[Mapping[str, Any]], None]


def vector_stores(settings: Settings, engine: Engine) -> VectorStores:
    """Every store that these settings can reach; nothing connects yet."""

    def in_database() -> VectorStore:
        # Another store may have been the default until a workspace moved here.
        pgvector.ensure(engine)
        limits = BuildLimits(memory_mb=settings.vector_build_mib, workers=settings.vector_build_processes)
        return PgVectorStore(engine, limits)

    def in_milvus() -> VectorStore:
        # pymilvus is an extra: only who has Milvus needs it.
        from server.index.milvus import MilvusStore
        from server.index.milvus_calls import MilvusAddress

        return MilvusStore(MilvusAddress(uri=settings.milvus_uri, token=settings.milvus_token))

    makers: dict[str, Callable[[], VectorStore]] = {"pgvector": in_database}
    if settings.milvus_uri:
        makers["milvus"] = in_milvus
    return VectorStores(settings.vector_store, makers)


def build_entries(settings: Settings, engine: Engine, uow: UowFactory) -> Entries:
    """The indexes of datasets. Raises PgVectorMissing when new vectors cannot be held where the settings say."""
    stores = vector_stores(settings, engine)
    stores.get(stores.default)
    return Entries(uow, stores, FullText(), KeywordTable())


@dataclass(slots=True)
class Knowledge:
    """What searching and changing need, one of each a process."""

    entries: Entries
    embedder: Embedder
    reranker: Reranker
    searcher: Searcher
    apps: AppRetrieval
    history: SearchLog
    annotations: AnnotationReplies


async def build_knowledge(core: Core, models: Models, stack: AsyncExitStack) -> Knowledge:
    """The indexes and the models behind them. Raises PgVectorMissing when the database cannot hold vectors."""
    settings, db, uow = core.settings, core.db, core.uow
    entries = await db(build_entries, settings, core.engine, uow)
    stack.callback(entries.stores.close)
    embedder, reranker = build_embedding(models.runtime, db, uow, core.redis)
    searcher = Searcher(db, uow, entries, embedder, reranker)
    external = ExternalKnowledge(db, uow, core.outbound, Sealer(settings.secret_key))
    history = SearchLog(db, uow)
    stack.push_async_callback(history.close)
    apps = AppRetrieval(db, uow, searcher, embedder, reranker, external, Asker(models.runtime), history)
    annotations = AnnotationReplies(db, uow, embedder, core.bus)
    return Knowledge(entries, embedder, reranker, searcher, apps, history, annotations)


def add_knowledge(registry: Registry, core: Core, models: Models, files: Files, knowledge: Knowledge) -> None:
    """The Dataset API, and the console over the same use cases."""
    db, uow, settings = core.db, core.uow, core.settings
    limits = Limits(db, uow, core.redis, core.bus)
    usable = DatasetModels(models.runtime)
    datasets, documents, segments = DatasetService(uow), DocumentService(uow), SegmentService(uow, knowledge.entries)
    editor = SegmentEditor(db, segments, knowledge.entries, knowledge.embedder)
    accepted = DocumentFiles(settings.file_size_limit, files.blocked)
    external = ExternalKnowledge(db, uow, core.outbound, Sealer(settings.secret_key))
    retrieval = RetrievalService(knowledge.searcher, external, knowledge.history)

    dataset_rpcs = DatasetServicer(db, datasets, usable, limits)
    document_rpcs = DocumentServicer(
        db, documents, datasets, usable, limits, files.uploads, files.threads, files.links, accepted
    )
    segment_rpcs = SegmentServicer(
        db, segments, editor, usable, limits, files.links, settings.segments_per_request
    )
    child_rpcs = ChildChunkServicer(db, segments, editor, usable, limits)
    metadata_rpcs = MetadataServicer(db, MetadataService(uow), limits)
    retrieval_rpcs = RetrievalServicer(db, datasets, retrieval, usable, limits, files.links)

    add = registry.add
    add(dataset_rpcs, dataset_service_pb2, dataset_service_pb2_grpc, "DatasetService")
    tags = TagService(uow)
    add(TagServicer(db, tags), tag_service_pb2, tag_service_pb2_grpc, "TagService")
    add(ConsoleTagServicer(db, tags), console_tags_pb2, console_tags_pb2_grpc, "ConsoleTagService")
    add(metadata_rpcs, metadata_service_pb2, metadata_service_pb2_grpc, "MetadataService")
    add(document_rpcs, document_service_pb2, document_service_pb2_grpc, "DocumentService")
    add(segment_rpcs, segment_service_pb2, segment_service_pb2_grpc, "SegmentService")
    add(child_rpcs, segment_service_pb2, segment_service_pb2_grpc, "ChildChunkService")
    add(retrieval_rpcs, retrieval_service_pb2, retrieval_service_pb2_grpc, "RetrievalService")
    console = KnowledgeConsole(
        db, uow, datasets, documents, usable, files.storage, ExtractLimits(), Asker(models.runtime)
    )
    add(
        DatasetConsoleServicer(
            db, settings.public_url, limits, console, documents, dataset_rpcs, document_rpcs, segment_rpcs, child_rpcs,
            metadata_rpcs, retrieval_rpcs,
        ),
        dataset_console_service_pb2, dataset_console_service_pb2_grpc, "DatasetConsoleService",
    )
    upload_limits = files_pb2.UploadLimits(
        file_size_limit=settings.file_size_limit, batch_count_limit=BATCH_LIMIT,
        image_file_size_limit=settings.image_file_size_limit, video_file_size_limit=settings.video_file_size_limit,
        audio_file_size_limit=settings.audio_file_size_limit,
        workflow_file_upload_limit=settings.workflow_file_upload_limit, image_file_batch_limit=10,
        single_chunk_attachment_limit=ATTACHMENT_LIMIT,
        attachment_image_file_size_limit=settings.image_file_size_limit, file_upload_limit=1,
    )
    add(
        ConsoleFileServicer(
            db, files.service, files.uploads, files.links, upload_limits, SUPPORTED_EXTENSIONS, files.storage.path
        ),
        files_pb2, files_pb2_grpc, "FileService",
    )
    apis = ExternalApis(db, uow, core.outbound, Sealer(settings.secret_key))
    add(
        ExternalKnowledgeServicer(db, apis, dataset_rpcs), external_knowledge_service_pb2,
        external_knowledge_service_pb2_grpc, "ExternalKnowledgeService",
    )


# The worker


def knowledge_jobs(parts: Parts) -> dict[str, Handler]:
    """Jobs of knowledge by kind. Models are reached through an event loop in a thread of its own."""
    from server.embedding.blocking import BlockingModels
    from server.file.links import FileLinks
    from server.file.storage import LocalStorage
    from server.indexing.asking import BlockingAsk
    from server.indexing.clean import Cleaner
    from server.indexing.moves import Mover
    from server.indexing.pictures import PictureKeeper
    from server.indexing.pipeline import DocumentIndexer
    from server.indexing.rebuild import Rebuilder
    from server.indexing.summaries import Summariser
    from server.indexing.upkeep import Upkeep

    settings, uow = parts.settings, parts.uow
    entries = build_entries(settings, parts.engine, uow)
    files = LocalStorage(settings.files_path)
    runtime: list[Any] = []
    models = BlockingModels(_worker_models(parts, runtime))
    ask = BlockingAsk(models.loop, runtime[0])

    def tell(app_id: str) -> None:
        models.loop.run(runtime[1].publish(ANNOTATIONS, app_id))

    links = FileLinks(settings.secret_key, settings.public_url, settings.file_link_seconds)
    indexer = DocumentIndexer(
        uow, entries, models, files, PictureKeeper(uow, files, links.link), ask, ExtractLimits(),
        most_attempts=settings.index_attempts,
    )
    cleaner = Cleaner(uow, entries, files)
    upkeep = Upkeep(uow, entries)
    return {
        "index_document": indexer.index,
        "rebuild_dataset": Rebuilder(uow, entries, models, most_attempts=settings.index_attempts).rebuild,
        "summarise_document": Summariser(uow, entries, models, ask).summarise,
        "purge_segments": cleaner.segments,
        "purge_nodes": cleaner.nodes,
        "purge_document": cleaner.document,
        "purge_dataset": cleaner.dataset,
        "purge_file": cleaner.file,
        "drop_indexes": cleaner.indexes,
        "move_dataset": Mover(uow, entries).move,
        "purge_embeddings": EmbeddingPurge(uow).purge,
        "tend_dataset": upkeep.tend,
        "sweep_indexes": upkeep.sweep,
        "reconcile_knowledge": upkeep.reconcile,
        "find_orphans": upkeep.look_for_orphans,
        **annotation_jobs(uow, models, tell),
        "check_entries": upkeep.check_entries,
    }


@asynccontextmanager
async def _worker_models(parts: Parts, runtime: list[Any]) -> AsyncIterator[tuple[Embedder, Reranker]]:
    """Embedder and reranker on the worker's loop; the runtime behind them and the bus are put into ``runtime``."""
    from server.bootstrap import build_models, redis_client
    from server.bus import Bus
    from server.db.bridge import Database

    settings = parts.settings
    async with AsyncExitStack() as stack:
        db = Database(2, settings.db_queue_limit)
        stack.callback(db.close)
        redis = redis_client(settings.redis_url, connections=32)
        stack.push_async_callback(redis.aclose)
        bus = Bus(redis)
        bus.start()
        stack.push_async_callback(bus.stop)
        models = build_models(settings, db, parts.uow, bus, stack)
        runtime.extend((models.runtime, bus))
        yield build_embedding(models.runtime, db, parts.uow, redis)
