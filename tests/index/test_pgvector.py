"""What is particular to pgvector: transactions, bodies with an HNSW index, the sweep, a server without the extension."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from server.db import pgvector
from server.db.engine import UnitOfWork, make_engine
from server.db.migrate import migrate
from server.embedded import postgres
from server.index import vector_body
from server.index.fulltext import FullText, TextEntry
from server.index.keywords import KeywordEntry, KeywordTable
from server.index.pgvector import PgVectorStore
from server.index.port import Entry, Hit, Space, Vector
from server.index.sweep import sweep
from server.kit.ids import new_id
from tests.harness.stores import DataStores
from tests.index import make
from tests.index.conftest import PostgresBackend, scalar
from tests.index.make import direction, entry, space

DIMENSION = 16


@pytest.fixture
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces get a body at 200 rows and merge 100."""
    monkeypatch.setattr(vector_body, "PROMOTE_ROWS", 200)
    monkeypatch.setattr(vector_body, "MERGE_ROWS", 100)


class Body:
    """A space of a test with its entries."""

    def __init__(self, backend: PostgresBackend) -> None:
        self.backend = backend
        self.store: PgVectorStore = backend.store
        self.space = space(dimension=DIMENSION)
        self.known: dict[str, Entry] = {}

    def write(self, entries: Sequence[Entry]) -> None:
        with self.backend.uow() as uow:
            self.store.write(uow, self.space, entries)
            uow.commit()
        self.known |= {one.node_id: one for one in entries}

    def delete(self, ids: Sequence[str]) -> None:
        with self.backend.uow() as uow:
            self.store.delete_nodes(uow, self.space, ids)
            uow.commit()
        for one in ids:
            self.known.pop(one)

    def search(self, vector: Vector, limit: int = 10, **fields: Sequence[str] | None) -> list[Hit]:
        with self.backend.uow() as uow:
            return self.store.search(uow, self.space, vector, limit, **fields)  # type: ignore[arg-type]

    def exact(self, vector: Vector, limit: int = 10, documents: Sequence[str] | None = None) -> set[str]:
        """By a computation of our own, on numbers rounded to half precision as the store holds them."""
        allowed = [one for one in self.known.values() if documents is None or one.document_id in documents]
        scores = np.array([_half(one.vector) @ _half(vector) for one in allowed])
        return {allowed[at].node_id for at in np.argsort(-scores)[:limit]}

    def recall(self, **fields: Sequence[str]) -> float:
        queries = make.random_vectors(20, dimension=DIMENSION, seed=99)
        found = [{hit.node_id for hit in self.search(query, **fields)} for query in queries]
        assert all(len(ids) == 10 for ids in found)
        wanted = [self.exact(query, documents=fields.get("documents")) for query in queries]
        return float(np.mean([len(a & b) / 10 for a, b in zip(found, wanted, strict=True)]))

    def rows(self) -> tuple[int, int]:
        """How many rows stand in the tail and in the body."""
        with self.backend.uow() as uow:
            number = self.number(uow)
            tail = scalar(uow, "SELECT count(*) FROM vector_rows WHERE space_id = :n", n=number)
            table = scalar(uow, "SELECT to_regclass(:t)", t=f"vector_body_{number}")
            body = scalar(uow, f"SELECT count(*) FROM vector_body_{number}") if table else 0
        return tail, body  # type: ignore[return-value]

    def number(self, uow: UnitOfWork) -> int:
        return scalar(uow, "SELECT id FROM index_spaces WHERE dataset_id = :d", d=self.space.dataset_id)  # type: ignore[return-value]


def _half(vector: Vector) -> Vector:
    return vector.astype(np.float16).astype(np.float32)


@pytest.fixture
def body(postgres_backend: PostgresBackend) -> Body:
    return Body(postgres_backend)


def random_entries(count: int, seed: int = 1, documents: Sequence[str] = ()) -> list[Entry]:
    return make.entries(make.random_vectors(count, dimension=DIMENSION, seed=seed), documents)


# Transactions


def test_write_that_is_rolled_back_leaves_no_trace(postgres_backend: PostgresBackend, uow: UnitOfWork) -> None:
    where, store = space(), postgres_backend.store
    store.write(uow, where, [entry(direction(1))])
    assert len(store.search(uow, where, direction(1), 5)) == 1
    uow.connection.rollback()
    assert store.search(uow, where, direction(1), 5) == []


