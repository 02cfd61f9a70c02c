"""SQL of the worker: claiming documents, writing segments, switching versions, cleaning up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.index_tables import index_spaces
from server.db.tables import (
    child_chunks,
    document_metadata_bindings,
    document_segments,
    documents,
    jobs,
    message_files,
    process_rules,
    segment_attachments,
    segment_summaries,
    upload_files,
)
from server.indexing.model import Node, PendingSegment, Superseded, Task
from server.ingest.chunks import Chunk, text_hash
from server.kit.ids import new_id

_M = documents.c
_S = document_segments.c
_C = child_chunks.c
_NOW = sa.func.now()
_BUSY_OR_WAITING = ("waiting", "parsing", "cleaning", "splitting", "indexing")
# Jobs that do something only while their dataset is there.
_OF_THE_LIVING = (
    "index_document", "rebuild_dataset", "move_dataset", "tend_dataset", "check_entries", "purge_segments",
    "purge_nodes", "summarise_document",
)  # fmt: skip


class IndexingStore:
    """Documents that are being indexed, in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    # Claim

    def begin(self, tenant_id: str, document_id: str, version: int) -> Task | None:
        """Take a document for this worker; None when there is nothing to do for it."""
        claim = new_id()
        begun = (
            sa.update(documents)
            .where(
                _M.tenant_id == tenant_id, _M.id == document_id, _M.version == version, sa.not_(_M.is_paused),
                _M.indexing_status.in_(_BUSY_OR_WAITING),
            )
            .values(
                attempts=_M.attempts + 1, claim=claim, error=None,
                processing_started_at=sa.func.coalesce(_M.processing_started_at, _NOW),
                indexing_status=sa.case((_M.splitting_completed_at.is_not(None), "indexing"), else_="parsing"),
            )
            .returning(
                _M.dataset_id, _M.attempts, _M.doc_form, _M.doc_language, _M.created_by, _M.process_rule_id,
                _M.upload_file_id, _M.splitting_completed_at, _M.processing_started_at, _M.position,
            )
        )
        row = self._uow.execute(begun).one_or_none()
        if row is None:
            return None
        rule = self._uow.execute(
            sa.select(process_rules.c.mode, process_rules.c.rules).where(
                process_rules.c.tenant_id == tenant_id, process_rules.c.id == row.process_rule_id
            )
        ).one_or_none()
        file = self._uow.execute(
            sa.select(upload_files.c.key, upload_files.c.extension).where(
                upload_files.c.tenant_id == tenant_id, upload_files.c.id == row.upload_file_id
            )
        ).one_or_none()
        return Task(
            tenant_id=tenant_id, dataset_id=row.dataset_id, document_id=document_id, version=version,
            attempts=row.attempts, claim=claim, doc_form=row.doc_form, doc_language=row.doc_language,
            created_by=row.created_by,
            rule={"mode": rule.mode, "rules": rule.rules} if rule else None, file_key=file.key if file else "",
            extension=file.extension if file else "", is_split=row.splitting_completed_at is not None,
            began_at=row.processing_started_at, position=row.position,
        )

    def hold(self, task: Task) -> None:
        """Lock the document while it is still this worker's. Raises Superseded."""
        held = sa.select(_M.id).where(
            _M.tenant_id == task.tenant_id, _M.id == task.document_id, _M.version == task.version,
            _M.claim == task.claim, sa.not_(_M.is_paused),
        )
        if self._uow.execute(held.with_for_update()).first() is None:
            raise Superseded

    def is_dead(self, task: Task) -> bool:
        """Whether nobody will ever ask for the segments of this version: the document is gone or past it."""
        wanted = sa.select(_M.id).where(
            _M.tenant_id == task.tenant_id, _M.id == task.document_id,
            sa.or_(_M.version == task.version, _M.live_version == task.version),
        )
        return self._uow.execute(wanted).first() is None

    def excuse(self, task: Task, error: str | None) -> None:
        """What ended this attempt was not the document: it does not count."""
        self.set(task, {"attempts": sa.func.greatest(0, _M.attempts - 1), "error": error})

    def set(self, task: Task, values: Mapping[str, Any]) -> None:
        """Change the document; it is held."""
        self._uow.execute(
            sa.update(documents).where(_M.tenant_id == task.tenant_id, _M.id == task.document_id).values(**values)
        )

    def split(self, task: Task, characters: int) -> None:
        """All segments of the version are there."""
        self.set(
            task,
            {
                "indexing_status": "indexing", "word_count": characters,
                "parsing_completed_at": sa.func.coalesce(_M.parsing_completed_at, _NOW),
                "cleaning_completed_at": _NOW, "splitting_completed_at": _NOW,
            },
        )

    def fail(self, task: Task, error: str) -> None:
        """End the version with a reason. Another version, if one answers, goes on answering."""
        self.set(task, {"indexing_status": "error", "error": error, "stopped_at": _NOW, "claim": None})

    # Segments

    def drop_version(self, task: Task, limit: int) -> int:
        """Delete some of what an earlier attempt left of this version; how many segments went."""
        ids = list(
            self._uow.execute(
                sa.select(_S.id).where(
                    _S.tenant_id == task.tenant_id, _S.document_id == task.document_id, _S.version == task.version
                ).limit(limit)
            ).scalars()
        )
        self._uow.execute(
            sa.delete(child_chunks).where(_C.tenant_id == task.tenant_id, _C.segment_id.in_(ids))
        )
        self._uow.execute(
            sa.delete(document_segments).where(_S.tenant_id == task.tenant_id, _S.id.in_(ids))
        )
        return len(ids)

    def add_segments(self, task: Task, found: Iterable[tuple[Chunk, str | None]], position: int) -> int:
        """Write segments (chunk, answer) from ``position`` on; their characters."""
        rows: list[dict[str, Any]] = []
        children: list[dict[str, Any]] = []
        shared = {
            "tenant_id": task.tenant_id, "dataset_id": task.dataset_id, "document_id": task.document_id,
            "created_by": task.created_by,
        }
        for at, (chunk, answer) in enumerate(found, position):
            segment_id = new_id()
            rows.append(
                {
                    **shared, "id": segment_id, "version": task.version, "position": at, "content": chunk.content,
                    "answer": answer, "word_count": len(chunk.content) + len(answer or ""), "index_node_id": new_id(),
                    "index_node_hash": text_hash(chunk.content), "status": "waiting", "enabled": False,
                }
            )
            children += [
                {
                    **shared, "id": new_id(), "segment_id": segment_id, "position": number, "content": child,
                    "word_count": len(child), "index_node_id": new_id(), "index_node_hash": text_hash(child),
                }
                for number, child in enumerate(chunk.children, 1)
            ]
        if rows:
            self._uow.execute(sa.insert(document_segments), rows)
        if children:
            self._uow.execute(sa.insert(child_chunks), children)
        return sum(int(row["word_count"]) for row in rows)

    def pending(self, task: Task, after: int, limit: int) -> tuple[list[PendingSegment], int]:
        """Segments that are not indexed yet, from position ``after`` on, and the last position looked at."""
        statement = (
            sa.select(_S.id, _S.position, _S.content, _S.answer, _S.keywords, _S.index_node_id)
            .where(
                _S.tenant_id == task.tenant_id, _S.document_id == task.document_id, _S.version == task.version,
                _S.position > after, _S.status != "completed",
            )
            .order_by(_S.position).limit(limit)
        )
        rows = self._uow.execute(statement).all()
        return self._with_nodes(task, rows), rows[-1].position if rows else 0

    def _with_nodes(self, task: Task, rows: Sequence[Any]) -> list[PendingSegment]:
        children: dict[str, list[Node]] = {}
        if task.doc_form == "hierarchical_model" and rows:
            statement = sa.select(_C.segment_id, _C.index_node_id, _C.content).where(
                _C.tenant_id == task.tenant_id, _C.segment_id.in_([row.id for row in rows])
            )
            for child in self._uow.execute(statement.order_by(_C.position)):
                children.setdefault(child.segment_id, []).append(
                    Node(
                        node_id=child.index_node_id, segment_id=child.segment_id, document_id=task.document_id,
                        text=child.content,
                    )
                )
        return [
            PendingSegment(
                id=row.id, content=row.content, answer=row.answer, keywords=tuple(row.keywords or ()),
                nodes=tuple(children.get(row.id, ()))
                if task.doc_form == "hierarchical_model"
                else (
                    Node(
                        node_id=row.index_node_id, segment_id=row.id, document_id=task.document_id, text=row.content,
                        document_position=task.position, position=row.position,
                    ),
                ),
            )
            for row in rows
        ]

    def complete(self, tenant_id: str, found: Sequence[tuple[str, int, Sequence[str] | None]]) -> None:
        """Segments (id, tokens, keywords) are in the index now."""
        if not found:
            return
        values = sa.values(
            sa.column("id", sa.Uuid(as_uuid=False)), sa.column("tokens", sa.Integer), sa.column("keywords", sa.JSON),
            name="done",
        ).data([(segment_id, tokens, None if words is None else list(words)) for segment_id, tokens, words in found])
        self._uow.execute(
            sa.update(document_segments).where(_S.tenant_id == tenant_id, _S.id == values.c.id)
            .values(
                status="completed", enabled=True, error=None, indexing_at=_NOW, completed_at=_NOW,
                tokens=values.c.tokens,
                keywords=sa.case((sa.cast(values.c.keywords, sa.Text) == "null", _S.keywords), else_=values.c.keywords),
            )
        )

    def reset_segments(self, task: Task) -> None:
        """None of the version's segments count as indexed: the dataset's index changed meanwhile."""
        self._uow.execute(
            sa.update(document_segments)
            .where(_S.tenant_id == task.tenant_id, _S.document_id == task.document_id, _S.version == task.version)
            .values(status="waiting", enabled=False, completed_at=None)
        )

    def totals(self, task: Task) -> tuple[int, int]:
        """(tokens, characters) of the version."""
        statement = sa.select(
            sa.func.coalesce(sa.func.sum(_S.tokens), 0).label("tokens"),
            sa.func.coalesce(sa.func.sum(_S.word_count), 0).label("characters"),
        ).where(_S.tenant_id == task.tenant_id, _S.document_id == task.document_id, _S.version == task.version)
        row = self._uow.execute(statement).one()
        return int(row.tokens), int(row.characters)

    def has_older(self, task: Task) -> bool:
        """Whether segments of earlier versions are still there."""
        statement = sa.select(_S.id).where(
            _S.tenant_id == task.tenant_id, _S.document_id == task.document_id, _S.version < task.version
        )
        return self._uow.execute(statement.limit(1)).first() is not None

    def order(self, kind: str, payload: Mapping[str, Any], *, later: timedelta | None = None) -> None:
        """Leave work for after the commit, or for some time after it."""
        due = _NOW if later is None else _NOW + later
        self._uow.execute(sa.insert(jobs).values(kind=kind, payload=dict(payload), due_at=due))

    def is_ordered(self, kind: str, dataset_id: str, *, begun: bool) -> bool:
        """Whether a job for the dataset is there; ``begun``: one that somebody works on counts too."""
        wanted = [jobs.c.kind == kind, jobs.c.payload["dataset_id"].astext == dataset_id]
        if not begun:
            wanted.append(jobs.c.attempts == 0)
        return self._uow.execute(sa.select(jobs.c.id).where(*wanted).limit(1)).first() is not None


