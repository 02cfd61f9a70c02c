"""Builds what answers in easy apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.bootstrap_knowledge import Knowledge
from server.bootstrap_runs import Workflows
from server.chat.agent import Agents
from server.chat.answer import Answers
from server.chat.ports import Namer, Parts
from server.chat.remote import RemoteFiles
from server.chat.service import ChatService
from server.chat.storing import Endings
from server.edge.catalogue import CATALOGUE
from server.kit.errors import AppError

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Models


def shown(error: AppError) -> tuple[int, str]:
    """HTTP status and text of an error, for error events."""
    spec = CATALOGUE[error.reason]
    return spec.http, spec.message if error.message is None else error.message


def build_chat(
    core: Core, models: Models, files: Files, knowledge: Knowledge, workflows: Workflows, namer: Namer
) -> ChatService:
    """One a process."""
    parts = Parts(
        models=models.runtime, uploads=files.threads, knowledge=knowledge.apps, remotes=RemoteFiles(core.outbound),
        agents=Agents(workflows.tools.registry, knowledge.apps, files.links.link), annotations=knowledge.annotations,
    )
    endings = Endings(core.db, core.uow, core.runs, namer, shown)
    answers = Answers(core.runs, parts, endings, core.settings)
    return ChatService(core.db, core.uow, core.runs, parts, answers, core.settings)
