"""The keyword table of economy datasets."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.db.engine import UnitOfWork
from server.index.keywords import KeywordEntry, KeywordTable
from server.kit.ids import new_id
from tests.index.conftest import PostgresBackend

TABLE = KeywordTable()


class Dataset:
    """A dataset of one test."""

    def __init__(self, backend: PostgresBackend, tenant_id: str = "", dataset_id: str = "") -> None:
        self.backend = backend
        self.ids = (tenant_id or new_id(), dataset_id or new_id())

    def write(self, *entries: KeywordEntry) -> None:
        with self.backend.uow() as uow:
            TABLE.write(uow, *self.ids, entries)
            uow.commit()

    def search(self, keywords: Sequence[str], limit: int = 10, **fields: Sequence[str] | None) -> list[tuple[str, float]]:
        with self.backend.uow() as uow:
            hits = TABLE.search(uow, *self.ids, keywords, limit, **fields)  # type: ignore[arg-type]
        return [(hit.node_id, hit.score) for hit in hits]


@pytest.fixture
def dataset(postgres_backend: PostgresBackend) -> Dataset:
    return Dataset(postgres_backend)


def entry(*keywords: str, node_id: str = "", document_id: str = "", at: tuple[int, int] = (0, 0)) -> KeywordEntry:
    return KeywordEntry(node_id or new_id(), new_id(), document_id or new_id(), keywords, *at)


def test_search_ranks_by_number_of_matching_keywords(dataset: Dataset) -> None:
    two, one, none = entry("reset", "device"), entry("device", "factory"), entry("Dify")
    dataset.write(one, two, none)
    assert dataset.search(["reset", "device", "unknown"]) == [(two.node_id, 2.0), (one.node_id, 1.0)]


def test_search_compares_in_lower_case_and_counts_a_keyword_once(dataset: Dataset) -> None:
    both = entry("Dify", "DIFY", "平台")
    dataset.write(both)
    assert dataset.search(["dify", "DiFy", "平台"]) == [(both.node_id, 2.0)]


def test_search_ties_come_in_document_order_then_as_written(dataset: Dataset) -> None:
    third, first, second = entry("a", at=(2, 1)), entry("a", at=(1, 1)), entry("a", at=(1, 2))
    dataset.write(third, first, second)
    assert [node for node, _ in dataset.search(["a"])] == [first.node_id, second.node_id, third.node_id]
    written = [entry("b", "c") for _ in range(20)]
    dataset.write(*written)
    assert [node for node, _ in dataset.search(["b"], 5)] == [one.node_id for one in written[:5]]


def test_search_in_documents_filters_before_the_cut(dataset: Dataset) -> None:
    common, rare = new_id(), new_id()
    dataset.write(*(entry("a", "b", document_id=common) for _ in range(50)))
    wanted = entry("a", document_id=rare)
    dataset.write(wanted)
    for fields in ({"documents": [rare]}, {"without": [common]}, {"documents": [rare, common], "without": [common]}):
        assert dataset.search(["a", "b"], 3, **fields) == [(wanted.node_id, 1.0)]
    assert dataset.search(["a"], documents=[]) == []
    assert dataset.search(["a"], documents=[rare], without=[rare]) == []


def test_search_without_matches_or_keywords_is_empty(dataset: Dataset) -> None:
    assert dataset.search(["a"]) == []
    dataset.write(entry("a"))
    assert dataset.search([]) == dataset.search(["b"]) == dataset.search([""]) == []


def test_write_of_a_known_node_replaces_its_keywords(dataset: Dataset) -> None:
    node = new_id()
    dataset.write(entry("old", "kept", node_id=node))
    dataset.write(entry("kept", "new", node_id=node))
    assert dataset.search(["old"]) == []
    assert dataset.search(["kept", "new"]) == [(node, 2.0)]


def test_delete_removes_nodes_and_documents(dataset: Dataset, postgres_backend: PostgresBackend) -> None:
    document = new_id()
    gone, of_document, kept = entry("a"), entry("a", document_id=document), entry("a")
    dataset.write(gone, of_document, kept)
    with postgres_backend.uow() as uow:
        TABLE.delete_nodes(uow, *dataset.ids, [gone.node_id, new_id()])
        TABLE.delete_documents(uow, *dataset.ids, [document])
        uow.commit()
    assert dataset.search(["a"]) == [(kept.node_id, 1.0)]
    with postgres_backend.uow() as uow:
        assert TABLE.count(uow, *dataset.ids) == 1
        TABLE.drop(uow, *dataset.ids)
        uow.commit()
    assert dataset.search(["a"]) == []


def test_tenants_and_datasets_see_their_own(postgres_backend: PostgresBackend, dataset: Dataset) -> None:
    tenant, known = dataset.ids
    others = [Dataset(postgres_backend, tenant_id=tenant), Dataset(postgres_backend, dataset_id=known)]
    written = entry("a")
    dataset.write(written)
    assert all(other.search(["a"]) == [] for other in others)


def test_change_that_is_rolled_back_leaves_no_trace(dataset: Dataset, uow: UnitOfWork) -> None:
    TABLE.write(uow, *dataset.ids, [entry("a")])
    assert len(TABLE.search(uow, *dataset.ids, ["a"], 10)) == 1
    uow.connection.rollback()
    assert dataset.search(["a"]) == []


def test_writers_at_once_lose_nothing(dataset: Dataset) -> None:
    node, document = new_id(), new_id()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda at: dataset.write(entry("a", f"b{at}", node_id=node, document_id=document)), range(12)))
        list(pool.map(lambda _: dataset.write(*(entry("c") for _ in range(10))), range(6)))
    assert dataset.search(["a"]) == [(node, 1.0)]
    assert len(dataset.search(["c"], 100)) == 60


@pytest.mark.parametrize("keyword", ["'; DROP TABLE x; --", "%s", "\\", "库" * 2000, "a\0b"])
def test_keyword_of_any_characters_is_found_again(dataset: Dataset, keyword: str) -> None:
    written = entry(keyword)
    dataset.write(written, entry("other"))
    assert dataset.search([keyword]) == [(written.node_id, 1.0)]


def test_id_that_is_no_uuid_is_refused(dataset: Dataset, uow: UnitOfWork) -> None:
    for call in (
        lambda: dataset.write(entry("a", node_id="x")),
        lambda: dataset.search(["a"], documents=["x' OR '1'='1"]),
        lambda: dataset.search(["a"], without=["x"]),
        lambda: TABLE.delete_nodes(uow, *dataset.ids, ["x"]),
        lambda: TABLE.delete_documents(uow, *dataset.ids, ["x"]),
    ):
        with pytest.raises(ValueError, match="not an id"):
            call()