def test_deleted_row_and_vector_die_in_one_transaction(postgres_backend: PostgresBackend) -> None:
    where, store, kept = space(), postgres_backend.store, entry(direction(1))
    with postgres_backend.uow() as uow:
        store.write(uow, where, [kept])
        uow.commit()
    with postgres_backend.uow() as deleting, postgres_backend.uow() as reading:
        store.delete_documents(deleting, where, [kept.document_id])
        assert len(store.search(reading, where, direction(1), 5)) == 1
        deleting.commit()
        assert store.search(reading, where, direction(1), 5) == []


def test_call_without_a_transaction_is_refused(postgres_backend: PostgresBackend) -> None:
    with pytest.raises(ValueError, match="transaction"):
        postgres_backend.store.write(None, space(), [entry(direction(1))])


def test_space_of_another_dimension_is_refused(postgres_backend: PostgresBackend, uow: UnitOfWork) -> None:
    where, store = space(), postgres_backend.store
    store.write(uow, where, [entry(direction(1))])
    other = Space(where.tenant_id, where.dataset_id, dimension=5, generation=where.generation)
    with pytest.raises(ValueError, match="dimension"):
        store.write(uow, other, [entry(direction(1, dimension=5))])
    with pytest.raises(ValueError, match="dimension"):
        store.search(uow, other, direction(1, dimension=5), 1)


# Bodies


def test_small_space_keeps_its_rows_in_the_tail(body: Body, small_bodies: None) -> None:
    body.write(random_entries(200))
    assert not body.store.tend(body.space)
    assert body.rows() == (200, 0)


def test_large_space_gets_a_body_that_searches_walk(body: Body, small_bodies: None) -> None:
    body.write(random_entries(1000))
    assert body.store.tend(body.space)
    assert body.rows() == (0, 1000)
    assert body.recall() >= 0.95
    with body.backend.uow() as uow:
        uow.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = uow.execute(
            sa.text(f"EXPLAIN SELECT 1 FROM vector_body_{body.number(uow)} ORDER BY embedding <#> :v LIMIT 10"),
            {"v": str(direction(1, dimension=DIMENSION).tolist())},
        ).scalars()
        assert any("hnsw" in line for line in plan)
    assert not body.store.tend(body.space)


def test_search_reads_tail_and_body_as_one(body: Body, small_bodies: None) -> None:
    body.write(random_entries(300))
    body.store.tend(body.space)
    body.write(random_entries(80, 2))
    assert body.rows() == (80, 300)
    assert body.recall() >= 0.95
    assert body.store.tend(body.space) is False
    body.write(random_entries(80, 3))
    assert body.store.tend(body.space)
    assert body.rows() == (0, 460)
    assert body.recall() >= 0.95


def test_node_of_the_body_that_is_written_again_is_there_once(body: Body, small_bodies: None) -> None:
    body.write(random_entries(300))
    body.store.tend(body.space)
    node = next(iter(body.known))
    body.write([entry(make.direction(0, 0, 0, 1, dimension=DIMENSION), node_id=node)])
    hits = body.search(make.direction(0, 0, 0, 1, dimension=DIMENSION), 300)
    assert [hit.node_id for hit in hits].count(node) == 1
    assert hits[0].node_id == node
    assert body.rows() == (1, 299)


def test_deletes_reach_the_body(body: Body, small_bodies: None) -> None:
    documents = [new_id() for _ in range(3)]
    body.write(random_entries(300, documents=documents))
    body.store.tend(body.space)
    body.delete(list(body.known)[:30])
    with body.backend.uow() as uow:
        body.store.delete_documents(uow, body.space, documents[:1])
        uow.commit()
    body.known = {node: one for node, one in body.known.items() if one.document_id != documents[0]}
    assert body.rows() == (0, len(body.known))
    assert body.recall() >= 0.95


@pytest.mark.parametrize("exact_rows", [10_000, 0], ids=["compared one by one", "walked"])
def test_filtered_search_of_a_body_fills_the_page(
    body: Body, small_bodies: None, monkeypatch: pytest.MonkeyPatch, exact_rows: int
) -> None:
    monkeypatch.setattr("server.index.vector_search._EXACT_ROWS", exact_rows)
    documents = [new_id() for _ in range(40)]
    body.write(random_entries(1000, documents=documents))
    body.store.tend(body.space)
    assert body.recall(documents=documents[:3]) >= 0.95
    silent = documents[:35]
    hits = body.search(direction(1, dimension=DIMENSION), 50, without=silent)
    assert len(hits) == 50
    assert not {hit.document_id for hit in hits} & set(silent)


