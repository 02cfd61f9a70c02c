"""People who are asked: forms, and runs that go on when somebody has answered, in whatever process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from server.chat.inputs import FILE_KINDS, InputField, compile_variables
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine import values
from server.engine.node import FormAnswer
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, not_found
from server.kit.plain import clean, clean_text
from server.runs.registry import Runs
from server.runs.run import Run, RunKey
from server.runs.store import RunStore
from server.workflow_run.begin import Inputs
from server.workflow_run.form_store import FormStore
from server.workflow_run.plan import Author, Plan, Turn
from server.workflow_run.runner import Runner
from server.workflow_run.versions import Versions

log = logging.getLogger("transom.workflows")

_LOOK_SECONDS = 3.0
# A process writes its events within a quarter of a second; a log that was lost holds nothing.
_LOG_SECONDS = 1.0
_MOST = 50


class _TakenError(Exception):
    """Another process goes on with the run."""


class Forms:
    """Forms of the apps of this instance."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, versions: Versions, runner: Runner, inputs: Inputs
    ) -> None:
        self._inputs = inputs
        self._db = db
        self._uow = uow
        self._runs = runs
        self._versions = versions
        self._runner = runner

    async def read(self, caller: Caller, token: str) -> Any:
        """An open form of the app. Raises not_found, human_input_form_submitted, human_input_form_expired."""
        return await self._db(self._read, caller.the_app.app_id, token)

    def _read(self, app_id: str, token: str) -> Any:
        with self._uow() as uow:
            return _open(FormStore(uow).form(app_id, token))

    async def place(self, token: str) -> tuple[str, str]:
        """Workspace and app of a form, for whoever has its token. Raises not_found."""
        return await self._db(self._place, token)

    def _place(self, token: str) -> tuple[str, str]:
        with self._uow() as uow:
            row = FormStore(uow).place(token)
        if row is None:
            raise not_found("Form not found")
        return row.tenant_id, row.app_id

    async def submit(self, caller: Caller, token: str, inputs: Mapping[str, Any], action: str) -> None:
        """Answer a form; its run goes on in the background. Raises as ``read``, and invalid_form_data.

        Files are addresses, or uploads of the caller's.
        """
        form = await self.read(caller, token)
        given = _checked(form.definition, inputs, action)
        if fields := _file_fields(form.definition):
            try:
                given |= await self._inputs.files(caller.tenant_id, caller.the_user.id, fields, given)
            except AppError as error:
                raise AppError(Reason.INVALID_FORM_DATA, error.message) from error
        run_id = await self._db(self._submit, caller.the_app.app_id, token, values.encode(given), action)
        self._runs.spawn(self.resume(run_id), f"resume run {run_id}")

    def _submit(self, app_id: str, token: str, given: Mapping[str, Any], action: str) -> str:
        with self._uow() as uow:
            store = FormStore(uow)
            form = _open(store.form(app_id, token, lock=True))
            store.submit(app_id, form.id, action, given)
            uow.commit()
            return str(form.workflow_run_id)

    async def watch(self) -> None:
        """For ever: close forms whose time is over, go on with runs that nobody went on with."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                ready = await self._db(self._ready)
            except Exception as error:
                log.warning("cannot look after paused runs: %s", str(error).partition("\n")[0])
                continue
            for run_id in ready:
                self._runs.spawn(self.resume(run_id), f"resume run {run_id}")

    def _ready(self) -> list[str]:
        with self._uow() as uow:
            store = FormStore(uow)
            store.expire()
            found = store.ready(_MOST)
            uow.commit()
            return found

    async def resume(self, run_id: str) -> None:
        """Go on with a paused run by what was answered; nothing when another process does.

        A process that ends leaves it to others, or to the next one: it would have to stop the run as a user does.
        """
        if self._runs.draining:
            return
        loaded = await self._db(self._load, run_id)
        if loaded is None:
            return
        row, forms = loaded
        try:
            version = await self._versions.of_run(row.tenant_id, row.app_id, row.workflow_id, row.graph)
        except AppError as error:
            log.warning("run %s cannot go on: %s", run_id, error)
            await self._db(self._end, row, f"The workflow cannot go on: {error}")
            return
        plan = _plan(row, forms, version)
        await self._told(row)
        try:
            await self._runs.start(lambda: self._db(self._take, row), lambda run: self._runner.work(run, plan))
        except _TakenError:
            log.info("run %s goes on elsewhere", run_id)

    async def _told(self, row: Any) -> None:
        """Wait for the log to hold all that came before the pause: what follows is written behind it."""
        until = time.monotonic() + _LOG_SECONDS
        while time.monotonic() < until:
            told = await self._runs.logged(row.task_id)
            if told and told[-1].sequence >= row.last_sequence:
                return
            await asyncio.sleep(0.05)

    def _load(self, run_id: str) -> tuple[Any, Sequence[Any]] | None:
        with self._uow() as uow:
            store = FormStore(uow)
            row = store.paused(run_id)
            forms = store.forms(run_id) if row is not None else ()
        answered = any(form.asked and form.status in {"submitted", "timeout"} for form in forms)
        return (row, forms) if row is not None and answered else None

    def _end(self, row: Any, cause: str) -> None:
        """Nothing to go on with is there any more: the run has failed, and readers find that in the database."""
        with self._uow() as uow:
            if FormStore(uow).go_on(row.id, row.task_id, self._runs.owner) is not None:
                RunStore(uow).abandon(row.task_id, clean_text(cause))
            uow.commit()

    def _take(self, row: Any) -> Run:
        with self._uow() as uow:
            last = FormStore(uow).go_on(row.id, row.task_id, self._runs.owner)
            if last is None:
                raise _TakenError
            uow.commit()
        created = row.message_created_at
        key = RunKey(
            task_id=row.task_id, tenant_id=row.tenant_id, app_id=row.app_id, mode=row.mode,
            message_id=row.message_id or "", conversation_id=row.conversation_id or "", end_user_id=row.end_user_id,
            created_at=int(created.timestamp()) if created else 0, workflow_run_id=row.id,
        )
        run = Run(key, base=last, logged=last)
        if row.answer:
            run.answer_parts.append(row.answer)
        return run


def _open(form: Any) -> Any:
    if form is None:
        raise not_found("Form not found")
    if form.status == "submitted":
        raise AppError(
            Reason.HUMAN_INPUT_FORM_SUBMITTED,
            f"This form has already been submitted by another user, form_id={form.id}",
        )
    if form.status != "waiting" or form.late:
        raise AppError(Reason.HUMAN_INPUT_FORM_EXPIRED, f"This form has expired, form_id={form.id}")
    return form


def _checked(definition: Mapping[str, Any], inputs: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The declared inputs of an answer. Raises invalid_form_data."""
    if action not in {str(one.get("id")) for one in definition.get("actions") or ()}:
        raise AppError(Reason.INVALID_FORM_DATA, f"Invalid action: {action}")
    names = [str(one.get("output_variable_name")) for one in definition.get("inputs") or ()]
    missing = [name for name in names if name not in inputs]
    if missing:
        raise AppError(Reason.INVALID_FORM_DATA, f"Missing required inputs: {', '.join(missing)}")
    try:
        return {name: clean(inputs[name]) for name in names}
    except ValueError as error:
        raise AppError(Reason.INVALID_FORM_DATA, str(error)) from error


