"""What nodes are given of the world: earlier turns, files, datasets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.chat.memory import Turn
from server.db.bridge import Database
from server.db.engine import make_engine, uow_factory
from server.db.tables import messages
from server.engine.node import NodeError, RunInfo, Spent
from server.engine.ports import HttpFaultError, HttpRequest, HttpResponse, Search
from server.engine.values import File
from server.file.links import FileLinks
from server.file.model import Limits
from server.file.service import FileService
from server.file.storage import LocalStorage
from server.file.threads import FileThreads
from server.file.upload import Uploads
from server.kit.ids import NIL_UUID, new_id
from server.llm.meter import Heard
from server.llm.port import Usage
from server.retrieval.apps import Found
from server.retrieval.found import Asked
from server.retrieval.model import FoundChild, FoundSegment, Record
from server.retrieval.settings import AppSearch
from server.workflow_run.ports_files import FlowFiles
from server.workflow_run.ports_knowledge import FlowKnowledge
from server.workflow_run.ports_memory import FlowMemory, earlier

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url, pool_size=4)
    yield engine
    engine.dispose()


@pytest.fixture
def db() -> Iterator[Database]:
    db = Database(2, 100)
    yield db
    db.close()


def run_info(**more: Any) -> RunInfo:
    return replace(
        RunInfo(new_id(), new_id(), new_id(), new_id(), new_id(), mode="advanced-chat", conversation_id=new_id()),
        **more,
    )


# Memory

def turn(name: str, parent: str | None = NIL_UUID) -> Turn:
    return Turn(name, parent, f"q-{name}", f"a-{name}")


@pytest.mark.parametrize(("newest_first", "current", "expected"), [
    ([turn("now"), turn("b"), turn("a")], "now", ["a", "b"]),
    ([turn("later"), turn("now"), turn("a")], "now", ["a"]),
    ([turn("now", "a"), turn("b"), turn("a")], "now", ["a"]),
    ([turn("now", None), turn("a")], "now", []),
    ([turn("b"), turn("a")], "unknown", ["a", "b"]),
], ids=["all before", "not after", "thread", "new branch", "not stored"])  # fmt: skip
def test_earlier_turns_are_those_of_the_thread(newest_first, current, expected) -> None:
    assert [one.id for one in earlier(newest_first, current)] == expected


async def test_memory_reads_the_conversation_of_the_run(engine: Engine, db: Database) -> None:
    run = run_info(message_id=new_id())
    shared = {
        "tenant_id": run.tenant_id, "app_id": run.app_id, "inputs": {}, "metadata": {}, "app_mode": "advanced-chat",
        "parent_message_id": NIL_UUID,
    }
    rows = [
        shared | {
            "id": new_id(), "conversation_id": run.conversation_id, "query": f"q{number}", "answer": f"a{number}",
            "created_at": NOON + timedelta(seconds=number),
        }
        for number in range(3)
    ]  # fmt: skip
    rows.append(rows[0] | {"id": run.message_id, "query": "now", "answer": "", "created_at": NOON + timedelta(hours=1)})
    rows.append(rows[0] | {"id": new_id(), "conversation_id": new_id(), "query": "elsewhere"})
    rows.append(rows[0] | {"id": new_id(), "app_id": new_id(), "query": "another app's"})
    with engine.begin() as connection:
        connection.execute(sa.insert(messages), rows)
    memory = FlowMemory(db, uow_factory(engine))
    everything = [(one.role, one.text) for one in await memory.history(run, window=None)]
    assert everything == [(role, f"{role[0].replace('u', 'q')}{n}") for n in range(3) for role in ("user", "assistant")]
    assert [one.text for one in await memory.history(run, window=1)] == ["q2", "a2"]
    assert not await memory.history(run, window=0)
    assert not await memory.history(replace(run, mode="workflow"), window=None)
    assert not await memory.history(replace(run, tenant_id=new_id()), window=None)


# Files

class Remote:
    """Addresses of files elsewhere."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        if "private" in request.url:
            raise HttpFaultError("blocked")
        return HttpResponse(404 if "gone" in request.url else 200, (), b"remote text")


@pytest.fixture
async def files(engine: Engine, db: Database, tmp_path: Path) -> AsyncIterator[FlowFiles]:
    storage = LocalStorage(tmp_path)
    threads = FileThreads(storage, 1)
    links = FileLinks("s" * 32, "http://host", 60)
    uploads = Uploads(storage, threads, Limits(1, 1, 1, 1, ()))
    service = FileService(uow_factory(engine), links)
    yield FlowFiles(db, service, storage, threads, uploads, Remote(), links.link, 1000)
    await asyncio.to_thread(threads.close)


async def test_saved_file_is_read_by_its_workspace_alone(files: FlowFiles) -> None:
    run = run_info()
    saved = await files.save(run, b"a,b\n1,2\n", "../evil/table.CSV", "text/csv")
    assert (saved.name, saved.extension, saved.size, saved.transfer_method) == ("table.CSV", ".csv", 8, "tool_file")
    assert saved.type == "document" and saved.url.startswith("http://host/files/") and saved.belongs_to == "assistant"
    assert await files.read(run, saved) == b"a,b\n1,2\n"
    assert await files.text(run, saved) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    with pytest.raises(NodeError, match=r"File table\.CSV not found"):
        await files.read(run_info(), saved)
    with pytest.raises(NodeError, match=r"File table\.CSV not found"):
        await files.text(run_info(), saved)