def test_walk_that_ends_too_early_is_followed_by_an_exact_search(
    body: Body, small_bodies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.index.vector_search._EXACT_ROWS", 0)
    monkeypatch.setattr("server.index.vector_search._SETTINGS", "SET LOCAL hnsw.iterative_scan = off; ")
    documents = [new_id() for _ in range(100)]
    body.write(random_entries(1000, documents=documents))
    body.store.tend(body.space)
    query = direction(1, dimension=DIMENSION)
    hits = body.search(query, 10, documents=documents[:1])
    assert {hit.node_id for hit in hits} == body.exact(query, documents=documents[:1])


def test_space_that_grows_by_half_is_built_anew(body: Body, small_bodies: None) -> None:
    body.write(random_entries(250))
    body.store.tend(body.space)
    with body.backend.uow() as uow:
        before = scalar(uow, f"SELECT 'ix_vector_body_{body.number(uow)}_hnsw'::regclass::oid")
    body.write(random_entries(400, 2))
    body.store.tend(body.space)
    with body.backend.uow() as uow:
        after = scalar(uow, f"SELECT 'ix_vector_body_{body.number(uow)}_hnsw'::regclass::oid")
    assert before != after
    assert body.rows() == (0, 650)
    assert body.recall() >= 0.95


def test_build_that_was_cut_is_done_again(body: Body, small_bodies: None) -> None:
    body.write(random_entries(300))
    body.store.tend(body.space)
    with body.backend.uow() as uow:
        number = body.number(uow)
        # What a killed CREATE INDEX CONCURRENTLY leaves.
        uow.execute(
            sa.text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(:name)"),
            {"name": f"ix_vector_body_{number}_hnsw"},
        )
        uow.commit()
    assert body.recall() == 1.0
    assert body.store.tend(body.space)
    with body.backend.uow() as uow:
        assert scalar(
            uow, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)",
            name=f"ix_vector_body_{number}_hnsw",
        )


def test_move_that_was_cut_is_finished_by_the_next(
    body: Body, small_bodies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_body, "_BATCH", 50)
    body.write(random_entries(400))
    real, calls = vector_body._Space._move, []

    def dies(self: object, _: int) -> int:
        calls.append(1)
        real(self, 50)
        raise RuntimeError("killed")

    monkeypatch.setattr(vector_body._Space, "_move", dies)
    with pytest.raises(RuntimeError, match="killed"):
        body.store.tend(body.space)
    assert sum(body.rows()) == 400
    assert body.rows()[1] == 50
    assert body.recall() == 1.0
    monkeypatch.setattr(vector_body._Space, "_move", real)
    assert body.store.tend(body.space)
    assert body.rows() == (0, 400)


def test_search_of_a_process_that_knows_of_no_body_finds_moved_rows(body: Body, small_bodies: None) -> None:
    body.write(random_entries(300))
    other = PgVectorStore(body.backend.engine)
    query = direction(1, dimension=DIMENSION)
    with body.backend.uow() as uow:
        before = {hit.node_id for hit in other.search(uow, body.space, query, 10)}
    body.store.tend(body.space)
    with body.backend.uow() as uow:
        after = {hit.node_id for hit in other.search(uow, body.space, query, 10)}
    assert len(before & after) >= 9


def test_build_beyond_its_memory_says_which_setting_allows_more_and_still_finds_all(
    body: Body, small_bodies: None, caplog: pytest.LogCaptureFixture
) -> None:
    body.write(random_entries(300))
    little = PgVectorStore(body.backend.engine, vector_body.BuildLimits(memory_mb=1))
    assert little.tend(body.space)
    assert "TRANSOM_VECTOR_BUILD_MIB" in caplog.text
    assert body.rows() == (0, 300)
    assert body.recall() >= 0.95


