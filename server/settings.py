"""Every setting of the server, read once from the environment.

Only this module reads ``os.environ``. A name is ``TRANSOM_`` + the field in upper case;
an unknown ``TRANSOM_`` name stops the start, so that a typing error is never silent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.kit.outbound import networks

PREFIX = "TRANSOM_"
_QUERY_PASSWORD = re.compile(r"([?&](?:ssl)?password=)[^&]*")


class SettingsError(Exception):
    """A setting is unknown, malformed or out of range; the message says which and what is allowed."""


def _setting(
    default: object, doc: str, *, secret: bool = False, low: float | None = None, high: float | None = None
) -> Any:
    return field(default=default, metadata={"doc": doc, "secret": secret, "low": low, "high": high})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Effective settings; ``describe`` prints them with secrets masked."""

    database_url: str = _setting("", "PostgreSQL 15+ URL (postgresql://...); empty: the embedded server")
    redis_url: str = _setting("", "Redis or Valkey URL; empty: the embedded server")
    broker_url: str = _setting("", "Celery broker URL; empty: redis_url")
    secret_key: str = _setting("", "signs tokens and links, seals stored credentials; 32+ characters", secret=True)
    data_dir: str = _setting(".data", "where the embedded parts and uploads live")
    files_dir: str = _setting("", "where uploads live; empty: data_dir/files. Shared by all server processes")
    public_url: str = _setting("http://localhost:8080", "address of the gateway as clients see it")
    port: int = _setting(8080, "port of the gateway", low=1, high=65535)
    demo: bool = _setting(True, "create a demo workspace on the first start")

    server_host: str = _setting("127.0.0.1", "address a server process listens on")
    server_port: int = _setting(50051, "gRPC port of this server process", low=0, high=65535)
    admin_host: str = _setting("127.0.0.1", "address of the admin port of a server process")
    admin_port: int = _setting(
        0, "first port of /metrics and /ready, one a process; 0: `transom up` finds free ones, `serve` has none", low=0,
        high=65535,
    )
    server_processes: int = _setting(0, "server processes of `transom up`; 0: one a core", low=0, high=256)
    worker_concurrency: int = _setting(2, "threads of a worker", low=1, high=256)
    db_pool_size: int = _setting(20, "database threads of one process; it has two connections more", low=1, high=200)
    db_direct_connections: int = _setting(
        8, "connections of one process for hot single statements, besides those of its threads", low=1, high=200
    )
    db_prepare: bool = _setting(True, "prepare hot statements; off behind a PgBouncer that pools transactions")
    db_queue_limit: int = _setting(2000, "calls that may wait for a database thread before new ones get 503", low=1)
    max_concurrent_rpcs: int = _setting(8192, "calls and streams open in one process; more get 429", low=1)
    shutdown_grace_seconds: float = _setting(10.0, "how long open calls may finish after SIGTERM", low=0, high=600)

    local_model_url: str = _setting("", "address of the packaged model's process (OpenAI-compatible); empty: none")
    local_model_key: str = _setting("", "key of the packaged model's process", secret=True)
    google_api_key: str = _setting("", "Gemini key for workspaces without their own; also GOOGLE_API_KEY", secret=True)
    google_base_url: str = _setting("", "another address for the Gemini API")
    google_api_version: str = _setting("", "API version of Gemini; empty: the client's default")
    model_first_token_seconds: float = _setting(120.0, "a model silent this long has failed", low=0.1, high=3600)
    model_idle_seconds: float = _setting(120.0, "longest pause between two pieces of an answer", low=0.1, high=3600)

    index_attempts: int = _setting(6, "beginnings of a document's indexing before it is an error", low=1, high=100)
    segments_per_request: int = _setting(0, "segments that one call may add; 0: any number", low=0)
    vector_store: str = _setting("pgvector", "where vectors are: pgvector (in the database) or milvus")
    vector_build_mib: int = _setting(
        2048, "memory for building one index of vectors in the database; above it a row takes a hundred times longer",
        low=64, high=1048576,
    )
    vector_build_processes: int = _setting(0, "processes that help building an index of vectors", low=0, high=64)
    milvus_uri: str = _setting("", "address of Milvus, http://host:19530")
    milvus_token: str = _setting("", "user:password or API key of Milvus", secret=True)

    lease_seconds: float = _setting(15.0, "a process not heard of for this long is dead", low=1, high=300)
    heartbeat_seconds: float = _setting(4.0, "how often a process renews its lease and sweeps", low=0.2, high=60)
    ping_seconds: float = _setting(10.0, "a stream idle this long gets `event: ping`", low=0.05, high=300)
    run_max_seconds: float = _setting(1200.0, "longest run; then it is stopped", low=1, high=86400)
    workflow_run_days: int = _setting(0, "days that finished runs of workflows are kept; 0: for ever", low=0)
    audit_log_days: int = _setting(0, "days that lines of the audit log are kept; 0: for ever", low=0)
    event_log_seconds: int = _setting(86400, "how long the event log of a finished run is kept", low=60)
    answer_flush_seconds: float = _setting(2.0, "how often partial answers are stored", low=0.1, high=60)
    reader_lag_events: int = _setting(20000, "a reader this many events behind is cut off", low=10)

    access_token_minutes: int = _setting(60, "life of a console access token", low=1)
    refresh_token_days: int = _setting(30, "life of a console refresh token", low=1)
    init_password: str = _setting("", "asked for before setup", secret=True)
    admin_api_key_enable: bool = _setting(False, "allow admin_api_key with X-WORKSPACE-ID")
    admin_api_key: str = _setting("", "acts as the workspace's owner", secret=True)

    code_sandbox: str = _setting("auto", "where code nodes run: jail, monty (some of Python) or auto: jail, else monty")
    code_remote_url: str = _setting("", "address of a dify-sandbox service that runs code nodes instead")
    code_remote_key: str = _setting("", "API key of that service", secret=True)
    code_seconds: float = _setting(15.0, "longest a code node or template may take", low=0.1, high=600)
    code_cpu_seconds: int = _setting(5, "processor time of a code node or template", low=1, high=600)
    code_memory_mib: int = _setting(256, "memory of a code node or template", low=32, high=65536)
    code_output_kib: int = _setting(4096, "KiB of JSON that a code node may return", low=1, high=65536)
    code_parallel: int = _setting(8, "code nodes that run at once in a server process; others wait", low=1, high=256)

    outbound_allow: str = _setting(
        "", "private networks that addresses of users may name beside the internet: 10.1.0.0/16, 127.0.0.1"
    )

    file_size_limit: int = _setting(15, "MB of a document or other file", low=1)
    image_file_size_limit: int = _setting(10, "MB of an image", low=1)
    video_file_size_limit: int = _setting(100, "MB of a video", low=1)
    audio_file_size_limit: int = _setting(50, "MB of an audio file", low=1)
    workflow_file_upload_limit: int = _setting(10, "files of one workflow run", low=1)
    upload_extension_blocklist: str = _setting("", "comma-separated extensions that are refused")
    file_link_seconds: int = _setting(300, "life of a signed file link", low=1)
    app_default_active_requests: int = _setting(0, "concurrent runs of an app that sets none; 0: unlimited", low=0)
    app_max_active_requests: int = _setting(0, "concurrent runs of any app; 0: unlimited", low=0)

    rate_limit_key: int = _setting(0, "calls a minute of one app key, where the plan says nothing; 0: unlimited", low=0)
    rate_limit_user: int = _setting(0, "the same of one end user; 0: unlimited", low=0)

    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    otlp_endpoint: str = _setting(
        "", "OpenTelemetry collector that gets traces of gateway, servers and workers: http://HOST:4317 (gRPC)"
    )
    otlp_share: float = _setting(
        1.0, "share of the calls that are traced; a call with a traceparent says itself whether it is", low=0, high=1
    )

    @property
    def files_path(self) -> Path:
        """Folder of the uploads."""
        return Path(self.files_dir) if self.files_dir else Path(self.data_dir) / "files"

    @property
    def celery_broker(self) -> str:
        """Broker URL in Celery's spelling."""
        url = self.broker_url or self.redis_url
        return "redis+socket://" + url.removeprefix("unix://") if url.startswith("unix://") else url

    def describe(self) -> list[tuple[str, str, str]]:
        """(name, shown value, doc) of every setting; secrets as asterisks, URL passwords hidden."""
        rows = []
        for item in fields(self):
            value = getattr(self, item.name)
            shown = ("*" * 8 if value else "") if item.metadata["secret"] else _hide_password(str(value))
            rows.append((PREFIX + item.name.upper(), shown, item.metadata["doc"]))
        return rows