class CleanStore:
    """Rows of what was deleted or replaced, in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def segments(
        self, tenant_id: str, dataset_id: str, *, document_id: str | None, below: int | None, limit: int
    ) -> dict[str, list[str]]:
        """Some segments to remove, with the ids of their index nodes, by segment."""
        matches = [_S.tenant_id == tenant_id, _S.dataset_id == dataset_id]
        if document_id is not None:
            matches.append(_S.document_id == document_id)
        if below is not None:
            matches.append(_S.version < below)
        rows = self._uow.execute(sa.select(_S.id, _S.index_node_id).where(*matches).limit(limit)).all()
        nodes = {row.id: [row.index_node_id] for row in rows}
        for table in (child_chunks, segment_summaries):
            statement = sa.select(table.c.segment_id, table.c.index_node_id).where(
                table.c.tenant_id == tenant_id, table.c.segment_id.in_(list(nodes))
            )
            for row in self._uow.execute(statement):
                nodes[row.segment_id].append(row.index_node_id)
        return nodes

    def delete_segments(self, tenant_id: str, segment_ids: Sequence[str]) -> None:
        """Segments with all that hangs on them."""
        for table in (child_chunks, segment_summaries, segment_attachments):
            self._uow.execute(
                sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.segment_id.in_(segment_ids))
            )
        self._uow.execute(
            sa.delete(document_segments).where(_S.tenant_id == tenant_id, _S.id.in_(segment_ids))
        )

    def delete_document_rows(self, tenant_id: str, document_id: str, rule_id: str | None) -> None:
        """Bindings of a deleted document, and its rule when no other document has it."""
        self._uow.execute(
            sa.delete(document_metadata_bindings).where(
                document_metadata_bindings.c.tenant_id == tenant_id,
                document_metadata_bindings.c.document_id == document_id,
            )
        )
        if rule_id is not None:
            used = sa.select(_M.id).where(_M.tenant_id == tenant_id, _M.process_rule_id == rule_id).exists()
            self._uow.execute(
                sa.delete(process_rules).where(
                    process_rules.c.tenant_id == tenant_id, process_rules.c.id == rule_id, sa.not_(used)
                )
            )

    def files(self, tenant_id: str, dataset_id: str, limit: int) -> list[tuple[str, str | None]]:
        """(document, file) of some documents of a deleted dataset."""
        statement = sa.select(_M.id, _M.upload_file_id).where(_M.tenant_id == tenant_id, _M.dataset_id == dataset_id)
        return [(row.id, row.upload_file_id) for row in self._uow.execute(statement.limit(limit))]

    def delete_documents(self, tenant_id: str, document_ids: Sequence[str]) -> None:
        """Rows of documents."""
        self._uow.execute(sa.delete(documents).where(_M.tenant_id == tenant_id, _M.id.in_(document_ids)))

    def unused_file(self, tenant_id: str, file_id: str, besides: str | None) -> str | None:
        """Where the bytes of an upload are that neither a message nor a document, of another dataset, has."""
        made = sa.exists().where(_M.tenant_id == tenant_id, _M.upload_file_id == file_id)
        sent = sa.exists().where(message_files.c.tenant_id == tenant_id, message_files.c.upload_file_id == file_id)
        if besides is not None:
            made = made.where(_M.dataset_id != besides)
        statement = sa.select(upload_files.c.key).where(
            upload_files.c.tenant_id == tenant_id, upload_files.c.id == file_id, sa.not_(made), sa.not_(sent)
        )
        return self._uow.execute(statement).scalar_one_or_none()

    def delete_file(self, tenant_id: str, file_id: str) -> None:
        """The row of an upload."""
        self._uow.execute(
            sa.delete(upload_files).where(upload_files.c.tenant_id == tenant_id, upload_files.c.id == file_id)
        )

    def delete_dataset_rows(self, tenant_id: str, dataset_id: str, tables: Sequence[sa.Table]) -> None:
        """Rows that name a deleted dataset."""
        for table in tables:
            self._uow.execute(
                sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.dataset_id == dataset_id)
            )

    def forget_jobs(self, dataset_id: str) -> None:
        """What was ordered for a dataset while it was there and nobody began: with the dataset gone it does nothing.

        Some of it is due in hours only. What was begun ends on its own, or takes back what it wrote.
        """
        self._uow.execute(
            sa.delete(jobs).where(
                jobs.c.kind.in_(_OF_THE_LIVING), jobs.c.attempts == 0, jobs.c.payload["dataset_id"].astext == dataset_id
            )
        )

    def drop_spaces(self, tenant_id: str, dataset_id: str) -> None:
        """All indexes of a deleted dataset that are in this database; the sweep deletes their rows."""
        columns = index_spaces.c
        self._uow.execute(
            sa.update(index_spaces)
            .where(
                columns.tenant_id == tenant_id, columns.dataset_id == dataset_id, columns.dropped_at.is_(None)
            )
            .values(dropped_at=_NOW)
        )

    def without_rows(self, tenant_id: str, node_ids: Sequence[str]) -> list[str]:
        """Those of the nodes that no segment, child chunk or summary has."""
        left = set(node_ids)
        for table in (document_segments, child_chunks, segment_summaries):
            statement = sa.select(table.c.index_node_id).where(
                table.c.tenant_id == tenant_id, table.c.index_node_id.in_(left)
            )
            left.difference_update(self._uow.execute(statement).scalars())
        return sorted(left)
