"""Full text: scores against a computation of our own, and everything that changes an index."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from server.db.engine import UnitOfWork
from server.index.fulltext import FullText, TextEntry
from server.index.port import Hit
from server.kit.ids import new_id
from tests.index.conftest import PostgresBackend, scalar

WORDS = [f"word{at}" for at in range(40)] + ["搜索", "引擎", "数据", "库"]


def bm25(texts: Sequence[Sequence[str]], query: Sequence[str]) -> list[float]:
    """The formula of server/index/postings.py, term by term and node by node."""
    average = sum(map(len, texts)) / len(texts)
    scores = []
    for text in texts:
        score = 0.0
        for token in query:
            df = sum(token in other for other in texts)
            idf = math.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
            tf = text.count(token)
            score += idf * tf * (1.2 + 1) / (tf + 1.2 * (1 - 0.75 + 0.75 * len(text) / average))
        scores.append(score)
    return scores


@dataclass
class Dataset:
    """A dataset of one test, with what should be in its index."""

    backend: PostgresBackend
    tenant_id: str = field(default_factory=new_id)
    dataset_id: str = field(default_factory=new_id)
    fulltext: FullText = field(default_factory=FullText)
    known: dict[str, TextEntry] = field(default_factory=dict)

    def write(self, entries: Sequence[TextEntry]) -> None:
        with self.backend.uow() as uow:
            self.fulltext.write(uow, self.tenant_id, self.dataset_id, entries)
            uow.commit()
        self.known |= {entry.node_id: entry for entry in entries}

    def delete_nodes(self, ids: Sequence[str]) -> None:
        with self.backend.uow() as uow:
            self.fulltext.delete_nodes(uow, self.tenant_id, self.dataset_id, ids)
            uow.commit()
        for one in ids:
            self.known.pop(one, None)

    def delete_documents(self, ids: Sequence[str]) -> None:
        with self.backend.uow() as uow:
            self.fulltext.delete_documents(uow, self.tenant_id, self.dataset_id, ids)
            uow.commit()
        self.known = {node: entry for node, entry in self.known.items() if entry.document_id not in ids}

    def tend(self) -> bool:
        return self.fulltext.tend(self.backend.uow, self.tenant_id, self.dataset_id)

    def search(self, tokens: Sequence[str], limit: int = 1000, **fields: Sequence[str] | None) -> list[Hit]:
        with self.backend.uow() as uow:
            return self.fulltext.search(uow, self.tenant_id, self.dataset_id, tokens, limit, **fields)  # type: ignore[arg-type]

    def count(self) -> int:
        with self.backend.uow() as uow:
            return self.fulltext.count(uow, self.tenant_id, self.dataset_id)

    def blocks(self) -> int:
        return self._of_space("text_blocks")

    def dead(self) -> int:
        return self._of_space("text_dead")

    def _of_space(self, table: str) -> int:
        with self.backend.uow() as uow:
            return scalar(
                uow, f"SELECT count(*) FROM {table} t JOIN index_spaces s ON s.id = t.space_id WHERE s.dataset_id = :d",
                d=self.dataset_id,
            )  # type: ignore[return-value]

    def check(self, query: Sequence[str]) -> None:
        """Every score and the order are as computed independently."""
        living = [entry for entry in self.known.values() if entry.tokens]
        scores = bm25([list(entry.tokens) for entry in living], query) if living else []
        expected = {entry.node_id: score for entry, score in zip(living, scores, strict=True) if score > 0}
        hits = self.search(query)
        assert {hit.node_id: pytest.approx(hit.score, rel=1e-9) for hit in hits} == expected
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.fixture
def dataset(postgres_backend: PostgresBackend) -> Dataset:
    return Dataset(postgres_backend)


def entry(tokens: Sequence[str] | str, *, node_id: str = "", document_id: str = "") -> TextEntry:
    cut = tokens.split() if isinstance(tokens, str) else tokens
    return TextEntry(node_id or new_id(), new_id(), document_id or new_id(), cut)


def random_entries(count: int, seed: int = 1, documents: Sequence[str] = ()) -> list[TextEntry]:
    dice = random.Random(seed)
    return [
        entry(
            [WORDS[min(len(WORDS) - 1, int(dice.expovariate(0.15)))] for _ in range(dice.randint(1, 60))],
            document_id=dice.choice(documents) if documents else "",
        )
        for _ in range(count)
    ]


QUERIES = [["word0"], ["word3", "word7", "搜索"], ["word0", "word0", "word30"], ["引擎", "nothing"], WORDS]


# Scores


@pytest.mark.parametrize("query", QUERIES, ids=len)
def test_search_scores_every_node_as_the_formula_says(dataset: Dataset, query: list[str]) -> None:
    dataset.write(random_entries(120))
    dataset.check(query)


def test_search_worked_example_has_the_known_score(dataset: Dataset) -> None:
    first, second = entry("a b"), entry("b c c")
    dataset.write([first, second])
    (hit,) = dataset.search(["c"])
    assert (hit.node_id, hit.score) == (second.node_id, pytest.approx(0.902321773))
    assert (hit.segment_id, hit.document_id) == (second.segment_id, second.document_id)


def test_search_over_several_writes_scores_as_over_one(dataset: Dataset) -> None:
    for seed in range(5):
        dataset.write(random_entries(20, seed))
    dataset.check(WORDS[:6])


def test_search_with_limit_returns_the_best_and_ties_as_written(dataset: Dataset) -> None:
    same = [entry("a b") for _ in range(30)]
    better = entry("a a")
    dataset.write([*same, better])
    hits = dataset.search(["a"], 5)
    assert [hit.node_id for hit in hits] == [better.node_id, *(one.node_id for one in same[:4])]


def test_search_of_nothing_known_is_empty(dataset: Dataset) -> None:
    assert dataset.search(["a"]) == []
    dataset.write([entry("a")])
    assert dataset.search([]) == []
    assert dataset.search([""]) == []
    assert dataset.search(["b"]) == []


def test_datasets_have_their_own_statistics(postgres_backend: PostgresBackend, dataset: Dataset) -> None:
    other = Dataset(postgres_backend, tenant_id=dataset.tenant_id)
    foreign = Dataset(postgres_backend, dataset_id=dataset.dataset_id)
    dataset.write(random_entries(50))
    before = dataset.search(WORDS[:3])
    other.write(random_entries(80, 2))
    foreign.write(random_entries(80, 3))
    assert dataset.search(WORDS[:3]) == before
    other.check(WORDS[:3])
    foreign.check(WORDS[:3])


# Changes


def test_write_of_a_known_node_replaces_its_text(dataset: Dataset) -> None:
    entries = random_entries(30)
    dataset.write(entries)
    dataset.write([entry("new words word1", node_id=entries[4].node_id)])
    assert dataset.count() == 30
    dataset.check(["word0", "word1", "new"])


def test_write_of_a_known_node_without_tokens_takes_it_out(dataset: Dataset) -> None:
    entries = random_entries(10)
    dataset.write(entries)
    dataset.write([entry("", node_id=entries[0].node_id)])
    assert dataset.count() == 9
    dataset.check(["word0", "word1"])


def test_delete_of_nodes_and_documents_changes_all_statistics(dataset: Dataset) -> None:
    documents = [new_id() for _ in range(4)]
    entries = random_entries(100, documents=documents)
    dataset.write(entries)
    dataset.delete_nodes([entries[0].node_id, entries[50].node_id, new_id()])
    dataset.check(WORDS[:5])
    dataset.delete_documents([documents[1], new_id()])
    dataset.check(WORDS[:5])
    dataset.delete_documents(documents)
    assert dataset.search(WORDS) == []


def test_change_that_is_rolled_back_leaves_no_trace(postgres_backend: PostgresBackend, dataset: Dataset) -> None:
    entries = random_entries(20)
    dataset.write(entries)
    with postgres_backend.uow() as uow:
        dataset.fulltext.write(uow, dataset.tenant_id, dataset.dataset_id, random_entries(20, 2))
        dataset.fulltext.delete_nodes(uow, dataset.tenant_id, dataset.dataset_id, [entries[0].node_id])
        inside = dataset.fulltext.search(uow, dataset.tenant_id, dataset.dataset_id, WORDS, 1000)
    assert len(inside) == 39
    dataset.check(WORDS[:4])


def test_drop_empties_an_index_that_may_be_written_again(postgres_backend: PostgresBackend, dataset: Dataset) -> None:
    dataset.write(random_entries(20))
    with postgres_backend.uow() as uow:
        dataset.fulltext.drop(uow, dataset.tenant_id, dataset.dataset_id)
        uow.commit()
    dataset.known.clear()
    assert dataset.search(WORDS) == []
    dataset.write(random_entries(10, 4))
    dataset.check(WORDS[:4])


# Filters


def test_search_in_documents_keeps_scores_and_fills_the_page(dataset: Dataset) -> None:
    rare, common = new_id(), new_id()
    dataset.write([entry("a a a", document_id=common) for _ in range(300)])
    wanted = [entry("a b c d", document_id=rare) for _ in range(10)]
    dataset.write(wanted)
    whole = {hit.node_id: hit.score for hit in dataset.search(["a"])}
    for fields in ({"documents": [rare, new_id()]}, {"without": [common]}, {"documents": [rare], "without": [common]}):
        hits = dataset.search(["a"], 8, **fields)
        assert [hit.node_id for hit in hits] == [one.node_id for one in wanted[:8]]
        assert all(hit.score == whole[hit.node_id] for hit in hits)
    assert dataset.search(["a"], documents=[]) == []
    assert dataset.search(["a"], documents=[rare], without=[rare]) == []


def test_search_in_more_documents_than_are_looked_up_at_once_is_the_same(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [new_id() for _ in range(10)]
    dataset.write(random_entries(200, documents=documents))
    narrow = dataset.search(WORDS[:3], 20, documents=documents[:3])
    monkeypatch.setattr("server.index.fulltext._NARROW", 5)
    assert dataset.search(WORDS[:3], 20, documents=documents[:3]) == narrow
    assert len(narrow) == 20


# Merging


def test_merge_of_many_small_blocks_changes_no_score(dataset: Dataset) -> None:
    for seed in range(30):
        dataset.write(random_entries(3, seed))
    dataset.delete_nodes(list(dataset.known)[::9])
    before = [dataset.search(query) for query in QUERIES]
    assert dataset.tend()
    assert dataset.blocks() < 8
    assert [dataset.search(query) for query in QUERIES] == before
    dataset.check(WORDS[:4])
    assert not dataset.tend()


def test_merge_takes_out_the_dead_when_they_are_many(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.index.text_merge._LEAST_DEAD", 10)
    for seed in range(3):
        dataset.write(random_entries(40, seed))
    dataset.delete_nodes(list(dataset.known)[:60])
    assert dataset.dead() == 60
    assert dataset.tend()
    assert dataset.dead() == 0
    assert dataset.blocks() == 2
    dataset.check(WORDS[:4])


def test_merge_beside_writes_and_deletes_keeps_scores_exact(dataset: Dataset) -> None:
    for seed in range(40):
        dataset.write(random_entries(4, seed))
    with ThreadPoolExecutor(2) as pool:
        merging = [pool.submit(dataset.tend) for _ in range(4)]
        for seed in range(40, 60):
            dataset.write(random_entries(4, seed))
            dataset.delete_nodes([next(iter(dataset.known))])
            dataset.check(["word0", "word2"])
        for one in merging:
            one.result()
    dataset.tend()
    dataset.check(WORDS[:4])


# Many at once


def test_writers_at_once_lose_nothing(dataset: Dataset) -> None:
    batches = [random_entries(25, seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(dataset.write, batches))
    assert dataset.count() == 200
    dataset.check(WORDS[:4])


def test_writers_of_one_node_at_once_leave_it_once(dataset: Dataset) -> None:
    node, document = new_id(), new_id()
    versions = [entry(f"a v{at}", node_id=node, document_id=document) for at in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: dataset.write([one]), versions))
    assert dataset.count() == 1
    assert len(dataset.search(["a"])) == 1
    assert len(dataset.search([f"v{at}" for at in range(12)])) == 1


# Odd tokens and ids


@pytest.mark.parametrize(
    "token",
    ["'; DROP TABLE text_nodes; --", "a\\b", '"', "%s :x %(y)s", "\n\t", "é", "数据库", "😀", "x" * 5000, "库" * 3000],
)
def test_token_of_any_characters_is_found_again(dataset: Dataset, token: str) -> None:
    wanted = entry([token, "a"])
    dataset.write([wanted, entry(["a"])])
    assert [hit.node_id for hit in dataset.search([token])] == [wanted.node_id]


def test_tokens_that_differ_after_a_long_beginning_are_different(dataset: Dataset) -> None:
    first, second = entry(["x" * 5000 + "1"]), entry(["x" * 5000 + "2"])
    dataset.write([first, second])
    assert [hit.node_id for hit in dataset.search(["x" * 5000 + "2"])] == [second.node_id]


@pytest.mark.parametrize("token", ["a\0b", "\ud800", "\0"])
def test_token_that_the_database_cannot_hold_does_no_harm(dataset: Dataset, token: str) -> None:
    kept = entry([token, "a"])
    dataset.write([kept])
    dataset.search([token])
    assert [hit.node_id for hit in dataset.search(["a"])] == [kept.node_id]


def test_node_with_more_tokens_than_a_length_holds_is_found(dataset: Dataset) -> None:
    long = entry(["a"] * 70_000 + ["b"])
    dataset.write([long])
    assert [hit.node_id for hit in dataset.search(["b"])] == [long.node_id]


@pytest.mark.parametrize("hostile", ["", "' OR 1=1 --", "01A213AF-170E-75AB-B4D8-34ADAB62D643"])
def test_id_that_is_no_uuid_is_refused(uow: UnitOfWork, dataset: Dataset, hostile: str) -> None:
    fulltext, tenant, known, good = dataset.fulltext, dataset.tenant_id, dataset.dataset_id, new_id()
    calls = [
        lambda: fulltext.write(uow, tenant, known, [TextEntry(hostile, good, good, ["a"])]),
        lambda: fulltext.write(uow, tenant, known, [TextEntry(good, hostile, good, ["a"])]),
        lambda: fulltext.write(uow, tenant, known, [TextEntry(good, good, hostile, ["a"])]),
        lambda: fulltext.delete_nodes(uow, tenant, known, [hostile]),
        lambda: fulltext.delete_documents(uow, tenant, known, [hostile]),
        lambda: fulltext.search(uow, hostile, known, ["a"], 1),
        lambda: fulltext.search(uow, tenant, known, ["a"], 1, documents=[hostile]),
        lambda: fulltext.search(uow, tenant, known, ["a"], 1, without=[hostile]),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="not an id"):
            call()


def test_bm25_of_the_tests_agrees_with_a_hand_computation() -> None:
    texts = [["a", "b"], ["b", "c", "c"]]
    assert bm25(texts, ["c"]) == [0.0, pytest.approx(math.log(2) * 4.4 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2.5)))]
    assert Counter(bm25(texts, ["z"])) == {0.0: 2}