def _hide_password(text: str) -> str:
    """A URL without its password, which stands before the host or, for PostgreSQL, also in the query."""
    text = _QUERY_PASSWORD.sub(r"\1***", text)
    head, at, tail = text.rpartition("@")
    if not at or "://" not in head:
        return text
    scheme, _, login = head.partition("://")
    user, colon, _ = login.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}@{tail}"


def _parse(name: str, kind: str, raw: str) -> object:
    try:
        if kind == "bool":
            lowered = raw.strip().lower()
            if lowered in {"1", "true", "yes", "on"}:
                return True
            if lowered in {"0", "false", "no", "off", ""}:
                return False
            raise ValueError("expected true or false")
        if kind == "int":
            return int(raw)
        if kind == "float":
            return float(raw)
    except ValueError as error:
        raise SettingsError(f"{name}={raw!r}: {error}") from None
    return raw


def _check_range(name: str, value: Any, low: float | None, high: float | None) -> None:
    if not isinstance(value, (int, float)):
        return
    if (low is not None and value < low) or (high is not None and value > high):
        raise SettingsError(f"{name}={value}: allowed is {low if low is not None else ''} to {high or 'any number'}")


def _check_choice(name: str, value: str, allowed: str) -> None:
    if value not in allowed.split(", "):
        raise SettingsError(f"{PREFIX}{name}={value}: allowed are {allowed}")


