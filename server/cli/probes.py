"""One question to each thing that a server depends on, for `transom check`."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from server.cli.admin import first_line
from server.settings import PREFIX, Settings

_SECONDS = 10.0
# The packaged model loads its weights when it is first asked.
_MODEL_SECONDS = 60.0
_LEAST_SECRET = 32
_LEAST_POSTGRES = 15
_GIB = 1024**3
_ANY_HOST = ("0.0.0.0", "::", "[::]")  # noqa: S104 - what the operator may have set


class ProbeError(Exception):
    """The dependency does not do what is needed; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one probe ended. ``ok`` None: it is not configured, which is no fault."""

    name: str
    ok: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Probe:
    """``ask`` returns what there is to say; ProbeError and anything else it raises is a failure.

    ``absent`` is said instead when the dependency is not configured; ``where`` is who does not answer.
    """

    name: str
    ask: Callable[[], Awaitable[str]]
    absent: str = ""
    seconds: float = _SECONDS
    where: str = ""

    async def find(self) -> Finding:
        """Ask, but not for ever."""
        if self.absent:
            return Finding(self.name, None, self.absent)
        try:
            return Finding(self.name, True, await asyncio.wait_for(self.ask(), self.seconds))
        except TimeoutError:
            asked = f" from {self.where}" if self.where else ""
            return Finding(self.name, False, f"no answer{asked} within {self.seconds:g} s")
        except Exception as error:
            # Behind SQLAlchemy's error is the driver's, which is shorter.
            return Finding(self.name, False, first_line(getattr(error, "orig", None) or error))


def probes(settings: Settings, gateway: str) -> list[Probe]:
    """Every dependency of a product with these settings. ``gateway`` is the address to ask, without a path."""

    def blocking(ask: Callable[[Settings], str]) -> Callable[[], Awaitable[str]]:
        return lambda: asyncio.to_thread(ask, settings)

    def needed(value: str, name: str, ask: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
        return ask if value else lambda: _missing(PREFIX + name, settings)

    redis = settings.redis_url
    return [
        Probe("secret key", blocking(secret_key)),
        Probe("PostgreSQL", needed(settings.database_url, "DATABASE_URL", blocking(postgres))),
        Probe(
            "vectors", needed(settings.database_url, "DATABASE_URL", blocking(vectors)),
            where=settings.milvus_uri if settings.vector_store == "milvus" else "",
        ),
        Probe("Redis", needed(redis, "REDIS_URL", lambda: redis_store(settings))),
        Probe("worker", needed(settings.broker_url or redis, "REDIS_URL", blocking(worker))),
        Probe("jobs", needed(settings.database_url, "DATABASE_URL", blocking(jobs))),
        Probe("files", blocking(files)),
        Probe("code", blocking(code), seconds=_MODEL_SECONDS),
        Probe(
            "local model", blocking(local_model), seconds=_MODEL_SECONDS,
            absent="" if settings.local_model_url else f"{PREFIX}LOCAL_MODEL_URL is not set",
        ),
        Probe(
            "Gemini", lambda: gemini(settings),
            absent="" if settings.google_api_key else "GOOGLE_API_KEY is not set",
        ),
        Probe(
            "collector", blocking(collector), where=settings.otlp_endpoint,
            absent="" if settings.otlp_endpoint else f"{PREFIX}OTLP_ENDPOINT is not set",
        ),
        Probe("gateway", lambda: asyncio.to_thread(answers, f"{gateway.rstrip('/')}/health")),
    ]


async def _missing(name: str, settings: Settings) -> str:
    raise ProbeError(f"{name} is not set, and no `transom up` runs on {settings.data_dir}")


def secret_key(settings: Settings) -> str:
    """The instance's secret is long enough."""
    length = len(settings.secret_key)
    if length < _LEAST_SECRET:
        have = f"has {length} characters" if length else "is not set"
        raise ProbeError(f"{PREFIX}SECRET_KEY {have}; {_LEAST_SECRET} characters are needed")
    return "long enough"


def postgres(settings: Settings) -> str:
    """PostgreSQL is new enough and its schema is this version's."""
    from server.db.engine import make_engine, server_version
    from server.db.migrate import require_current

    engine = make_engine(settings.database_url, pool_size=1)
    try:
        version = server_version(engine)
        if int(version.split(".")[0]) < _LEAST_POSTGRES:
            raise ProbeError(f"version {version} is too old: {_LEAST_POSTGRES} is needed")
        return f"version {version}, schema {require_current(engine)}"
    finally:
        engine.dispose()


def vectors(settings: Settings) -> str:
    """Where vectors are: Milvus answers, or PostgreSQL has its extension."""
    if settings.vector_store == "milvus":
        from server.index.milvus_calls import MilvusAddress, MilvusCalls

        calls = MilvusCalls(MilvusAddress(uri=settings.milvus_uri, token=settings.milvus_token))
        try:
            found = calls(_SECONDS / 2, lambda client, seconds: client.get_server_version(timeout=seconds))
        finally:
            calls.close()
        return f"Milvus {found} at {settings.milvus_uri}"
    from server.db.engine import extension_version, make_engine

    engine = make_engine(settings.database_url, pool_size=1)
    try:
        version = extension_version(engine, "vector")
    finally:
        engine.dispose()
    if version is None:
        raise ProbeError("the extension vector is not in this database: run `transom migrate`")
    return f"pgvector {version}"


