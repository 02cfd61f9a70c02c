"""What every run of a workflow begins with: checked inputs, and files as values of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.chat.files import (
    FileEntry,
    RemoteFile,
    ResolvedFile,
    needed_upload_ids,
    needed_urls,
    parse_files,
    parse_inputs,
    resolve,
    resolve_inputs,
)
from server.chat.inputs import InputField, validate_inputs
from server.chat.remote import RemoteFiles
from server.chat.store import ChatStore
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine.values import File
from server.kit.errors import invalid_param
from server.workflow_run.plan import Author, Version

Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Given:
    """What a caller gave to a run, checked."""

    inputs: Mapping[str, Any]
    files: Sequence[File]
    # The files as rows of a message.
    attached: Sequence[ResolvedFile]


class Inputs:
    """Checks inputs and looks up uploaded files; a call without files needs no database."""

    def __init__(self, db: Database, uow: UowFactory, link: Link, remotes: RemoteFiles) -> None:
        self._db = db
        self._uow = uow
        self._link = link
        self._remotes = remotes

    async def check(
        self, tenant_id: str, author: Author, version: Version, inputs: Mapping[str, Any] | None,
        files: Sequence[Mapping[str, Any]], *, payload: str,
    ) -> Given:
        """Raises invalid_param, for a file that is not the author's too."""
        if inputs is None:
            raise invalid_param(f"1 validation error for {payload}\ninputs\n  Field required [type=missing]")
        checked = validate_inputs(version.form, inputs, graph=True)
        entries = parse_files(files, version.features.file_upload) if files else ()
        named = parse_inputs(version.form, checked)
        if not entries and not named:
            return Given(checked, (), ())
        uploads, remotes = await self._looked_up(tenant_id, author.id, entries, named)
        attached = resolve(entries, uploads, version.features.file_upload, remotes=remotes, strict=True)
        checked |= self._values(version.form, named, uploads, remotes)
        return Given(checked, [self._value(file) for file in attached], attached)

    async def files(
        self, tenant_id: str, owner_id: str, form: Sequence[InputField], inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Values of the file variables of a form, uploads being those of ``owner_id``. Raises invalid_param."""
        checked = validate_inputs(form, inputs, graph=True)
        named = parse_inputs(form, checked)
        uploads, remotes = await self._looked_up(tenant_id, owner_id, (), named)
        return checked | self._values(form, named, uploads, remotes)

    async def _looked_up(
        self, tenant_id: str, owner_id: str, entries: Sequence[FileEntry], named: Mapping[str, Sequence[FileEntry]]
    ) -> tuple[dict[str, Any], Mapping[str, RemoteFile]]:
        """Uploads by id, and what is known of addresses."""
        every = [*entries, *(entry for some in named.values() for entry in some)]
        urls, ids = needed_urls(every), needed_upload_ids(every)
        remotes = await self._remotes.look(urls) if urls else {}
        return await self._db(self._uploads, tenant_id, owner_id, ids) if ids else {}, remotes

    def _values(
        self, form: Sequence[InputField], named: Mapping[str, Sequence[FileEntry]], uploads: Mapping[str, Any],
        remotes: Mapping[str, RemoteFile],
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        kinds = {field.variable: field.kind for field in form}
        for variable, files in resolve_inputs(form, named, uploads, remotes=remotes, strict=True).items():
            values = [self._value(file) for file in files]
            found[variable] = values if kinds[variable] == "file-list" else values[0] if values else None
        return found

    def _uploads(self, tenant_id: str, author_id: str, ids: Sequence[str]) -> dict[str, Any]:
        with self._uow() as uow:
            found = ChatStore(uow).uploads(tenant_id, author_id, ids)
        return {id_: stored.upload for id_, stored in found.items()}

    def _value(self, file: ResolvedFile) -> File:
        return File(
            type=file.kind, transfer_method=file.method, name=file.name, extension=file.extension,
            mime_type=file.mime_type, size=file.size, id=file.upload_id, remote_url=file.url,
            url=self._link(file.upload_id) if file.upload_id else file.url,
        )
