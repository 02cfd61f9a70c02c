"""Use cases of annotations (service-api.md 10.7, console-api.md section 9): one public method is one transaction.

``app_id`` is what a console call names; None: the app of the caller's key.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from server.annotation.job_store import JobStore
from server.annotation.model import (
    DISABLE,
    ENABLE,
    PROCESSING,
    WAITING,
    Hit,
    Job,
    Listed,
    Order,
    Page,
    Setting,
    Text,
    Wanted,
)
from server.annotation.store import AnnotationStore
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import new_id
from server.kit.plain import clean_text
from server.kit.validate import Checks, id_or_none

SWITCH_JOB, EMBED_JOB = "switch_annotation_reply", "embed_annotations"
_NO_ANNOTATION = "Annotation not found"
_NO_JOB = "The job does not exist."
_KEPT = timedelta(minutes=10)
_MOST = 2**31 - 1
_MOST_PAGES = 99_999


class AnnotationService:
    """Annotations of apps. Those of other apps are not_found like those that never were."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def page(self, caller: Caller, app_id: str | None, wanted: Wanted) -> Page:
        """Annotations, newest first. Raises app_not_found."""
        with self._uow() as uow:
            return entered(uow, caller, app_id).page(wanted)

    def count(self, caller: Caller, app_id: str) -> int:
        """How many there are. Raises app_not_found."""
        with self._uow() as uow:
            return entered(uow, caller, app_id).count()

    def hits(self, caller: Caller, app_id: str, annotation_id: str, wanted: Wanted) -> Page:
        """When an annotation answered. Raises not_found."""
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            known = id_or_none(annotation_id)
            if known is None or not store.has(known):
                raise not_found(_NO_ANNOTATION)
            return store.hits(known, wanted)

    def create(self, caller: Caller, app_id: str | None, text: Text, message_id: str = "") -> Listed:
        """Add an annotation; a message has one, which is replaced. Raises not_found, invalid_param."""
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            message = None
            if message_id:
                known = id_or_none(message_id)
                message = store.message(known) if known else None
                if message is None:
                    raise not_found("Message Not Exists.")
            question = text.question or (message.query if message else text.question)
            if question is None:
                raise invalid_param("question is required")
            text = Text(question, text.answer)
            of_message = store.update(message.annotation_id, text) if message and message.annotation_id else None
            author = caller.account_id or caller.the_app.created_by
            made = of_message or store.add(text, author, message)
            changed(store)
            uow.commit()
        return made

    def update(self, caller: Caller, app_id: str | None, annotation_id: str, text: Text) -> Listed:
        """Replace question and answer. Raises not_found."""
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            known = id_or_none(annotation_id)
            listed = store.update(known, text) if known else None
            if listed is None:
                raise not_found(_NO_ANNOTATION)
            changed(store)
            uow.commit()
        return listed

    def delete(self, caller: Caller, app_id: str | None, annotation_id: str) -> None:
        """Delete an annotation and its history. Raises not_found."""
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            known = id_or_none(annotation_id)
            if known is None or not store.delete([known]):
                raise not_found(_NO_ANNOTATION)
            store.touch()
            uow.commit()

    def delete_all(self, caller: Caller, app_id: str, annotation_ids: Sequence[str]) -> None:
        """Delete those that are named and known; all when none is named. Raises app_not_found."""
        known = [one for name in annotation_ids if (one := id_or_none(name))]
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            store.delete(known if annotation_ids else None)
            store.touch()
            uow.commit()

    # The reply

    def setting(self, caller: Caller, app_id: str) -> Setting | None:
        """How annotations answer; None: they do not. Raises app_not_found."""
        with self._uow() as uow:
            return entered(uow, caller, app_id).setting()

    def set_threshold(self, caller: Caller, app_id: str, setting_id: str, threshold: float) -> Setting:
        """Change how near a question must be where annotations answer. Raises app_not_found, not_found."""
        known = id_or_none(setting_id)
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            if known is None or not store.set_threshold(known, threshold):
                raise not_found("App annotation not found")
            found = store.setting()
            uow.commit()
        assert found is not None, "it was changed"
        return found

    def switch(self, caller: Caller, app_id: str | None, action: str, wanted: tuple[float, str, str]) -> Job:
        """Order a job; one like it that is under way is ``processing``, one of the other kind is given up."""
        threshold, provider, model = wanted
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            tenant_id, scope = _scope(caller, app_id)
            order = Order(tenant_id, scope, new_id(), checked_action(action), threshold, provider, model)
            newest = JobStore(uow, tenant_id, scope).enter(order)
            if newest == order.job_id:
                store.order(SWITCH_JOB, order.payload())
            uow.commit()
        return Job(newest, WAITING if newest == order.job_id else PROCESSING)

    def job(self, caller: Caller, app_id: str | None, action: str, job_id: str) -> Job:
        """How far a job is. Raises invalid_param."""
        checked_action(action)
        with self._uow() as uow:
            found = entered(uow, caller, app_id).job(_KEPT)
        if found is None or (found.job_id, found.job_action) != (id_or_none(job_id), action):
            raise invalid_param(_NO_JOB)
        return Job(found.job_id, found.job_status, found.job_error)

    def add_hit(self, hit: Hit) -> None:
        """Count an answer that an annotation gave, and keep it."""
        with self._uow() as uow:
            AnnotationStore(uow, hit.tenant_id, hit.app_id).add_hit(hit)
            uow.commit()