def _file_fields(definition: Mapping[str, Any]) -> tuple[InputField, ...]:
    """The inputs that are files (workflow-engine.md 8.20)."""
    return compile_variables(
        [
            {**one, "variable": one.get("output_variable_name"), "max_length": one.get("number_limits")}
            for one in definition.get("inputs") or ()
            if one.get("type") in FILE_KINDS
        ]
    )


def _plan(row: Any, forms: Sequence[Any], version: Any) -> Plan:
    kept = row.plan
    turn = None
    if kept.get("turn"):
        turn = Turn(**kept["turn"], conversation_id=row.conversation_id, message_id=row.message_id)
    by_account = row.created_by_role == "account"
    author = Author(
        id=row.created_by, role=row.created_by_role, name=(row.account_name if by_account else row.session_id) or "",
        email=row.email or "",
    )
    return Plan(
        tenant_id=row.tenant_id, app_id=row.app_id, mode=row.mode, version=version, author=author, run_id=row.id,
        inputs={}, turn=turn, invoke_from=kept.get("invoke_from", "service-api"), triggered_from=row.triggered_from,
        depth=kept.get("depth", 0), created_at=row.created_at.timestamp(), worked=row.elapsed_time, state=row.state,
        answers=[_answer(form) for form in forms if form.asked and form.status in {"submitted", "timeout"}],
        told_inputs=row.inputs or "{}", cited=kept.get("cited", ()),
        forms={
            form.node_id: {
                "form_id": form.id, "form_token": form.token, "expiration_time": int(form.expires_at.timestamp()),
            }
            for form in forms
            if form.status == "waiting"
        },
    )  # fmt: skip


def _answer(form: Any) -> FormAnswer:
    if form.status == "timeout":
        return FormAnswer(form.node_id, data={"expiration_time": int(form.expires_at.timestamp())}, is_timeout=True)
    return FormAnswer(form.node_id, form.action_id, values.decode(form.submitted_data or {}))
