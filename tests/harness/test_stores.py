"""The harness itself: fresh databases are fresh, killed stores come back."""

from __future__ import annotations

import psycopg2
import redis

from tests.harness.stores import DataStores


def _tables(url: str) -> int:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        count: int = cursor.fetchone()[0]  # type: ignore[index]
    connection.close()
    return count


def test_postgres_url_called_twice_gives_two_migrated_databases(stores: DataStores) -> None:
    first, second = stores.postgres_url(), stores.postgres_url()
    assert first != second
    assert _tables(first) == _tables(second) > 10


def test_redis_url_called_twice_gives_two_empty_databases(stores: DataStores) -> None:
    first, second = redis.Redis.from_url(stores.redis_url()), redis.Redis.from_url(stores.redis_url())
    first.set("a", 1)
    assert second.dbsize() == 0


def test_killed_postgres_started_again_keeps_committed_rows() -> None:
    with DataStores(durable=True) as own:
        url = own.postgres_url()
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 1 AS n")
        own.kill("postgres")
        own.start_postgres()
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT n FROM kept")
            assert cursor.fetchone() == (1,)
        own.kill("redis")
        own.start_redis()