async def test_remote_file_is_fetched_by_the_guarded_client(files: FlowFiles) -> None:
    file = File("document", "remote_url", name="a.txt", extension=".txt", remote_url="http://x/a.txt")
    assert await files.read(run_info(), file) == b"remote text"
    assert await files.text(run_info(), file) == "remote text"
    for address, told in (("http://x/gone", "status 404"), ("http://private/a", "blocked"), ("", "not found")):
        with pytest.raises(NodeError, match=told):
            await files.read(run_info(), replace(file, remote_url=address))


async def test_document_of_an_unknown_type_is_not_even_fetched(files: FlowFiles) -> None:
    file = File("custom", "remote_url", extension=".exe", remote_url="http://x/a.exe")
    with pytest.raises(NodeError, match=r"Unsupported Extension Type: \.exe"):
        await files.text(run_info(), file)
    assert not files._http.asked  # type: ignore[attr-defined]


# Knowledge

def segment(**more: Any) -> FoundSegment:
    given: dict[str, Any] = {
        "id": "s", "document_id": "doc", "dataset_id": "d", "position": 4, "content": "Cats purr.", "answer": None,
        "word_count": 10, "tokens": 3, "keywords": None, "index_node_id": "n", "index_node_hash": "h", "hit_count": 7,
        "status": "completed", "created_by": "a", "created_at": NOON, "indexing_at": None, "completed_at": None,
        "document_name": "cats.txt", "data_source_type": "upload_file", "doc_type": None,
        "doc_metadata": {"year": 2020}, "summary": None,
    }
    return FoundSegment(**given | more)


class Apps:
    """Finds what it is told to."""

    def __init__(self, found: Sequence[Found]) -> None:
        self.found = found
        self.asked: tuple[Asked, AppSearch, str] | None = None

    async def find(self, asked: Asked, search: AppSearch, query: str, heard: Any) -> list[Found]:
        self.asked = (asked, search, query)
        heard(Heard("2", Usage(3, 1, 4), {"total_tokens": 4}, "stop", ()))
        return [*self.found]


def found(score: float, children: tuple[FoundChild, ...] = (), **more: Any) -> Found:
    dataset: Any = SimpleNamespace(id="d", name="Animals", is_external=False)
    return Found(dataset, Record(segment=segment(**more), score=score, children=children))


async def test_found_segments_have_the_shape_of_nodes() -> None:
    child = FoundChild("c", "purr", 1, 0.9)
    apps = Apps([found(0.2, answer="Yes"), found(0.8, (child,), summary="About cats")])
    run = run_info()
    paid: list[Spent] = []
    knowledge = FlowKnowledge(apps)  # type: ignore[arg-type]
    first, second = await knowledge.search(run, Search(["x"], "cats", {}, pay=paid.append))
    assert paid == [Spent(Usage(3, 1, 4), {"total_tokens": 4})]
    assert first == {
        "metadata": {
            "_source": "knowledge", "dataset_id": "d", "dataset_name": "Animals", "document_id": "doc",
            "document_name": "cats.txt", "data_source_type": "upload_file", "segment_id": "s",
            "retriever_from": "workflow", "score": 0.8,
            "child_chunks": [{"id": "c", "content": "purr", "position": 1, "score": 0.9}], "segment_hit_count": 7,
            "segment_word_count": 10, "segment_position": 4, "segment_index_node_hash": "h",
            "doc_metadata": {"year": 2020}, "position": 1,
        },
        "title": "cats.txt", "files": None, "content": "Cats purr.", "summary": "About cats",
    }
    assert second["content"] == "question:Cats purr. \nanswer:Yes" and "summary" not in second
    assert second["metadata"]["position"] == 2
    assert apps.asked is not None and apps.asked[0] == Asked(
        run.tenant_id, run.app_id, run.user_id, "workflow", "end_user"
    )


async def test_settings_of_a_node_are_those_of_a_search() -> None:
    apps = Apps([])
    dataset_id = new_id()
    settings = {
        "retrieval_mode": "multiple", "metadata_filtering_mode": "automatic",
        "metadata_model_config": {"provider": "openai", "name": "gpt-4o-mini"},
        "multiple_retrieval_config": {
            "top_k": 3, "score_threshold": 0.4, "reranking_enable": True, "reranking_mode": "reranking_model",
            "reranking_model": {"provider": "cohere", "model": "rerank-v3.5"},
        },
    }
    await FlowKnowledge(apps).search(run_info(), Search([dataset_id, "no id"], "q", settings))  # type: ignore[arg-type]
    assert apps.asked is not None
    search = apps.asked[1]
    assert search.dataset_ids == (dataset_id,) and not search.single
    assert (search.top_k, search.threshold, search.has_threshold) == (3, 0.4, True)
    assert search.rerank is not None and search.rerank.model == "rerank-v3.5"
    assert search.filter_model is not None and search.filter_model.model == "gpt-4o-mini"
    assert search.filtering_mode == "automatic"
    single = {"retrieval_mode": "single", "single_retrieval_config": {"model": {"provider": "openai", "name": "gpt-4o"}}}
    await FlowKnowledge(apps).search(run_info(), Search([dataset_id], "q", single))  # type: ignore[arg-type]
    assert apps.asked[1].single and apps.asked[1].model is not None and apps.asked[1].model.model == "gpt-4o"
