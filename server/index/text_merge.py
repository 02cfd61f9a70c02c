"""Merging blocks of a full-text index (fulltext.py): fewer rows for a search to read, dead nodes taken out.

A merge reads blocks, which nobody changes, writes their entries as one new block and deletes the old ones,
in one transaction. Nodes keep their numbers, so what is written or deleted meanwhile is not touched.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from server.db.engine import UnitOfWork, UowFactory
from server.index import copying
from server.index.postings import ENTRY_BYTES, Postings, contained, pack, unpack
from server.index.spaces import SpaceStore, upkeep_key

# So many blocks of about one size become one: not more, so that a merge takes seconds, and not beyond this
# many nodes (24 MB of postings).
_LEAST_FAN, _MOST_FAN, _MOST_NODES = 8, 16, 65_536
# Blocks are rewritten when more than this share of the nodes, and at least so many, are dead.
_DEAD_SHARE, _LEAST_DEAD = 0.2, 500

_BLOCKS = sa.text("SELECT id, first_number, nodes, tokens FROM text_blocks WHERE space_id = :space ORDER BY id")
_DEAD_COUNT = sa.text("SELECT count(*) FROM text_dead WHERE space_id = :space")
_DEAD = sa.text("SELECT number, tokens FROM text_dead WHERE space_id = :space ORDER BY number")
_READ = sa.text("SELECT term, block_id, entries FROM text_postings WHERE block_id = ANY(:blocks)")
_ADD = sa.text(
    "INSERT INTO text_blocks (space_id, first_number, nodes, tokens) VALUES (:space, :first, :nodes, :tokens) "
    "RETURNING id"
)
_REMOVE = (
    sa.text("DELETE FROM text_postings WHERE block_id = ANY(:blocks)"),
    sa.text("DELETE FROM text_blocks WHERE id = ANY(:blocks)"),
    sa.text("DELETE FROM text_dead WHERE space_id = :space AND number = ANY(:numbers)"),
)
_TIME_LIMIT = sa.text("SET LOCAL statement_timeout = '10min'")
_TRY_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(:key)")

log = logging.getLogger("transom.index")


@dataclass(frozen=True, slots=True)
class _Block:
    id: int
    first_number: int
    nodes: int
    tokens: int


class TextMerge:
    """Runs in a background job; one a space at a time, others return at once."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def tend(self, tenant_id: str, dataset_id: str) -> bool:
        """Merge until blocks are few and mostly alive; True when something was merged."""
        done = False
        while self._step(tenant_id, dataset_id):
            done = True
        return self._purge(tenant_id, dataset_id) or done

    def _step(self, tenant_id: str, dataset_id: str) -> bool:
        with self._uow() as uow:
            space = _locked(uow, tenant_id, dataset_id)
            chosen = _alike(_blocks(uow, space)) if space else []
            if space is None or not chosen:
                return False
            _merge(uow, space, chosen)
            uow.commit()
        return True

    def _purge(self, tenant_id: str, dataset_id: str) -> bool:
        """Rewrite every block when many nodes are dead."""
        with self._uow() as uow:
            space = _locked(uow, tenant_id, dataset_id)
            if space is None:
                return False
            blocks = _blocks(uow, space)
            dead = uow.execute(_DEAD_COUNT, {"space": space}).scalar_one()
            if dead < max(_LEAST_DEAD, _DEAD_SHARE * sum(block.nodes for block in blocks)):
                return False
        for block in blocks:
            with self._uow() as uow:
                if _locked(uow, tenant_id, dataset_id) == space:
                    _merge(uow, space, [block])
                    uow.commit()
        return True


def copy_postings(uow: UnitOfWork, space: int, block: int, rows: Iterable[tuple[str, bytes]]) -> None:
    """Add the postings of a block."""
    head, tail = copying.bigint(space), copying.bigint(block)
    copying.copy_rows(
        uow, "text_postings", ("space_id", "term", "block_id", "entries"),
        (head + copying.raw(term.encode()) + tail + copying.raw(entries) for term, entries in rows),
    )


def _locked(uow: UnitOfWork, tenant_id: str, dataset_id: str) -> int | None:
    """The space, held against other merges until the transaction ends; None without one or when it is held."""
    registered = SpaceStore(uow, "text").find(tenant_id, dataset_id, share=True)
    if registered is None or not uow.execute(_TRY_LOCK, {"key": upkeep_key(registered.id)}).scalar_one():
        return None
    return registered.id


def _blocks(uow: UnitOfWork, space: int) -> list[_Block]:
    rows = uow.execute(_BLOCKS, {"space": space})
    return [_Block(row.id, row.first_number, row.nodes, row.tokens) for row in rows]


def _alike(blocks: Sequence[_Block]) -> list[_Block]:
    """Blocks of a size class that has eight of them, smallest class first; an entry is rewritten once a class."""
    classes: dict[int, list[_Block]] = defaultdict(list)
    for block in blocks:
        if block.nodes <= _MOST_NODES // 2:
            classes[block.nodes.bit_length() // 2].append(block)
    for _, alike in sorted(classes.items()):
        chosen: list[_Block] = []
        for block in alike[:_MOST_FAN]:
            if sum(one.nodes for one in chosen) + block.nodes <= _MOST_NODES:
                chosen.append(block)
        if len(alike) >= _LEAST_FAN and len(chosen) > 1:
            return chosen
    return []


def _merge(uow: UnitOfWork, space: int, blocks: Sequence[_Block]) -> None:
    uow.execute(_TIME_LIMIT)
    ids = [block.id for block in blocks]
    first_numbers = {block.id: block.first_number for block in blocks}
    dead = uow.execute(_DEAD, {"space": space}).all()
    dead_numbers = np.array([row.number for row in dead], np.int64)
    terms, term_ids, postings = _read(uow, ids, first_numbers)
    is_dead = contained(postings.numbers, dead_numbers)
    gone = set(np.unique(postings.numbers[is_dead]).tolist())
    nodes = sum(block.nodes for block in blocks) - len(gone)
    for statement in _REMOVE:
        uow.execute(statement, {"blocks": ids, "space": space, "numbers": list(gone)})
    if nodes:
        living = postings.where(~is_dead)
        first = int(living.numbers.min())
        tokens = sum(block.tokens for block in blocks) - sum(row.tokens for row in dead if row.number in gone)
        block = uow.execute(
            _ADD, {"space": space, "first": first, "nodes": nodes, "tokens": tokens}
        ).scalar_one()
        copy_postings(uow, space, block, pack(terms, term_ids[~is_dead], living, first))
    log.info("full text: %d blocks of space %d became one of %d nodes", len(blocks), space, nodes)


def _read(uow: UnitOfWork, ids: Sequence[int], first_numbers: dict[int, int]) -> tuple[list[str], Any, Postings]:
    """Terms, and all entries with the position of their term."""
    positions: dict[str, int] = {}
    of_row, rows = [], []
    for row in uow.execute(_READ, {"blocks": list(ids)}):
        of_row.append(positions.setdefault(row.term, len(positions)))
        rows.append((first_numbers[row.block_id], row.entries))
    postings = unpack(rows)
    lengths = [len(entries) // ENTRY_BYTES for _, entries in rows]
    return list(positions), np.repeat(np.array(of_row, np.int64), lengths), postings
