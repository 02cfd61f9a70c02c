"""What is particular to Milvus: places of spaces, filters, a server that is away, things dropped behind our back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.embedded.state import free_ports
from server.index import milvus_layout as layout
from server.index.milvus import MilvusStore
from server.index.milvus_calls import MilvusAddress, load
from server.index.port import Space, VectorStoreUnavailable
from server.kit.ids import new_id
from tests.index import make
from tests.index.make import direction, entry, space
from tests.index.milvus_servers import MilvusServer


@pytest.fixture(params=["lite", "standalone"], scope="module")
def server(request: pytest.FixtureRequest) -> MilvusServer:
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def address(server: MilvusServer) -> MilvusAddress:
    """Collections of this test alone."""
    return MilvusAddress(uri=server.uri, prefix=f"t{new_id().replace('-', '')}", search_seconds=60)


@pytest.fixture
def store(address: MilvusAddress) -> Iterator[MilvusStore]:
    store = MilvusStore(address)
    yield store
    client = load().MilvusClient(uri=address.uri)
    for name in _collections(address):
        client.drop_collection(name)
    client.close()
    store.close()


def _collections(address: MilvusAddress) -> list[str]:
    client = load().MilvusClient(uri=address.uri)
    try:
        return sorted(name for name in client.list_collections() if name.startswith(address.prefix))
    finally:
        client.close()


def test_datasets_share_one_collection_of_their_dimension(store: MilvusStore, address: MilvusAddress) -> None:
    for _ in range(5):
        store.write(None, space(), [entry(direction(1))])
    store.write(None, space(dimension=4), [entry(direction(1, dimension=4))])
    assert _collections(address) == [f"{address.prefix}_d4", f"{address.prefix}_d8"]


def test_space_expected_to_be_large_gets_a_collection_of_its_own(store: MilvusStore, address: MilvusAddress) -> None:
    where = space()
    store.expect(where, layout.DEDICATED_ROWS - 1)
    assert _collections(address) == []
    store.expect(where, layout.DEDICATED_ROWS)
    (own,) = _collections(address)
    written = make.entries(make.random_vectors(50), [new_id(), new_id()])
    store.write(None, where, written)
    other = MilvusStore(address)
    (hit,) = other.search(None, where, written[3].vector, 1)
    assert hit.node_id == written[3].node_id
    other.delete_documents(None, where, [written[0].document_id])
    assert store.count(None, where) == 25
    assert [len(page) for page in store.nodes(None, where, 20)] == [20, 5]
    assert _collections(address) == [own]
    store.drop(None, where)
    assert _collections(address) == []
    assert store.search(None, where, direction(1), 5) == []
    other.close()


@pytest.mark.timeout(240)
def test_space_of_its_own_under_a_narrow_filter_finds_the_right_ones(store: MilvusStore) -> None:
    where = space(dimension=768)
    store.expect(where, layout.DEDICATED_ROWS)
    documents = [new_id() for _ in range(200)]
    entries = make.entries(make.random_vectors(10_000, dimension=768), documents)
    for at in range(0, len(entries), 2000):
        store.write(None, where, entries[at : at + 2000])
    for number, query in enumerate(make.random_vectors(10, dimension=768, seed=5)):
        of_these = [one for one in entries if one.document_id == documents[number]]
        right = sorted(of_these, key=lambda one: -float(one.vector @ query))[:20]
        hits = store.search(None, where, query, 20, documents=[documents[number], new_id()])
        assert [hit.node_id for hit in hits] == [one.node_id for one in right]


def test_two_processes_that_make_a_collection_at_once_both_write(address: MilvusAddress, store: MilvusStore) -> None:
    where = space()
    stores = [store, MilvusStore(address), MilvusStore(address)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: one.write(None, where, [entry(direction(1))]), stores))
    assert store.count(None, where) == 3
    for one in stores[1:]:
        one.close()


def test_collection_dropped_behind_our_back_is_empty_and_made_again(store: MilvusStore, address: MilvusAddress) -> None:
    where = space()
    store.write(None, where, [entry(direction(1))])
    assert len(store.search(None, where, direction(1), 5)) == 1
    client = load().MilvusClient(uri=address.uri)
    client.drop_collection(f"{address.prefix}_d8")
    client.close()
    assert store.search(None, where, direction(1), 5) == []
    store.delete_nodes(None, where, [new_id()])
    written = entry(direction(1))
    store.write(None, where, [written])
    assert [hit.node_id for hit in store.search(None, where, direction(1), 5)] == [written.node_id]


def test_collection_released_behind_our_back_is_loaded_again(store: MilvusStore, address: MilvusAddress) -> None:
    where, written = space(), entry(direction(1))
    store.write(None, where, [written])
    client = load().MilvusClient(uri=address.uri)
    client.release_collection(f"{address.prefix}_d8")
    client.close()
    assert [hit.node_id for hit in store.search(None, where, direction(1), 5)] == [written.node_id]


def test_write_larger_than_a_call_arrives_whole(store: MilvusStore) -> None:
    where = space(dimension=1024)
    written = make.entries(make.random_vectors(2500, dimension=1024))
    store.write(None, where, written)
    assert store.count(None, where) == 2500
    store.delete_nodes(None, where, [one.node_id for one in written[:2400]])
    assert store.count(None, where) == 100


def test_collection_may_be_mapped_from_disk(server: MilvusServer) -> None:
    address = MilvusAddress(uri=server.uri, prefix=f"t{new_id().replace('-', '')}", mmap=True, search_seconds=60)
    store, where, written = MilvusStore(address), space(), entry(direction(1))
    store.write(None, where, [written])
    assert [hit.node_id for hit in store.search(None, where, direction(1), 5)] == [written.node_id]
    client = load().MilvusClient(uri=server.uri)
    client.drop_collection(f"{address.prefix}_d8")
    client.close()
    store.close()


# Filters


@pytest.mark.parametrize(
    "value", ['"', "'", "\\", '\\"', '"] or pk != "', "\n", "\t", "%", "_", "{}", "数据", '" or "" == "'],
)  # fmt: skip
def test_quoted_text_matches_itself_and_nothing_else(server: MilvusServer, value: str) -> None:
    prefix = f"t{new_id().replace('-', '')}"
    client = load().MilvusClient(uri=server.uri)
    kinds = load().DataType
    schema = client.create_schema(auto_id=False)
    schema.add_field("pk", kinds.VARCHAR, max_length=64, is_primary=True)
    schema.add_field("vector", kinds.FLOAT_VECTOR, dim=2)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="IP")
    client.create_collection(prefix, schema=schema, index_params=index, consistency_level="Strong")
    try:
        client.insert(prefix, [{"pk": text, "vector": [1.0, 0.0]} for text in (value, "other", "pk")])
        rows = client.query(prefix, filter=f"pk == {layout.quoted(value)}", output_fields=["pk"])
        assert [row["pk"] for row in rows] == [value]
        rows = client.query(prefix, filter=layout.listed("pk", [value, "pk"]), output_fields=["pk"])
        assert sorted(row["pk"] for row in rows) == sorted([value, "pk"])
    finally:
        client.drop_collection(prefix)
        client.close()


@pytest.mark.parametrize("value", ["\0", "a\x1b", "\x7f\x01"])
def test_quoted_control_character_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        layout.quoted(value)


def test_spaces_are_spread_over_all_partitions() -> None:
    homes = [layout.shared_home("transom", space()) for _ in range(5000)]
    counts = [sum(home.partition == f"b{at:02d}" for home in homes) for at in range(layout.BUCKETS)]
    assert sum(counts) == 5000
    assert 30 <= min(counts) <= max(counts) <= 140


def test_spaces_have_different_names() -> None:
    first = space()
    others = [
        Space(new_id(), first.dataset_id, first.dimension, first.generation),
        Space(first.tenant_id, new_id(), first.dimension, first.generation),
        Space(first.tenant_id, first.dataset_id, first.dimension, 1),
        Space(first.tenant_id, first.dataset_id, 9, first.generation),
    ]
    assert len({layout.shared_home("t", one).name for one in [first, *others]}) == 5


# A server that is away


def test_server_that_is_away_is_told_within_the_time_allowed() -> None:
    (port,) = free_ports(1)
    store = MilvusStore(
        MilvusAddress(uri=f"http://127.0.0.1:{port}", search_seconds=1, write_seconds=1)
    )
    calls = [
        lambda: store.search(None, space(), direction(1), 1),
        lambda: store.write(None, space(), [entry(direction(1))]),
        lambda: store.delete_documents(None, space(), [new_id()]),
        lambda: store.drop(None, space()),
        lambda: store.count(None, space()),
        lambda: list(store.nodes(None, space(), 10)),
    ]
    for call in calls:
        began = time.monotonic()
        with pytest.raises(VectorStoreUnavailable, match="does not answer"):
            call()
        assert time.monotonic() - began < 3


@pytest.mark.timeout(300)
def test_store_that_knew_a_server_tells_when_it_is_away_and_goes_on_when_it_is_back(
    server: MilvusServer, address: MilvusAddress
) -> None:
    store = MilvusStore(MilvusAddress(uri=address.uri, prefix=address.prefix, search_seconds=1, write_seconds=1))
    patient = MilvusStore(address)
    where, written = space(), entry(direction(1))
    patient.write(None, where, [written])
    store.search(None, where, direction(1), 1)
    server.kill()
    try:
        with pytest.raises(VectorStoreUnavailable):
            store.search(None, where, direction(1), 1)
        with pytest.raises(VectorStoreUnavailable):
            store.delete_nodes(None, where, [written.node_id])
    finally:
        server.start()
    assert [hit.node_id for hit in patient.search(None, where, direction(1), 1)] == [written.node_id]
    assert [hit.node_id for hit in store.search(None, where, direction(1), 1)] == [written.node_id]
    store.close()
    patient.close()