def _check_collector(url: str) -> None:
    """It is reached without TLS, also by the gateway: run one beside the product that passes on what it gets."""
    parts = urlsplit(url)
    try:
        is_one = parts.scheme == "http" and bool(parts.hostname and parts.port) and parts.path in {"", "/"}
    except ValueError:
        is_one = False
    if not is_one:
        raise SettingsError(f"{PREFIX}OTLP_ENDPOINT={url}: expected http://HOST:PORT of a collector's gRPC port")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises SettingsError with the name and what is allowed."""
    env = os.environ if environ is None else environ
    known = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    unknown = sorted(name for name in env if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(f"unknown setting {', '.join(unknown)}; `transom check` lists the known ones")
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name not in env:
            continue
        value = _parse(name, str(item.type), env[name])
        _check_range(name, value, item.metadata["low"], item.metadata["high"])
        values[item.name] = value
    if not values.get("google_api_key") and env.get("GOOGLE_API_KEY"):
        values["google_api_key"] = env["GOOGLE_API_KEY"]
    settings = Settings(**values)
    _check_choice("LOG_LEVEL", settings.log_level, "DEBUG, INFO, WARNING, ERROR")
    _check_choice("CODE_SANDBOX", settings.code_sandbox, "auto, jail, monty")
    _check_choice("VECTOR_STORE", settings.vector_store, "pgvector, milvus")
    if settings.lease_seconds < 3 * settings.heartbeat_seconds:
        raise SettingsError(f"{PREFIX}LEASE_SECONDS must be at least three times {PREFIX}HEARTBEAT_SECONDS")
    try:
        networks(settings.outbound_allow)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}OUTBOUND_ALLOW: {error}") from None
    if settings.otlp_endpoint:
        _check_collector(settings.otlp_endpoint)
    if settings.vector_store == "milvus" and not settings.milvus_uri:
        raise SettingsError(f"{PREFIX}MILVUS_URI is needed when {PREFIX}VECTOR_STORE is milvus")
    return settings