def page_of(page: int | None, limit: int | None, keyword: str = "") -> Wanted:
    """Check the query of a list. Raises invalid_param."""
    checks = Checks("AnnotationListQuery")
    wanted = Wanted(
        checks.number("page", page, 1, 1, _MOST_PAGES), checks.number("limit", limit, 20, 1, _MOST),
        keyword.replace("\x00", ""),
    )
    checks.done()
    return wanted


def text_of(question: str | None, answer: str | None, *, of_message: bool = False) -> Text:
    """Check a question and its answer. Raises invalid_param."""
    checks = Checks("AnnotationCreatePayload")
    checks.present("question", question is not None or of_message)
    checks.present("answer", answer is not None)
    checks.done()
    return Text(None if question is None else clean_text(question), clean_text(answer or ""))


def switch_of(threshold: float | None, provider: str | None, model: str | None) -> tuple[float, str, str]:
    """Check how annotations are to answer. Raises invalid_param."""
    checks = Checks("AnnotationReplyActionPayload")
    checks.present("score_threshold", threshold is not None)
    checks.present("embedding_provider_name", provider is not None)
    checks.present("embedding_model_name", model is not None)
    checks.done()
    return threshold_of(threshold), clean_text(provider or ""), clean_text(model or "")


def threshold_of(threshold: float | None) -> float:
    """Check the lowest cosine of a match. Raises invalid_param."""
    if threshold is None or not math.isfinite(threshold):
        raise invalid_param("score_threshold must be a finite number")
    return threshold


def checked_action(action: str) -> str:
    """What is to be done. Raises invalid_param."""
    if action not in (ENABLE, DISABLE):
        raise invalid_param("action must be enable or disable")
    return action


def changed(store: AnnotationStore) -> None:
    """Where annotations answer, a question that has no vector gets one by a job."""
    if store.touch():
        store.order(EMBED_JOB, store.scope)


def _scope(caller: Caller, app_id: str | None) -> tuple[str, str]:
    if app_id is None:
        return caller.the_app.tenant_id, caller.the_app.app_id
    known = id_or_none(app_id)
    if known is None:
        raise AppError(Reason.APP_NOT_FOUND)
    return caller.tenant_id, known


def entered(uow: UnitOfWork, caller: Caller, app_id: str | None) -> AnnotationStore:
    """The annotations of an app. Raises app_not_found."""
    store = AnnotationStore(uow, *_scope(caller, app_id))
    if app_id is not None and not store.is_there():
        raise AppError(Reason.APP_NOT_FOUND)
    return store
