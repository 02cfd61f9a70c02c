"""What a chatflow's message is made of besides its text: citations, usage, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from server.engine.node import Spent
from server.engine.values import File, files_in
from server.kit.ids import new_id
from server.llm import port, pricing
from server.runs.ledger import Cost
from server.workflow_run.plan import Plan

_SUMMED = ("prompt_price", "completion_price", "total_price")


class Citations:
    """What knowledge nodes found, merged (sse-events.md 8.2)."""

    def __init__(self, found: Sequence[Mapping[str, Any]] = ()) -> None:
        self.found: list[Mapping[str, Any]] = list(found)

    def add(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """One result; documents that an earlier one cites are left out."""
        known = {_document(one) for one in self.found}
        self.found += [one for one in resources if _document(one) not in known]

    def shown(self, plan: Plan) -> list[dict[str, Any]]:
        """All of them, numbered; none unless the app shows citations."""
        if not plan.version.features.retriever_resource:
            return []
        return [{**one, "position": at, "retriever_from": "workflow"} for at, one in enumerate(self.found, 1)]


def _document(resource: Mapping[str, Any]) -> tuple[object, object]:
    return resource.get("dataset_id"), resource.get("document_id")


def total(
    spent: Sequence[Spent], first_token: float | None, generated: float | None
) -> tuple[port.Usage, dict[str, Any]]:
    """The sum of all model calls of a run, as tokens and as the ``usage`` object; unit prices are the last call's."""
    usage = port.Usage(
        sum(one.usage.prompt_tokens for one in spent), sum(one.usage.completion_tokens for one in spent),
        sum(one.usage.total_tokens for one in spent),
    )
    shown = dict(spent[-1].shown if spent else pricing.usage_dict(port.Usage(), None))
    shown |= {
        "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens, "latency": sum(float(one.shown.get("latency") or 0) for one in spent),
        "time_to_first_token": first_token if spent else None, "time_to_generate": generated if spent else None,
    }
    if len(spent) > 1:
        shown |= {name: pricing.plain(sum((_amount(one, name) for one in spent), Decimal(0))) for name in _SUMMED}
    return usage, shown


def _amount(spent: Spent, name: str) -> Decimal:
    try:
        return Decimal(str(spent.shown.get(name) or 0))
    except InvalidOperation:
        return Decimal(0)


def cost(spent: Spent) -> Cost:
    """What some calls of a model cost, for the ledger."""
    usage = spent.usage
    return Cost(
        spent.provider, spent.model, usage.prompt_tokens, usage.completion_tokens, _amount(spent, "total_price"),
        str(spent.shown.get("currency") or "USD"), spent.calls, usage.estimated,
    )


def answer_files(outputs: Mapping[str, Any]) -> list[File]:
    """Files in a chatflow's answer, each once."""
    return list({(file.id or file.remote_url or file.url): file for file in files_in(outputs.get("files"))}.values())


def file_rows(files: Sequence[File]) -> list[dict[str, Any]]:
    """Files of an answer as rows of its message."""
    return [
        {
            "id": new_id(), "type": file.type, "transfer_method": file.transfer_method,
            "url": file.remote_url or None, "upload_file_id": file.id or None,
        }
        for file in files
        if file.id or file.remote_url
    ]
