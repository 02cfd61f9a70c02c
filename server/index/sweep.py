"""Deletes what dropped spaces left: rows in batches, bodies, at last the space's own row. A background job."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from server.db.engine import UnitOfWork, UowFactory
from server.db.index_tables import (
    index_spaces,
    keyword_nodes,
    text_blocks,
    text_dead,
    text_nodes,
    text_postings,
)
from server.index.vector_body import body_table

_BATCH = 5_000
_TABLES = {
    "text": (text_nodes, text_postings, text_dead, text_blocks),
    "keyword": (keyword_nodes,),
    "vector": (sa.table("vector_rows", sa.column("space_id")),),
}


# Until then a process may still remember the space and name its body (vector_search.py).
_AGE = timedelta(minutes=5)


def sweep(uow: UowFactory, *, age: timedelta = _AGE, most_spaces: int = 100) -> int:
    """Remove up to ``most_spaces`` spaces dropped ``age`` ago; how many went. May be repeated and run beside itself."""
    with uow() as transaction:
        dropped = transaction.execute(
            sa.select(index_spaces.c.id, index_spaces.c.kind)
            .where(index_spaces.c.dropped_at <= sa.func.now() - age)
            .order_by(index_spaces.c.dropped_at).limit(most_spaces)
        ).all()
    for row in dropped:
        for table in _TABLES[row.kind]:
            while _delete_batch(uow, table, row.id):
                pass
        with uow() as transaction:
            if row.kind == "vector":
                # Upkeep may have made it just before the space was dropped, and told nobody.
                transaction.execute(sa.text(f"DROP TABLE IF EXISTS {body_table(row.id)}"))
            transaction.execute(sa.delete(index_spaces).where(index_spaces.c.id == row.id))
            transaction.commit()
    return len(dropped)


def _delete_batch(uow: UowFactory, table: sa.FromClause, space_id: int) -> int:
    with uow() as transaction:
        deleted = _delete(transaction, table.name, space_id)  # type: ignore[attr-defined]
        transaction.commit()
    return deleted


def _delete(uow: UnitOfWork, table: str, space_id: int) -> int:
    statement = sa.text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608 - a name from the list above
        f"SELECT ctid FROM {table} WHERE space_id = :space LIMIT {_BATCH}))"
    )
    return uow.execute(statement, {"space": space_id}).rowcount
