"""What a plan allows a workspace: 403 where it is used up, nothing where it sets no limit (dataset-api.md 1.6)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from redis.asyncio import Redis

from server.bus import Bus
from server.cli import main
from server.db.bridge import Database
from server.db.engine import make_engine, uow_factory
from server.db.tables import workspace_limits
from server.kit.caller import Caller
from server.kit.errors import AppError
from server.kit.ids import new_id
from server.limits.service import Limits
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import SECRET, Product
from tests.rest.crowd import CLIENTS, at_once
from tests.rest.knowledge import LINES, Knowledge
from tests.rest.parties import OtherWorkspace, database

RATE = "Sorry, you have reached the knowledge base request rate limit of your subscription."
SPACE = "The capacity of the vector space has reached the limit of your subscription."
DOCUMENTS = "The number of documents has reached the limit of your subscription."
SEGMENTS = "To unlock this feature and elevate your Dify experience, please upgrade to a paid plan."
NOBODY = str(uuid.uuid4())
DATASET = f"/datasets/{NOBODY}"
DOCUMENT = f"{DATASET}/documents/{NOBODY}"
SEGMENT = f"{DOCUMENT}/segments/{NOBODY}"
FILE = {"files": {"file": ("a.txt", b"text", "text/plain")}}


@dataclass(frozen=True)
class Route:
    """A call of the Dataset API, and the checks that it passes (the table of dataset-api.md 1.6)."""

    method: str
    path: str
    checks: str = ""
    options: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path.replace(NOBODY, '*')}"


ROUTES = [
    Route("POST", "/datasets", "rate", {"json": {"name": ""}}),
    Route("PATCH", DATASET, "rate", {"json": {"description": "x"}}), Route("DELETE", DATASET, "rate"),
    Route("POST", f"{DATASET}/document/create-by-text", "vectors documents rate", {"json": {"name": "n", "text": "t"}}),
    Route("POST", f"{DATASET}/document/create_by_text", "vectors documents rate", {"json": {"name": "n", "text": "t"}}),
    Route("POST", f"{DATASET}/document/create-by-file", "vectors documents rate", FILE),
    Route("POST", f"{DOCUMENT}/update-by-text", "vectors rate", {"json": {"name": "n", "text": "t"}}),
    Route("POST", f"{DOCUMENT}/update-by-file", "vectors rate", FILE), Route("PATCH", DOCUMENT, "vectors rate", FILE),
    Route("DELETE", DOCUMENT, "rate"), Route("GET", f"{DOCUMENT}/download", "rate"),
    Route("GET", f"{DOCUMENT}/upload-file"),
    Route("POST", f"{DATASET}/documents/download-zip", "rate", {"json": {"document_ids": [NOBODY]}}),
    Route("POST", f"{DOCUMENT}/segments", "vectors segments rate", {"json": {"segments": [{"content": "c"}]}}),
    Route("POST", f"{SEGMENT}/child_chunks", "vectors segments rate", {"json": {"content": "c"}}),
    Route("PATCH", f"{SEGMENT}/child_chunks/{NOBODY}", "vectors segments rate", {"json": {"content": "c"}}),
    Route("DELETE", f"{SEGMENT}/child_chunks/{NOBODY}", "segments rate"),
    Route("POST", SEGMENT, "vectors rate", {"json": {"segment": {"content": "c"}}}), Route("DELETE", SEGMENT, "rate"),
    Route("POST", f"{DATASET}/retrieve", "rate", {"json": {"query": "q"}}),
    Route("POST", f"{DATASET}/hit-testing", "rate", {"json": {"query": "q"}}),
    Route("POST", f"{DATASET}/metadata", "rate", {"json": {"type": "string", "name": "n"}}),
    Route("PATCH", f"{DATASET}/metadata/{NOBODY}", "rate", {"json": {"name": "n"}}),
    Route("DELETE", f"{DATASET}/metadata/{NOBODY}", "rate"), Route("POST", f"{DATASET}/metadata/built-in/enable", "rate"),
    Route("POST", f"{DATASET}/documents/metadata", "rate", {"json": {"operation_data": []}}),
    Route("GET", "/datasets"), Route("GET", DATASET), Route("GET", f"{DATASET}/documents"), Route("GET", DOCUMENT),
    Route("GET", f"{DATASET}/documents/batch/indexing-status"), Route("GET", f"{DOCUMENT}/segments"),
    Route("GET", SEGMENT), Route("GET", f"{SEGMENT}/child_chunks"), Route("GET", f"{DATASET}/metadata"),
    Route("GET", f"{DATASET}/metadata/built-in"), Route("GET", f"{DATASET}/tags"), Route("GET", "/datasets/tags"),
    Route("POST", f"{DATASET}/tags", "", {"json": {}}),
    Route("PATCH", f"{DATASET}/documents/status/enable", "", {"json": {"document_ids": [NOBODY]}}),
    Route("POST", "/datasets/tags", "", {"json": {"name": ""}}), Route("DELETE", "/datasets/tags", "", {"json": {"tag_id": NOBODY}}),
    Route("PATCH", "/datasets/tags", "", {"json": {"tag_id": NOBODY, "name": "n"}}),
    Route("POST", "/datasets/tags/binding", "", {"json": {"tag_ids": [NOBODY], "target_id": NOBODY}}),
    Route("POST", "/datasets/tags/unbinding", "", {"json": {"tag_ids": [NOBODY], "target_id": NOBODY}}),
    Route("GET", "/workspaces/current/models/model-types/text-embedding"),
]  # fmt: skip
# A plan that allows nothing of one kind, and what is said.
PLANS: Mapping[str, tuple[dict[str, Any], str]] = {
    "vectors": ({"vector_space": 0}, SPACE), "documents": ({"documents": 0}, DOCUMENTS),
    "segments": ({"add_segment": False}, SEGMENTS), "rate": ({"knowledge_rate": 0}, RATE),
}  # fmt: skip


Limited = Callable[..., Knowledge]


@pytest.fixture(scope="module")
def limited(indexed: Knowledge, model_url: str) -> Limited:
    """Makes a workspace of a plan."""

    def make(**plan: Any) -> Knowledge:
        made = OtherWorkspace(indexed.workspace.product, model_url)
        if plan:
            with database(made.product) as connection:
                connection.execute(sa.insert(workspace_limits).values(tenant_id=tenant_of(made), **plan))
                connection.commit()
        return Knowledge(made)

    return make


def tenant_of(workspace: OtherWorkspace) -> str:
    return str(workspace.ok(workspace.console.post("/console/api/workspaces/current", json={}))["id"])


@pytest.fixture(scope="module")
def plans(limited: Limited) -> dict[str, Knowledge]:
    """A workspace for each of PLANS."""
    return {kind: limited(**plan) for kind, (plan, _) in PLANS.items()}


@pytest.mark.parametrize("route", ROUTES, ids=str)
@pytest.mark.parametrize("kind", PLANS)
def test_route_is_refused_by_the_limits_that_it_is_checked_for(
    plans: dict[str, Knowledge], route: Route, kind: str
) -> None:
    reply = plans[kind].http.request(route.method, f"/v1{route.path}", **(route.options or {}))
    if kind in route.checks.split():
        assert reply.json() == {"code": "forbidden", "message": PLANS[kind][1], "status": 403}
        assert reply.status_code == 403
    else:
        assert reply.status_code in {200, 204, 400, 404}, reply.text


def test_every_route_of_the_dataset_api_is_in_the_table() -> None:
    from tests.rest.calls import BINDINGS

    served = {
        (binding.verb, binding.path) for binding in BINDINGS
        if binding.service.startswith("transom.dataset.") and binding.path.startswith("/v1/")
    }  # fmt: skip
    named = {(route.method, f"/v1{route.path}") for route in ROUTES}
    missing = [
        (verb, path) for verb, path in sorted(served)
        if not any(method == verb and _fits(_parts(path), _parts(one)) for method, one in named)
    ]  # fmt: skip
    assert missing == []


def _parts(path: str) -> list[str]:
    return path.replace("_by_", "-by-").split("/")


def _fits(pattern: list[str], path: list[str]) -> bool:
    return len(pattern) == len(path) and all(
        want == have or want.startswith("{") for want, have in zip(pattern, path, strict=True)
    )


def test_limits_are_checked_in_the_documented_order(limited: Limited) -> None:
    everything: dict[str, Any] = {"vector_space": 0, "documents": 0, "add_segment": False, "knowledge_rate": 0}
    segments, text = {"segments": [{"content": "c"}]}, {"name": "n", "text": "t"}
    for left_out, document, segment in (
        ([], SPACE, SPACE), (["vector_space"], DOCUMENTS, SEGMENTS),
        (["vector_space", "documents", "add_segment"], RATE, RATE),
    ):
        knowledge = limited(**{name: limit for name, limit in everything.items() if name not in left_out})
        create = knowledge.refusal("POST", f"{DATASET}/document/create-by-text", json=text)
        assert create == (403, "forbidden", document)
        assert knowledge.refusal("POST", f"{DOCUMENT}/segments", json=segments) == (403, "forbidden", segment)


def test_eleventh_call_in_a_minute_is_refused_and_other_workspaces_go_on(limited: Limited) -> None:
    knowledge, neighbour = limited(knowledge_rate=10), limited(knowledge_rate=10)
    dataset_id = knowledge.economy()
    for _ in range(5):
        knowledge.ok("GET", f"/datasets/{dataset_id}")
    for _ in range(9):
        knowledge.retrieve(dataset_id, "anything")
    body = {"query": "anything"}
    for _ in range(2):
        answer = knowledge.refusal("POST", f"/datasets/{dataset_id}/retrieve", json=body)
        assert answer == (403, "forbidden", RATE)
    knowledge.ok("GET", f"/datasets/{dataset_id}")
    neighbour.economy()


def test_calls_at_once_are_counted_over_all_processes(limited: Limited) -> None:
    knowledge = limited(knowledge_rate=20)
    dataset_id = knowledge.economy()  # the first of the twenty
    path = f"/v1/datasets/{dataset_id}/retrieve"
    statuses = [reply.status_code for reply in at_once(lambda _: knowledge.http.post(path, json={"query": "sea"}))]
    assert (statuses.count(200), statuses.count(403)) == (19, CLIENTS - 19)


def test_documents_are_counted_over_all_datasets(limited: Limited) -> None:
    knowledge = limited(documents=2)
    one, other = knowledge.economy(), knowledge.economy()
    first = knowledge.add_text(one, "A text.")
    knowledge.add_text(other, "A text.")
    body = {"name": "third", "text": "t"}
    path = f"/datasets/{one}/document/create-by-text"
    assert knowledge.refusal("POST", path, json=body) == (403, "forbidden", DOCUMENTS)
    update = {"name": "new", "text": "A new text."}
    knowledge.ok("POST", f"/datasets/{one}/documents/{first['id']}/update-by-text", json=update)
    knowledge.wait_indexed(one, first["batch"])
    knowledge.ok("DELETE", f"/datasets/{one}/documents/{first['id']}")
    knowledge.ok("POST", path, json=body)


def test_vectors_are_counted_by_their_size(limited: Limited, brain: OpenAIServer) -> None:
    knowledge = limited(vector_space=1)
    model = f"wide-{uuid.uuid4().hex[:8]}"
    brain.script(model, "size=1024")
    dataset_id = knowledge.quality(knowledge.add_model(brain.url, model, "text-embedding"))
    # 4 KiB each: 1 MiB are 256 of them.
    document = knowledge.add_text(dataset_id, "\n".join(f"Line {number}." for number in range(255)), process_rule=LINES)
    path = f"/datasets/{dataset_id}/documents/{document['id']}/segments"
    body = {"segments": [{"content": "One more."}]}
    knowledge.ok("POST", path, json=body)
    assert knowledge.refusal("POST", path, json=body) == (403, "forbidden", SPACE)
    economy = knowledge.economy()
    assert knowledge.refusal("POST", f"/datasets/{economy}/document/create-by-text", json={"name": "n", "text": "t"}) == (
        403, "forbidden", SPACE,
    )  # fmt: skip
    knowledge.ok("DELETE", f"{path}/{knowledge.segments(dataset_id, document['id'])[0]['id']}")
    knowledge.ok("POST", path, json=body)


def test_workspace_without_limits_is_not_limited(limited: Limited) -> None:
    knowledge = limited()
    dataset_id = knowledge.economy()
    for _ in range(15):
        knowledge.retrieve(dataset_id, "anything")


# The command line


def transom(product: Product, *words: str) -> str:
    environment = {
        "TRANSOM_DATABASE_URL": product.postgres_url, "TRANSOM_REDIS_URL": product.redis_url,
        "TRANSOM_SECRET_KEY": SECRET, "TRANSOM_DATA_DIR": str(product.folder),
    }  # fmt: skip
    done = CliRunner().invoke(main, ["workspace", *words], env=environment, prog_name="transom")
    assert done.exit_code == 0, done.output
    return done.output


def test_operator_limits_a_workspace_at_once(limited: Limited) -> None:
    knowledge = limited()
    product = knowledge.workspace.product
    assert isinstance(knowledge.workspace, OtherWorkspace)
    tenant = tenant_of(knowledge.workspace)
    assert tenant in transom(product, "list")
    dataset_id = knowledge.economy()
    # Both servers have the plan in hand by now.
    for _ in range(8):
        knowledge.retrieve(dataset_id, "anything")
    shown = transom(product, "limits", "--workspace", tenant)
    assert [line.split(None, 1) for line in shown.splitlines()] == [
        ["members", "none"], ["apps", "none"], ["vector-space", "none"], ["documents", "none"],
        ["workflow-executions", "none"], ["knowledge-rate", "none"],
        ["key-rate", "none"], ["user-rate", "none"], ["add-segment", "yes"],
    ]  # fmt: skip
    shown = transom(
        product, "limits", "--workspace", tenant, "--vector-space", "5", "--documents", "0", "--no-add-segment"
    )
    assert [line.split(None, 1)[1] for line in shown.splitlines()] == [
        "none", "none", "5 MiB", "0", "none", "none", "none", "none", "no",
    ]  # fmt: skip
    for _ in range(8):
        answer = knowledge.refusal(
            "POST", f"/datasets/{dataset_id}/document/create-by-text", json={"name": "n", "text": "t"}
        )
        assert answer == (403, "forbidden", DOCUMENTS)
    shown = transom(product, "limits", "--workspace", tenant, "--documents", "none", "--add-segment")
    assert [line.split(None, 1)[1] for line in shown.splitlines()] == [
        "none", "none", "5 MiB", "none", "none", "none", "none", "none", "yes",
    ]  # fmt: skip
    for _ in range(4):
        knowledge.ok("POST", f"/datasets/{dataset_id}/document/create-by-text", json={"name": "n", "text": "t"})
    with database(product) as connection:
        rows = connection.execute(sa.select(workspace_limits.c.vector_space).where(workspace_limits.c.tenant_id == tenant))
        assert rows.scalars().all() == [5]


@pytest.mark.parametrize("value", ["-5", "many", "1.5", "9999999999"])
def test_limit_that_is_no_number_is_a_usage_error(value: str) -> None:
    done = CliRunner().invoke(main, ["workspace", "limits", f"--documents={value}"], prog_name="transom")
    assert done.exit_code == 2
    assert "neither a number nor 'none'" in done.output


# The window, with a clock in hand


@pytest.fixture
async def clocked(postgres_url: str, redis_url: str) -> AsyncIterator[tuple[Limits, list[float], Caller]]:
    """Limits of a workspace with two calls a minute, and the time."""
    engine = make_engine(postgres_url, pool_size=1)
    uow, db, redis = uow_factory(engine), Database(1, 10), Redis.from_url(redis_url)
    tenant, now = new_id(), [1_000_000.0]
    with uow() as open_uow:
        open_uow.execute(sa.insert(workspace_limits).values(tenant_id=tenant, knowledge_rate=2))
        open_uow.commit()
    yield Limits(db, uow, redis, Bus(redis), lambda: now[0]), now, Caller(tenant_id=tenant)
    await redis.aclose()
    db.close()
    engine.dispose()


async def test_window_slides_and_refused_calls_count(clocked: tuple[Limits, list[float], Caller]) -> None:
    limits, now, caller = clocked

    async def allowed() -> bool:
        try:
            await limits.knowledge(caller)
        except AppError as error:
            assert str(error) == RATE
            return False
        return True

    assert await allowed()
    now[0] += 30
    assert await allowed()
    assert not await allowed()
    # The first call is a minute old; the second and the refused one still count.
    now[0] += 31
    assert not await allowed()
    now[0] += 61
    assert await allowed()
