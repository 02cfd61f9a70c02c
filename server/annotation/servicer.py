"""RPCs of annotations."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.annotation import wire
from server.annotation.model import TOPIC
from server.annotation.service import AnnotationService, page_of, switch_of, text_of, threshold_of
from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import caller
from server.kit.ids import canonical
from transom.annotation.v1 import annotation_console_service_pb2 as console_pb
from transom.annotation.v1 import annotation_console_service_pb2_grpc as console_rpc
from transom.annotation.v1 import annotation_service_pb2 as pb
from transom.annotation.v1 import annotation_service_pb2_grpc as rpc
from transom.annotation.v1.annotation_pb2 import (
    Annotation,
    AnnotationPage,
    AnnotationReplyJob,
    AnnotationReplyJobStatus,
    AnnotationSetting,
)

Context = Any


def _number(request: Any, name: str) -> int | None:
    return getattr(request, name) if request.HasField(name) else None


def _text(request: Any, name: str) -> str | None:
    return getattr(request, name) if request.HasField(name) else None


def _switch(request: Any) -> tuple[float, str, str]:
    return switch_of(
        request.score_threshold if request.HasField("score_threshold") else None,
        _text(request, "embedding_provider_name"), _text(request, "embedding_model_name"),
    )


class AnnotationServicer(rpc.AnnotationServiceServicer):
    """Annotations of the app behind a key."""

    def __init__(self, db: Database, annotations: AnnotationService, bus: Bus) -> None:
        self._db = db
        self._annotations = annotations
        self._bus = bus

    async def ListAnnotations(self, request: pb.ListAnnotationsRequest, context: Context) -> AnnotationPage:
        wanted = page_of(_number(request, "page"), _number(request, "limit"), request.keyword)
        return wire.page(await self._db(self._annotations.page, caller(), None, wanted))

    async def CreateAnnotation(self, request: pb.CreateAnnotationRequest, context: Context) -> Annotation:
        text = text_of(_text(request, "question"), _text(request, "answer"))
        made = await self._db(self._annotations.create, caller(), None, text)
        await self._tell()
        return wire.annotation(made)

    async def UpdateAnnotation(self, request: pb.UpdateAnnotationRequest, context: Context) -> Annotation:
        text = text_of(_text(request, "question"), _text(request, "answer"))
        changed = await self._db(self._annotations.update, caller(), None, request.annotation_id, text)
        await self._tell()
        return wire.annotation(changed)

    async def DeleteAnnotation(self, request: pb.DeleteAnnotationRequest, context: Context) -> Empty:
        await self._db(self._annotations.delete, caller(), None, request.annotation_id)
        await self._tell()
        return Empty()

    async def SwitchAnnotationReply(
        self, request: pb.SwitchAnnotationReplyRequest, context: Context
    ) -> AnnotationReplyJob:
        wanted = _switch(request)
        return wire.job(await self._db(self._annotations.switch, caller(), None, request.action, wanted))

    async def GetAnnotationReplyJob(
        self, request: pb.GetAnnotationReplyJobRequest, context: Context
    ) -> AnnotationReplyJobStatus:
        return wire.status(await self._db(self._annotations.job, caller(), None, request.action, request.job_id))

    async def _tell(self) -> None:
        await self._bus.publish(TOPIC, caller().the_app.app_id)


class AnnotationConsoleServicer(console_rpc.AnnotationConsoleServiceServicer):
    """Annotations of the workspace's apps."""

    def __init__(self, db: Database, annotations: AnnotationService, bus: Bus) -> None:
        self._db = db
        self._annotations = annotations
        self._bus = bus

    async def ListAppAnnotations(
        self, request: console_pb.ListAppAnnotationsRequest, context: Context
    ) -> AnnotationPage:
        wanted = page_of(_number(request, "page"), _number(request, "limit"), request.keyword)
        return wire.page(await self._db(self._annotations.page, caller(), request.app_id, wanted))

    async def CountAppAnnotations(
        self, request: console_pb.CountAppAnnotationsRequest, context: Context
    ) -> console_pb.CountAppAnnotationsResponse:
        count = await self._db(self._annotations.count, caller(), request.app_id)
        return console_pb.CountAppAnnotationsResponse(count=count)

    async def CreateAppAnnotation(
        self, request: console_pb.CreateAppAnnotationRequest, context: Context
    ) -> Annotation:
        of_message = bool(request.message_id)
        text = text_of(_text(request, "question"), _text(request, "answer"), of_message=of_message)
        made = await self._db(self._annotations.create, caller(), request.app_id, text, request.message_id)
        await self._tell(request.app_id)
        return wire.annotation(made)

    async def DeleteAppAnnotations(self, request: console_pb.DeleteAppAnnotationsRequest, context: Context) -> Empty:
        named = list(request.annotation_id)
        await self._db(self._annotations.delete_all, caller(), request.app_id, named)
        await self._tell(request.app_id)
        return Empty()

    async def UpdateAppAnnotation(
        self, request: console_pb.UpdateAppAnnotationRequest, context: Context
    ) -> Annotation:
        text = text_of(_text(request, "question"), _text(request, "answer"))
        changed = await self._db(self._annotations.update, caller(), request.app_id, request.annotation_id, text)
        await self._tell(request.app_id)
        return wire.annotation(changed)

    async def DeleteAppAnnotation(self, request: console_pb.DeleteAppAnnotationRequest, context: Context) -> Empty:
        await self._db(self._annotations.delete, caller(), request.app_id, request.annotation_id)
        await self._tell(request.app_id)
        return Empty()

    async def ListAnnotationHits(
        self, request: console_pb.ListAnnotationHitsRequest, context: Context
    ) -> console_pb.ListAnnotationHitsResponse:
        wanted = page_of(_number(request, "page"), _number(request, "limit"))
        found = await self._db(self._annotations.hits, caller(), request.app_id, request.annotation_id, wanted)
        return wire.hits(found)

    async def SwitchAppAnnotationReply(
        self, request: console_pb.SwitchAppAnnotationReplyRequest, context: Context
    ) -> AnnotationReplyJob:
        wanted = _switch(request)
        return wire.job(await self._db(self._annotations.switch, caller(), request.app_id, request.action, wanted))

    async def GetAppAnnotationReplyJob(
        self, request: console_pb.GetAppAnnotationReplyJobRequest, context: Context
    ) -> AnnotationReplyJobStatus:
        found = await self._db(self._annotations.job, caller(), request.app_id, request.action, request.job_id)
        return wire.status(found)

    async def GetAnnotationSetting(
        self, request: console_pb.GetAnnotationSettingRequest, context: Context
    ) -> AnnotationSetting:
        return wire.setting(await self._db(self._annotations.setting, caller(), request.app_id))

    async def _tell(self, app_id: str) -> None:
        await self._bus.publish(TOPIC, canonical(app_id))

    async def UpdateAnnotationSetting(
        self, request: console_pb.UpdateAnnotationSettingRequest, context: Context
    ) -> AnnotationSetting:
        threshold = threshold_of(request.score_threshold if request.HasField("score_threshold") else None)
        found = await self._db(
            self._annotations.set_threshold, caller(), request.app_id, request.setting_id, threshold
        )
        await self._tell(request.app_id)
        return wire.setting(found)