class Disturbance:
    """Searches that watch, and writers that rewrite and come and go, until told to stop."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._kept = dict(body.known)
        self._stop = threading.Event()
        self.faults: list[str] = []

    def __enter__(self) -> Disturbance:
        self._pool = ThreadPoolExecutor(4)
        steps = [self._look, self._rewrite, lambda: self._come_and_go(5), lambda: self._come_and_go(6)]
        self._running = [self._pool.submit(self._until_stopped, step) for step in steps]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._running:
            one.result()
        self._pool.shutdown()

    def _until_stopped(self, step: Callable[[], None]) -> None:
        while not self._stop.is_set():
            step()

    def _look(self) -> None:
        ids = [hit.node_id for hit in self._body.search(direction(1, dimension=DIMENSION), 1000)]
        if len(ids) != len(set(ids)):
            self.faults.append("a node twice")
        if not self._kept.keys() <= set(ids):
            self.faults.append(f"{len(self._kept.keys() - set(ids))} nodes missing")

    def _rewrite(self) -> None:
        self._body.write(list(self._kept.values())[:60])

    def _come_and_go(self, seed: int) -> None:
        passing = random_entries(40, seed)
        with self._body.backend.uow() as uow:
            self._body.store.write(uow, self._body.space, passing)
            uow.commit()
        with self._body.backend.uow() as uow:
            self._body.store.delete_nodes(uow, self._body.space, [one.node_id for one in passing])
            uow.commit()


def test_writes_deletes_and_searches_beside_upkeep_see_each_row_once(
    body: Body, small_bodies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_body, "_BATCH", 20)
    body.write(random_entries(300))
    with Disturbance(body) as disturbance:
        for _ in range(6):
            body.store.tend(body.space)
    assert disturbance.faults == []
    with body.backend.uow() as uow:
        assert body.store.count(uow, body.space) == 300
        paged = [node for page in body.store.nodes(uow, body.space, 77) for node in page]
    assert sorted(paged) == sorted(body.known)


def test_upkeep_of_one_space_runs_once_at_a_time(body: Body, small_bodies: None) -> None:
    body.write(random_entries(300))
    with body.backend.uow() as uow:
        key = vector_body.upkeep_key(body.number(uow))
        uow.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        assert not body.store.tend(body.space)
    assert body.store.tend(body.space)


def test_upkeep_of_a_space_that_writers_hold_comes_back_later(body: Body, small_bodies: None) -> None:
    body.write(random_entries(300))
    with body.backend.uow() as uow:
        body.store.write(uow, body.space, random_entries(1, 2))
        assert not body.store.tend(body.space)
    assert body.store.tend(body.space)


def test_upkeep_of_an_unknown_space_does_nothing(postgres_backend: PostgresBackend) -> None:
    assert not postgres_backend.store.tend(space())


@pytest.mark.parametrize("dimension", [1, 3072, 4000, 4096])
def test_space_of_any_dimension_is_searched(postgres_backend: PostgresBackend, dimension: int) -> None:
    where = space(dimension=dimension)
    written = make.entries(make.random_vectors(20, dimension=dimension))
    with postgres_backend.uow() as uow:
        postgres_backend.store.write(uow, where, written)
        (hit,) = postgres_backend.store.search(uow, where, written[7].vector, 1)
        assert hit.score == pytest.approx(1.0, abs=1e-3)
        assert dimension == 1 or hit.node_id == written[7].node_id


def test_space_too_wide_for_an_index_stays_in_the_tail(postgres_backend: PostgresBackend, small_bodies: None) -> None:
    where = space(dimension=4096)
    with postgres_backend.uow() as uow:
        postgres_backend.store.write(uow, where, make.entries(make.random_vectors(201, dimension=4096)))
        uow.commit()
    assert not postgres_backend.store.tend(where)


# The sweep


def test_sweep_removes_what_dropped_spaces_left(
    body: Body, small_bodies: None, postgres_backend: PostgresBackend
) -> None:
    body.write(random_entries(300))
    body.store.tend(body.space)
    body.write(random_entries(10, 2))
    tenant, dataset, good = body.space.tenant_id, body.space.dataset_id, new_id()
    fulltext, keywords = FullText(), KeywordTable()
    with postgres_backend.uow() as uow:
        fulltext.write(uow, tenant, dataset, [TextEntry(new_id(), good, good, ["a"]) for _ in range(3)])
        keywords.write(uow, tenant, dataset, [KeywordEntry(new_id(), good, good, ["a"])])
        uow.commit()
    with postgres_backend.uow() as uow:
        numbers = uow.execute(
            sa.text("SELECT id FROM index_spaces WHERE dataset_id = :d"), {"d": dataset}
        ).scalars().all()
        fulltext.drop(uow, tenant, dataset)
        keywords.drop(uow, tenant, dataset)
        body.store.drop(uow, body.space)
        uow.commit()
    assert body.search(direction(1, dimension=DIMENSION)) == []
    assert sweep(postgres_backend.uow, age=timedelta(hours=1)) == 0
    assert sweep(postgres_backend.uow, age=timedelta(0), most_spaces=1000) >= 3
    with postgres_backend.uow() as uow:
        for table in ("vector_rows", "text_nodes", "text_postings", "text_blocks", "text_dead", "keyword_nodes"):
            left = uow.execute(
                sa.text(f"SELECT count(*) FROM {table} WHERE space_id = ANY(:n)"), {"n": list(numbers)}
            ).scalar()
            assert left == 0, table
        bodies = [scalar(uow, "SELECT to_regclass(:t)", t=f"vector_body_{number}") for number in numbers]
        assert bodies == [None] * 3
        assert scalar(uow, "SELECT count(*) FROM index_spaces WHERE dataset_id = :d", d=dataset) == 0


def test_sweep_removes_a_body_that_was_made_while_its_space_was_dropped(
    body: Body, small_bodies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    body.write(random_entries(300))
    with body.backend.uow() as uow:
        table = f"vector_body_{body.number(uow)}"
    real = vector_body._Space._run

    def run(self: vector_body._Space, statement: str) -> None:
        real(self, statement)
        if statement.startswith("CREATE TABLE"):
            with body.backend.uow() as uow:
                body.store.drop(uow, body.space)
                uow.commit()

    monkeypatch.setattr(vector_body._Space, "_run", run)
    assert not body.store.tend(body.space)
    with body.backend.uow() as uow:
        assert scalar(uow, "SELECT to_regclass(:t)", t=table) is not None
    sweep(body.backend.uow, age=timedelta(0), most_spaces=1000)
    with body.backend.uow() as uow:
        assert scalar(uow, "SELECT to_regclass(:t)", t=table) is None


def test_drop_waits_for_a_writer_so_nothing_is_left_behind(postgres_backend: PostgresBackend) -> None:
    where, store = space(), postgres_backend.store
    with postgres_backend.uow() as uow:
        store.write(uow, where, [entry(direction(1))])
        uow.commit()
    with ThreadPoolExecutor(1) as pool:
        with postgres_backend.uow() as writing:
            store.write(writing, where, [entry(direction(1))])

            def drop() -> None:
                with postgres_backend.uow() as uow:
                    store.drop(uow, where)
                    uow.commit()

            dropping = pool.submit(drop)
            with pytest.raises(TimeoutError):
                dropping.result(0.3)
            writing.commit()
        dropping.result()
    with postgres_backend.uow() as uow:
        assert store.count(uow, where) == 0


# A server without the extension


@pytest.fixture
def bare(durable_stores: DataStores) -> Iterator[sa.Engine]:
    """An empty database."""
    name = f"bare_{new_id().replace('-', '')}"
    postgres.ensure_database(durable_stores.postgres, name, template="template0")
    engine = make_engine(durable_stores.postgres.url(name), pool_size=2)
    yield engine
    engine.dispose()


def _pretend(monkeypatch: pytest.MonkeyPatch, available: str) -> None:
    """Let the catalogue of extensions say something else; the rest is the real server."""
    real = pgvector.sa.text

    def text(statement: str) -> sa.TextClause:
        return real(statement.replace("pg_available_extensions", available))

    monkeypatch.setattr(pgvector.sa, "text", text)


def test_migration_without_the_extension_says_what_to_do(bare: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "(SELECT * FROM pg_available_extensions WHERE name <> 'vector')")
    with pytest.raises(pgvector.PgVectorMissing, match="no pgvector"):
        migrate(bare)
    with bare.connect() as connection:
        assert connection.execute(sa.text("SELECT to_regclass('vector_rows')")).scalar() is None


def test_migration_with_an_old_extension_says_what_to_do(bare: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "(SELECT name, '0.7.4' AS default_version, NULL::text AS installed_version "
             "FROM pg_available_extensions WHERE name = 'vector')")
    with pytest.raises(pgvector.PgVectorMissing, match=r"0\.7\.4.*0\.8"):
        migrate(bare)


def test_migration_for_another_store_needs_no_extension(bare: sa.Engine) -> None:
    assert migrate(bare, vectors=False)
    with bare.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")).scalar() == 0
    assert not migrate(bare, vectors=False)
    assert migrate(bare)
    assert not migrate(bare)


def test_migration_by_a_role_that_may_not_add_the_extension_says_what_to_do(
    bare: sa.Engine, durable_stores: DataStores
) -> None:
    role = f"plain_{new_id().replace('-', '')}"
    with bare.connect() as connection:
        connection.execute(sa.text(f"CREATE ROLE {role}"))
        connection.execute(sa.text(f"GRANT CREATE, USAGE ON SCHEMA public TO {role}"))
        connection.commit()

    @sa.event.listens_for(bare, "begin")
    def _(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")

    with pytest.raises(pgvector.PgVectorMissing, match="CREATE EXTENSION vector"):
        pgvector.ensure(bare)
