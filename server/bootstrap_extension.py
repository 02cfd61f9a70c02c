"""Builds API-based extensions and what uses them: the checks and answers that stand around a model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.annotation.replies import AnnotationReplies
from server.bootstrap_knowledge import Knowledge
from server.edge.catalogue import CATALOGUE
from server.extension.calls import ExtensionCalls
from server.extension.console import ExtensionConsole
from server.extension.service import ExtensionService
from server.extension.servicer import ApiBasedExtensionServicer
from server.kit.crypto import Sealer
from server.kit.errors import AppError
from server.moderation.service import ModerationService
from transom.console.v1 import api_based_extension_service_pb2 as extension_pb2
from transom.console.v1 import api_based_extension_service_pb2_grpc as extension_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Models, Registry


def shown(error: AppError) -> tuple[int, str]:
    """HTTP status and text of an error, for error events."""
    spec = CATALOGUE[error.reason]
    return spec.http, spec.message if error.message is None else error.message


@dataclass(slots=True)
class Features:
    """What easy apps and chatflows share around their answers."""

    extensions: ExtensionCalls
    moderation: ModerationService
    annotations: AnnotationReplies


def build_features(core: Core, models: Models, knowledge: Knowledge) -> Features:
    """One of each a process."""
    extensions = ExtensionCalls(core.db, _service(core), core.outbound, core.bus)
    return Features(extensions, ModerationService(models.runtime, extensions), knowledge.annotations)


def add_extensions(registry: Registry, core: Core) -> None:
    """The console over extensions."""
    service = _service(core)
    console = ExtensionConsole(core.db, service, core.outbound, core.bus)
    registry.add(
        ApiBasedExtensionServicer(core.db, service, console), extension_pb2, extension_grpc, "ApiBasedExtensionService"
    )


def _service(core: Core) -> ExtensionService:
    return ExtensionService(core.uow, Sealer(core.settings.secret_key))
