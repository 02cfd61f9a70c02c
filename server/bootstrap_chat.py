"""Builds what answers in easy apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.bootstrap_extension import Features, shown
from server.bootstrap_knowledge import Knowledge
from server.bootstrap_runs import Workflows
from server.chat.agent import Agents
from server.chat.answer import Answers
from server.chat.ports import Namer, Parts
from server.chat.remote import RemoteFiles
from server.chat.service import ChatService
from server.chat.storing import Endings

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Models


def build_chat(
    core: Core, models: Models, files: Files, knowledge: Knowledge, workflows: Workflows, namer: Namer,
    features: Features,
) -> ChatService:
    """One a process."""
    parts = Parts(
        models=models.runtime, uploads=files.threads, knowledge=knowledge.apps, remotes=RemoteFiles(core.outbound),
        agents=Agents(workflows.tools.registry, knowledge.apps, files.links.link), annotations=features.annotations,
        moderation=features.moderation, extensions=features.extensions,
    )
    endings = Endings(core.db, core.uow, core.runs, namer, shown)
    answers = Answers(core.runs, parts, endings, core.settings)
    return ChatService(core.db, core.uow, core.runs, parts, answers, core.settings)