async def redis_store(settings: Settings) -> str:
    """Redis answers, takes writes and forgets nothing by itself."""
    from redis.asyncio import Redis

    client = Redis.from_url(settings.redis_url, socket_connect_timeout=_SECONDS / 2)
    try:
        info: dict[str, Any] = await client.info()
    finally:
        await client.aclose()
    if info.get("role") != "master":
        raise ProbeError(f"it is a {info.get('role')}, which takes no writes")
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory") and policy != "noeviction":
        raise ProbeError(f"maxmemory-policy is {policy}: it would drop events of runs; set noeviction")
    version = info.get("valkey_version") or info.get("redis_version")
    return f"{info.get('server_name', 'redis')} {version}"


def worker(settings: Settings) -> str:
    """The broker takes messages and at least one worker answers."""
    from server.worker.process import answers as worker_answers

    if not worker_answers(settings, host=""):
        raise ProbeError("no worker answers through the broker: start `transom worker`")
    return "answers"


def jobs(settings: Settings) -> str:
    """No job is left lying; what failed is tried again, what went missing was mended."""
    from server.db.engine import make_engine, uow_factory
    from server.worker.store import WorkerStore
    from server.worker.watch import WITHIN, nobody

    engine = make_engine(settings.database_url, pool_size=1)
    try:
        with uow_factory(engine)() as uow:
            store = WorkerStore(uow)
            waiting, findings = store.waiting(WITHIN), store.findings()
    finally:
        engine.dispose()
    if waiting.overdue and not waiting.workers:
        raise ProbeError(nobody(waiting))
    said = [f"{waiting.workers} workers take them" if waiting.workers != 1 else "1 worker takes them"]
    if waiting.failing:
        said.append(f"{waiting.failing} failed and are tried again: {first_line(waiting.last_error)}")
    said += [f"{each.total} {each.kind} found and mended, last {each.found_at:%Y-%m-%d %H:%M}" for each in findings]
    return "; ".join(said)


def files(settings: Settings) -> str:
    """The folder of uploads can be written, or made."""
    folder = settings.files_path.resolve()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"transom check")
    except OSError as error:
        raise ProbeError(f"{there} cannot be written: {error.strerror}") from None
    made = "" if there == folder else " (not made yet)"
    return f"{folder}{made}, {shutil.disk_usage(there).free / _GIB:.1f} GiB free"


def code(settings: Settings) -> str:
    """There is a place where code can do no harm: one is made here too, and tried."""
    from server.sandbox.runner import Sandbox

    async def ask() -> str:
        sandbox = Sandbox.of(settings)
        try:
            return await sandbox.check()
        finally:
            await sandbox.close()

    return asyncio.run(ask())


def local_model(settings: Settings) -> str:
    """The packaged model's process lists its models to who has the key."""
    url = settings.local_model_url.rstrip("/")
    body = _get(f"{url}/models", {"Authorization": f"Bearer {settings.local_model_key}"}, seconds=_MODEL_SECONDS)
    names = [str(model.get("id")) for model in json.loads(body).get("data", [])]
    return f"{', '.join(names) or 'no model'} at {url}"


async def gemini(settings: Settings) -> str:
    """The key is good for a real call: listing one model."""
    from server.llm.calls import Timings
    from server.llm.names import GOOGLE
    from server.llm.registry import build

    registry = build(
        Timings(first_token=_SECONDS), google_base_url=settings.google_base_url,
        google_api_version=settings.google_api_version,
    )
    try:
        await registry.get(GOOGLE).validate({"google_api_key": settings.google_api_key})
    finally:
        await registry.close()
    return "the key works"


def collector(settings: Settings) -> str:
    """The collector of traces takes what is sent to it: nothing, this time."""
    import grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc

    with grpc.insecure_channel(urlsplit(settings.otlp_endpoint).netloc) as channel:
        try:
            service = pb_grpc.TraceServiceStub(channel)  # type: ignore[no-untyped-call]
            service.Export(pb.ExportTraceServiceRequest(), timeout=_SECONDS)
        except grpc.RpcError as error:
            raise ProbeError(f"{settings.otlp_endpoint} takes no spans: {error.code().name.lower()}") from error
    return "takes spans"


def serves(settings: Settings) -> bool:
    """Whether the server process of this host says that it takes calls; False while it starts or drains."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    host = "127.0.0.1" if settings.server_host in _ANY_HOST else settings.server_host
    with grpc.insecure_channel(f"{host}:{settings.server_port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        try:
            reply = health.Check(health_pb2.HealthCheckRequest(), timeout=_SECONDS / 4)
        except grpc.RpcError:
            return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def answers(url: str) -> str:
    """GET ``url`` answers 200."""
    _get(url, {}, seconds=_SECONDS)
    return f"{url} answers"


def _get(url: str, headers: dict[str, str], *, seconds: float) -> bytes:
    """The body behind an http(s) address of the operator. Raises ProbeError."""
    if not url.startswith(("http://", "https://")):
        raise ProbeError(f"{url} is not an http or https address")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=seconds) as reply:  # noqa: S310
            body: bytes = reply.read()
            return body
    except urllib.error.HTTPError as error:
        raise ProbeError(f"{url} answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, OSError) as error:
        raise ProbeError(f"{url} does not answer: {getattr(error, 'reason', error)}") from None
