"""The one place that builds things and joins them; close in reverse by ``AsyncExitStack``."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy.engine import Engine

from server.access.passports import Passports
from server.access.service import AccessService
from server.account.member_servicer import ActivationServicer, MemberServicer
from server.account.members import MemberService
from server.account.passwords import Passwords
from server.account.service import AccountService
from server.account.servicer import AccountServicer, SessionServicer, SetupServicer, WorkspaceServicer
from server.account.session import Sessions
from server.account.tokens import Cookies, Tokens
from server.app.importing import Importer, ImportService
from server.app.keys import KeyService
from server.app.models import stored_models
from server.app.purge import AppPurge
from server.app.service import AppService
from server.app.servicer import ApiKeyServicer, AppServicer
from server.app.wire import AppPrinter
from server.app_info.service import AppInfoService
from server.app_info.servicer import AppInfoServicer
from server.audit.service import AuditPrune, AuditService
from server.bootstrap_annotation import add_annotations
from server.bootstrap_audio import add_audio
from server.bootstrap_chat import build_chat
from server.bootstrap_console import add_debugging, add_logs
from server.bootstrap_extension import add_extensions, build_features
from server.bootstrap_knowledge import Knowledge, add_knowledge, build_knowledge, knowledge_jobs
from server.bootstrap_ops import add_audit, add_features, add_ops, start_tracing
from server.bootstrap_runs import Workflows, add_workflow_runs, build_workflows
from server.bootstrap_tools import add_tools
from server.bootstrap_trigger import add_triggers
from server.bootstrap_web import WebNeeds, add_web_api
from server.bootstrap_workflow import add_workflows, build_publisher
from server.bus import Bus
from server.chat.parameters import UploadLimits
from server.chat.servicer import ChatServicer, CompletionServicer
from server.conversation.asking import Asking
from server.conversation.message_servicer import MessageServicer
from server.conversation.messages import MessageService
from server.conversation.purge import ConversationPurge
from server.conversation.service import ConversationService
from server.conversation.servicer import ConversationServicer
from server.conversation.wire import MessagePrinter
from server.db.bridge import Database
from server.db.direct import Direct
from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.idle import release_idle
from server.db.migrate import migrate, require_current
from server.edge.interceptor import Edge
from server.edge.rules import rules_of
from server.extension.service import ExtensionService
from server.file.links import FileLinks
from server.file.model import Limits
from server.file.service import FileService
from server.file.servicer import FileServicer
from server.file.storage import LocalStorage
from server.file.threads import FileThreads
from server.file.upload import Uploads
from server.indexing.moves import MoveOrders
from server.kit.crypto import Sealer
from server.kit.outbound import Outbound
from server.limits.rates import Rates
from server.limits.service import PlanService
from server.llm import tokens as token_counter
from server.llm.calls import Timings
from server.llm.registry import Registry as ProviderRegistry
from server.llm.registry import build as build_providers
from server.ops.admin import AdminPort
from server.provider.resolve import Resolver, SystemModels
from server.provider.runtime import ModelRuntime
from server.provider.service import ProviderService
from server.provider.servicer import ModelProviderServicer
from server.provider.views import Views
from server.runs.keeper import KEEPER_THREADS, Keeper
from server.runs.log import EventLog
from server.runs.registry import Runs
from server.sandbox.runner import Sandbox
from server.settings import Settings
from server.usage.service import UsageService
from server.worker.watch import WorkerWatch
from server.workflow.library import WorkflowLibrary
from server.workflow.prune import RunPrune
from server.workflow.publishing import Publisher
from server.workflow.service import WorkflowService
from transom.app.v1 import app_info_service_pb2 as info_pb2
from transom.app.v1 import app_info_service_pb2_grpc as info_grpc
from transom.chat.v1 import chat_service_pb2 as chat_pb2
from transom.chat.v1 import chat_service_pb2_grpc as chat_grpc
from transom.console.v1 import app_service_pb2 as app_pb2
from transom.console.v1 import app_service_pb2_grpc as app_grpc
from transom.console.v1 import member_service_pb2 as member_pb2
from transom.console.v1 import member_service_pb2_grpc as member_grpc
from transom.console.v1 import model_provider_service_pb2 as provider_pb2
from transom.console.v1 import model_provider_service_pb2_grpc as provider_grpc
from transom.console.v1 import session_service_pb2 as session_pb2
from transom.console.v1 import session_service_pb2_grpc as session_grpc
from transom.conversation.v1 import conversation_service_pb2 as conversation_pb2
from transom.conversation.v1 import conversation_service_pb2_grpc as conversation_grpc
from transom.conversation.v1 import message_service_pb2 as message_pb2
from transom.conversation.v1 import message_service_pb2_grpc as message_grpc
from transom.file.v1 import file_http_service_pb2 as file_pb2
from transom.file.v1 import file_http_service_pb2_grpc as file_grpc

VERSION = "1.0.0"

_MEBIBYTE = 1024 * 1024
_OPTIONS = (
    ("grpc.max_receive_message_length", 16 * _MEBIBYTE),
    ("grpc.max_send_message_length", 64 * _MEBIBYTE),
    ("grpc.max_metadata_size", 32 * 1024),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


@dataclass(slots=True)
class Parts:
    """What both the server and the command line are built from."""

    settings: Settings
    engine: Engine
    uow: UowFactory


def build_parts(settings: Settings) -> Parts:
    """Connection pool and unit of work; nothing connects yet."""
    engine = make_engine(settings.database_url, pool_size=settings.db_pool_size, prepare=settings.db_prepare)
    return Parts(settings=settings, engine=engine, uow=uow_factory(engine))


def build_job_handlers(parts: Parts) -> dict[str, Callable[[Mapping[str, Any]], None]]:
    """What the worker does with a row of ``jobs``, by its kind."""
    return {
        "purge_app": AppPurge(parts.uow).purge,
        "purge_conversation": ConversationPurge(parts.uow).purge,
        "prune_audit_logs": AuditPrune(parts.uow, parts.settings.audit_log_days).prune,
        "prune_workflow_runs": RunPrune(parts.uow, parts.settings.workflow_run_days).prune,
        **knowledge_jobs(parts),
    }


def redis_client(url: str, *, connections: int) -> Redis:
    """A pooled client that fails at once when Redis is away; callers decide what then."""
    # A server that hangs is as good as away; no command of ours waits longer than a second or two.
    pool = BlockingConnectionPool.from_url(
        url, max_connections=connections, timeout=5, socket_connect_timeout=2, socket_timeout=5,
        retry=Retry(NoBackoff(), 1), health_check_interval=30,
    )
    return Redis(connection_pool=pool)


class GenericOnly:
    """Stands for a server where generated code adds a servicer: takes its handlers as generic ones only.

    Generated code also adds each method as a registered one. Then, for every call, grpcio 1.85 waits
    anew on all of them (grpc/grpc#43461): with 80 methods 0.1 ms, a third of what an empty call takes.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, _service: str, _handlers: Mapping[str, grpc.RpcMethodHandler]) -> None:
        """Leave them out."""


class Registry:
    """Servicers of one server, each under every service that it implements."""

    def __init__(self) -> None:
        self.services: list[ServiceDescriptor] = []
        self._adders: list[Callable[[GenericOnly], None]] = []

    def add(self, servicer: object, pb2: Any, pb2_grpc: Any, *names: str) -> None:
        """Serve ``names``, services of the proto file behind ``pb2``, by ``servicer``."""
        for name in names:
            self.services.append(pb2.DESCRIPTOR.services_by_name[name])
            add = getattr(pb2_grpc, f"add_{name}Servicer_to_server")
            self._adders.append(lambda server, add=add: add(servicer, server))  # type: ignore[misc]

    def install(self, server: grpc.aio.Server) -> None:
        """Register everything."""
        for add in self._adders:
            add(GenericOnly(server))


@dataclass(slots=True)
class Core:
    """What every slice of a running server is built from."""

    settings: Settings
    engine: Engine
    db: Database
    uow: UowFactory
    bus: Bus
    redis: Redis
    access: AccessService
    passports: Passports
    runs: Runs
    outbound: Outbound
    workflows: WorkflowLibrary


async def build_core(settings: Settings, stack: AsyncExitStack) -> Core:
    """Connect to PostgreSQL and Redis, migrate, take the lease. Closed in reverse by ``stack``."""
    parts = build_parts(replace(settings, db_pool_size=settings.db_pool_size + KEEPER_THREADS))
    stack.callback(parts.engine.dispose)
    direct = Direct(
        parts.engine, size=settings.db_direct_connections, queue_limit=settings.db_queue_limit,
        prepare=settings.db_prepare,
    )
    db = Database(settings.db_pool_size, settings.db_queue_limit, direct)
    stack.callback(db.close)
    keeper_db = Database(KEEPER_THREADS, settings.db_queue_limit)
    stack.callback(keeper_db.close)
    await db(migrate, parts.engine, vectors=settings.vector_store == "pgvector")

    commands = redis_client(settings.redis_url, connections=64)
    stack.push_async_callback(commands.aclose)
    blocking = redis_client(settings.redis_url, connections=4096)
    stack.push_async_callback(blocking.aclose)

    bus = Bus(commands)
    event_log = EventLog(commands, blocking, settings.event_log_seconds)
    access = AccessService(db, parts.uow, bus)
    passports = Passports(db, parts.uow, bus, settings.secret_key, secure=settings.public_url.startswith("https://"))
    runs = Runs(db, parts.uow, event_log, bus, settings)
    keeper = Keeper(runs, event_log, keeper_db, parts.uow, settings, access.flush_used_keys)
    outbound = Outbound.to(settings.outbound_allow)
    stack.push_async_callback(outbound.close)
    core = Core(
        settings=settings, engine=parts.engine, db=db, uow=parts.uow, bus=bus, redis=commands, access=access, runs=runs,
        passports=passports, outbound=outbound,
        workflows=WorkflowLibrary(db, parts.uow, Sealer(settings.secret_key), bus),
    )  # fmt: skip

    bus.start()
    stack.push_async_callback(bus.stop)
    await keeper.start()
    runs.spawn(release_idle(parts.engine, (db, keeper_db)), "let go of idle connections")
    stack.push_async_callback(keeper.stop)
    stack.push_async_callback(runs.close)
    return core


@dataclass(slots=True)
class Models:
    """Model providers of this process and what workspaces configured of them."""

    registry: ProviderRegistry
    resolver: Resolver
    service: ProviderService
    runtime: ModelRuntime


def build_models(settings: Settings, db: Database, uow: UowFactory, bus: Bus, stack: AsyncExitStack) -> Models:
    """Adapters are imported and connected when a model is first used."""
    timings = Timings(
        first_token=settings.model_first_token_seconds, idle=settings.model_idle_seconds, total=settings.run_max_seconds
    )
    registry = build_providers(
        timings, google_base_url=settings.google_base_url, google_api_version=settings.google_api_version,
        local_model_url=settings.local_model_url, local_model_key=settings.local_model_key,
    )
    stack.push_async_callback(registry.close)
    system = SystemModels(google_api_key=settings.google_api_key, local_model=bool(settings.local_model_url))
    resolver = Resolver(registry, system)
    service = ProviderService(uow, Sealer(settings.secret_key))
    return Models(registry, resolver, service, ModelRuntime(db, service, resolver, bus))


@dataclass(slots=True)
class Files:
    """The file store and what guards it."""

    storage: LocalStorage
    threads: FileThreads
    links: FileLinks
    service: FileService
    uploads: Uploads
    limits: Limits
    # Extensions that are refused.
    blocked: tuple[str, ...]


def build_files(core: Core, stack: AsyncExitStack) -> Files:
    """Uploads lie in a folder that all server processes share."""
    settings = core.settings
    settings.files_path.mkdir(parents=True, exist_ok=True)
    storage = LocalStorage(settings.files_path)
    threads = FileThreads(storage)
    stack.callback(threads.close)
    links = FileLinks(settings.secret_key, settings.public_url, settings.file_link_seconds)
    blocked = tuple(name.strip().lower() for name in settings.upload_extension_blocklist.split(",") if name.strip())
    limits = Limits(
        image=settings.image_file_size_limit, video=settings.video_file_size_limit,
        audio=settings.audio_file_size_limit, other=settings.file_size_limit, blocked=blocked,
    )
    uploads = Uploads(storage, threads, limits)
    return Files(storage, threads, links, FileService(core.uow, links), uploads, limits, blocked)


def build_sandbox(settings: Settings, stack: AsyncExitStack) -> Sandbox:
    """Where code nodes run and templates render; nothing is started before the first of them."""
    sandbox = Sandbox.of(settings)
    stack.push_async_callback(sandbox.close)
    return sandbox


def add_service_api(
    registry: Registry, core: Core, models: Models, files: Files, knowledge: Knowledge, stack: AsyncExitStack
) -> Workflows:
    """The Service API."""
    settings, db, uow, runs = core.settings, core.db, core.uow, core.runs
    conversations = ConversationService(uow)
    asking = Asking(db, conversations, models.runtime)
    features = build_features(core, models, knowledge)
    workflows = build_workflows(
        core, models, files, knowledge, asking.auto_name, build_sandbox(settings, stack), features
    )
    chat = build_chat(core, models, files, knowledge, workflows, asking.auto_name, features)
    printer = MessagePrinter(files.links.link, files.links.renewed)
    upload_limits = UploadLimits(
        image=settings.image_file_size_limit, video=settings.video_file_size_limit,
        audio=settings.audio_file_size_limit, file=settings.file_size_limit,
        workflow_files=settings.workflow_file_upload_limit,
    )
    add_workflow_runs(registry, core, workflows)
    chats = ChatServicer(chat, runs, workflows.chatflows, workflows.rejoin)
    registry.add(chats, chat_pb2, chat_grpc, "ChatService", "ChatStreamService")
    registry.add(CompletionServicer(chat, runs), chat_pb2, chat_grpc, "CompletionService", "CompletionStreamService")
    registry.add(
        ConversationServicer(db, conversations, asking), conversation_pb2, conversation_grpc, "ConversationService"
    )
    messages = MessageServicer(db, MessageService(db, uow), asking, printer)
    registry.add(messages, message_pb2, message_grpc, "MessageService")
    infos = AppInfoService(uow)
    infos_api = AppInfoServicer(
        db, infos, core.workflows, upload_limits, files.links.link, VERSION, knowledge.annotations.shown
    )
    registry.add(
        infos_api, info_pb2, info_grpc, "AppInfoService",
    )
    files_api = FileServicer(db, files.service, files.uploads, files.threads, files.links, core.access)
    registry.add(files_api, file_pb2, file_grpc, "FileService")
    apps = build_services(uow, models, settings).apps
    add_debugging(registry, core, workflows, apps, chat, asking)
    needs = WebNeeds(chat, conversations, asking, printer, infos, infos_api, files_api, workflows)
    add_web_api(registry, core, files, needs)
    return workflows


@dataclass(slots=True)
class Services:
    """Use cases without a server around them, for the command line and the demo."""

    accounts: AccountService
    apps: AppService
    imports: ImportService
    workflows: WorkflowService
    keys: KeyService
    plans: PlanService
    usage: UsageService
    audit: AuditService


def build_services(uow: UowFactory, models: Models, settings: Settings) -> Services:
    """The administrative use cases."""
    sealer = Sealer(settings.secret_key)
    look = stored_models(models.service, models.resolver)
    apps = AppService(uow, look, ExtensionService(uow, sealer).ids)
    workflows = WorkflowService(uow, sealer)
    return Services(
        accounts=AccountService(uow, refresh_days=settings.refresh_token_days, version=VERSION),
        apps=apps,
        imports=ImportService(uow, apps, look, workflows),
        workflows=workflows,
        keys=KeyService(uow, sealer),
        plans=PlanService(uow),
        usage=UsageService(uow),
        audit=AuditService(uow),
    )


@dataclass(slots=True)
class Admin:
    """What the command line works with. ``bus`` tells the servers that run."""

    db: Database
    bus: Bus
    services: Services
    importer: Importer
    publisher: Publisher
    moves: MoveOrders


async def build_admin(settings: Settings, stack: AsyncExitStack) -> Admin:
    """Use cases for the command line; no lease, no runs. Raises SchemaError when the database is not migrated."""
    parts = build_parts(replace(settings, db_pool_size=2))
    stack.callback(parts.engine.dispose)
    db = Database(2, settings.db_queue_limit)
    stack.callback(db.close)
    await db(require_current, parts.engine)
    redis = redis_client(settings.redis_url, connections=2)
    stack.push_async_callback(redis.aclose)
    bus = Bus(redis)
    models = build_models(settings, db, parts.uow, bus, stack)
    services = build_services(parts.uow, models, settings)
    outbound = Outbound.to(settings.outbound_allow)
    stack.push_async_callback(outbound.close)
    importer = Importer(db, services.imports, outbound)
    publisher = build_publisher(db, parts.uow, bus, services.workflows, outbound, Sealer(settings.secret_key))
    return Admin(db, bus, services, importer, publisher, MoveOrders(parts.uow))


def add_console(
    registry: Registry, core: Core, models: Models, files: Files, stack: AsyncExitStack
) -> Sessions:
    """The Console API."""
    settings, db, bus = core.settings, core.db, core.bus
    services = build_services(core.uow, models, settings)
    accounts = services.accounts
    passwords = Passwords()
    stack.callback(passwords.close)
    tokens = Tokens(settings.secret_key, settings.access_token_minutes)
    members, link = MemberService(core.uow), files.links.link
    sessions = Sessions(db, accounts, members, passwords, tokens, Cookies(settings.public_url), settings, bus)
    importer = Importer(db, services.imports, core.outbound)
    printer = AppPrinter(settings.public_url, files.links.link)
    add = registry.add
    add(SetupServicer(db, accounts, sessions, passwords, VERSION), session_pb2, session_grpc, "SetupService")
    add(SessionServicer(sessions), session_pb2, session_grpc, "SessionService")
    add(AccountServicer(db, accounts, sessions, passwords, bus, link), session_pb2, session_grpc, "AccountService")
    add(WorkspaceServicer(db, accounts, sessions, bus), session_pb2, session_grpc, "WorkspaceService")
    add(MemberServicer(db, members, bus, settings.public_url, link), member_pb2, member_grpc, "MemberService")
    add(ActivationServicer(db, members, sessions, passwords, bus), member_pb2, member_grpc, "ActivationService")
    add(
        AppServicer(db, services.apps, services.imports, importer, printer, bus), app_pb2, app_grpc, "AppService"
    )
    add(ApiKeyServicer(db, services.keys, bus), app_pb2, app_grpc, "ApiKeyService")
    add_workflows(registry, core, services)
    views = Views(models.resolver)
    add(ModelProviderServicer(models.runtime, views), provider_pb2, provider_grpc, "ModelProviderService")
    return sessions


async def build_server(settings: Settings, stack: AsyncExitStack) -> tuple[grpc.aio.Server, Registry, Runs, AdminPort]:
    """A server with every RPC, not started, its runs and its admin port; everything is closed by ``stack``."""
    # First, to be closed last.
    await start_tracing(settings, stack, f"{socket.gethostname()}:{settings.server_port}")
    core = await build_core(settings, stack)
    models = build_models(settings, core.db, core.uow, core.bus, stack)
    files = build_files(core, stack)
    registry = Registry()
    knowledge = await build_knowledge(core, models, stack)
    workflows = add_service_api(registry, core, models, files, knowledge, stack)
    add_knowledge(registry, core, models, files, knowledge)
    sessions = add_console(registry, core, models, files, stack)
    add_tools(registry, core, workflows.tools)
    admin = add_ops(registry, core)
    add_triggers(registry, core, files, workflows)
    add_annotations(registry, core)
    add_extensions(registry, core)
    add_logs(registry, core, files)
    add_features(registry, core)
    audit = add_audit(registry, core)
    add_audio(registry, core, models, files)
    rates = Rates(core.redis, settings.rate_limit_key, settings.rate_limit_user)
    server = grpc.aio.server(
        interceptors=[Edge(rules_of(registry.services), core.access, sessions, core.passports, rates, audit)],
        options=_OPTIONS,
        maximum_concurrent_rpcs=settings.max_concurrent_rpcs,
    )
    registry.install(server)
    core.runs.spawn(token_counter.warm(), "load the tokenizer")
    core.runs.spawn(WorkerWatch(core.db, core.uow).run(), "look at the workers")
    return server, registry, core.runs, admin
