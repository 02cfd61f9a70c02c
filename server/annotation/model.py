"""What annotations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from server.embedding.vectors import Vector
    from server.llm.port import Matrix

# The topic of the bus that says whose annotations have changed.
TOPIC = "annotations"
ENABLE, DISABLE = "enable", "disable"
WAITING, PROCESSING, COMPLETED, ERROR = "waiting", "processing", "completed", "error"
# Cosines of equal vectors are a little less than 1.
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wants an annotation to say."""

    question: str | None
    answer: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a page of a list is asked for; ``keyword`` empty: everything."""

    page: int
    limit: int
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a page and how many there are on all."""

    rows: list[Any]
    wanted: Wanted
    total: int


@dataclass(frozen=True, slots=True)
class Setting:
    """How an app's annotations answer."""

    id: str
    score_threshold: float
    provider: str
    model: str
    revision: int = 0

    @property
    def space(self) -> str:
        """What vectors are by; those of two spaces cannot be compared."""
        return space_of(self.provider, self.model)

    @property
    def threshold(self) -> float:
        """The lowest score of a match."""
        return (self.score_threshold or 1.0) - _SLACK

    def shown(self) -> dict[str, Any]:
        """As clients see it (service-api.md 10.2)."""
        return {
            "id": self.id, "enabled": True, "score_threshold": self.score_threshold,
            "embedding_model": {
                "embedding_provider_name": self.provider, "embedding_model_name": self.model,
            },
        }  # fmt: skip


def space_of(provider: str, model: str) -> str:
    """The name of what a model's vectors are in."""
    return f"{provider}\n{model}"


@dataclass(frozen=True, slots=True)
class Job:
    """A change of the annotation reply and how far it is."""

    id: str
    status: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to do; the payload of its row."""

    tenant_id: str
    app_id: str
    job_id: str
    action: str
    score_threshold: float
    provider: str
    model: str

    def payload(self) -> Mapping[str, Any]:
        """As the row keeps it."""
        return {name: getattr(self, name) for name in Order.__slots__}


@dataclass(frozen=True, slots=True)
class Questions:
    """Vectors of an app's questions, one a row, and whose they are."""

    ids: tuple[str, ...]
    matrix: Matrix

    def nearest(self, vector: Vector) -> tuple[str, float] | None:
        """The nearest question's annotation and its cosine; None when there is none to compare."""
        if not self.ids or self.matrix.shape[1] != len(vector):
            return None
        scores = self.matrix @ vector
        best = int(scores.argmax())
        return self.ids[best], float(scores[best])


@dataclass(frozen=True, slots=True)
class Match:
    """An annotation that answers."""

    annotation_id: str
    question: str
    answer: str
    score: float
    account_id: str
    account_name: str

    def reply(self) -> dict[str, Any]:
        """As metadata tells it (sse-events.md 8.4)."""
        return {"id": self.annotation_id, "account": {"id": self.account_id, "name": self.account_name}}


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer that an annotation gave, for its history."""

    tenant_id: str
    app_id: str
    message_id: str
    end_user_id: str | None
    source: str
    query: str
    match: Match


@dataclass(frozen=True, slots=True)
class Listed:
    """An annotation as lists show it."""

    id: str
    question: str | None
    answer: str | None
    hit_count: int
    created_at: datetime
