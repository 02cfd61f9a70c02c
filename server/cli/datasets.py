"""`transom dataset`: push folders into datasets, list and search them, over the Dataset API of any server."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from server.cli.admin import explained, run, table
from server.cli.environment import connected_settings
from server.ingest.extract import SUPPORTED_EXTENSIONS

if TYPE_CHECKING:
    from server.bootstrap import Admin
    from server.kit.caller import Caller

T = TypeVar("T")
_KEY_VARIABLE = "DATASET_KEY"
_RULE = {"mode": "automatic"}
_POLL_SECONDS = 0.5
_PAGE = 100
_SHOWN = 160
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')

_url = click.option("--url", metavar="URL", help="Address of the server.  [default: the product on this machine]")
_key = click.option(
    "--key", metavar="KEY", envvar=_KEY_VARIABLE,
    help=f"Dataset key.  [env: {_KEY_VARIABLE}; default: one of the product on this machine]",
)


class Api:
    """The Dataset API of one server."""

    def __init__(self, session: Any, url: str) -> None:
        self._session = session
        self._url = f"{url.rstrip('/')}/v1"

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a good reply. Raises ClickException with the server's words."""
        async with self._session.request(method, self._url + path, **options) as reply:
            body = await reply.read()
            if reply.status >= 400:
                raise click.ClickException(_words(reply.status, body))
            return json.loads(body) if body else None


def _words(status: int, body: bytes) -> str:
    try:
        found = json.loads(body)
        return f"{found['code']}: {found['message']}"
    except (ValueError, KeyError, TypeError):
        return f"the server answered {status}: {body[:200].decode(errors='replace')}"


def _with_api(url: str | None, key: str | None, work: Callable[[Api], Awaitable[T]]) -> T:
    address = url or connected_settings().public_url
    token = key or run(_own_key, None)

    async def inside() -> T:
        import aiohttp

        headers = {"Authorization": f"Bearer {token}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=120)
        try:
            async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
                return await work(Api(session, address))
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise click.ClickException(f"no answer from {address}: {error}; is `transom up` running?") from None

    return explained(inside)


async def _own_key(admin: Admin, caller: Caller) -> str:
    """A dataset key of the workspace, made when it has none."""
    for owned in await admin.db(admin.services.keys.every, caller):
        if owned.app_id is None:
            return owned.key.token
    return (await admin.db(admin.services.keys.create, caller, None)).token


@click.group()
def dataset() -> None:
    """Push folders into datasets, list and search them."""


@dataset.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--dataset", "name", required=True, metavar="NAME", help="Name of the dataset; made when there is none.")
@click.option("--technique", type=click.Choice(["high_quality", "economy"]), default="high_quality", show_default=True,
              help="Index of a new dataset: by meaning and words, or by keywords.")
@click.option("--at-once", type=click.IntRange(1, 32), default=4, show_default=True, help="Uploads at a time.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until everything is indexed.")
@_url
@_key
def push(
    folder: Path, name: str, technique: str, at_once: int, url: str | None, key: str | None, *, wait: bool
) -> None:
    """Push FOLDER, or one file, into a dataset, and show how far indexing is.

    A file that was pushed before under the same name replaces its document. Exit status 1 when any file failed.
    """
    files = list(_files(folder))
    if not files:
        known = ", ".join(sorted(SUPPORTED_EXTENSIONS))
        raise click.ClickException(f"{folder} holds no file of a known type ({known})")
    shown = {file: _document_name(folder, file) for file in files}
    failed = _with_api(url, key, lambda api: _push(api, shown, name, technique, at_once, wait=wait))
    for file, reason in failed:
        click.echo(f"failed: {file}: {reason}", err=True)
    if failed:
        raise SystemExit(1)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.rpartition(".")[2].lower() in SUPPORTED_EXTENSIONS:
                yield Path(root) / name


def _document_name(folder: Path, file: Path) -> str:
    """The path below the folder, as document names may be (dataset-api.md 3.5): what may not stand there is ``_``."""
    relative = file.name if file == folder else str(file.relative_to(folder))
    readable = relative.encode(errors="replace").decode()
    return _NOT_IN_NAMES.sub("_", readable.replace(os.sep, " - "))


async def _push(
    api: Api, files: Mapping[Path, str], name: str, technique: str, at_once: int, *, wait: bool
) -> list[tuple[str, str]]:
    dataset_id = await _dataset(api, name) or (await api.call("POST", "/datasets", json={"name": name}))["id"]
    failed: list[tuple[str, str]] = []
    pushed: set[str] = set()
    gate = asyncio.Semaphore(at_once)
    with click.progressbar(length=len(files), label="uploading") as bar:

        async def one(file: Path) -> None:
            async with gate:
                try:
                    pushed.add(await _upload(api, dataset_id, file, files[file], technique))
                except click.ClickException as error:
                    failed.append((files[file], error.message))
                bar.update(1)

        # The first one decides about the dataset; the others find it decided.
        first, *others = files
        await one(first)
        await asyncio.gather(*(one(file) for file in others))
    if wait and pushed:
        failed += await _wait(api, dataset_id, pushed)
    click.echo(f"{len(pushed)} documents in dataset {name} ({dataset_id})")
    return failed


async def _dataset(api: Api, name: str) -> str | None:
    page = 1
    while True:
        found = await api.call("GET", "/datasets", params={"keyword": name, "limit": _PAGE, "page": page})
        for one in found["data"]:
            if one["name"] == name:
                return str(one["id"])
        if not found["has_more"]:
            return None
        page += 1


def _opened(file: Path) -> BinaryIO:
    """By descriptor: aiohttp reads the name of an opened path, and fails at one that is not UTF-8."""
    return os.fdopen(os.open(file, os.O_RDONLY), "rb")


async def _upload(api: Api, dataset_id: str, file: Path, name: str, technique: str) -> str:
    import aiohttp

    # Quoted, a name would be stored with its %20.
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("data", json.dumps({"indexing_technique": technique, "process_rule": _RULE}))
    with _opened(file) as opened:
        form.add_field("file", opened, filename=name, content_type="application/octet-stream")
        made = await api.call("POST", f"/datasets/{dataset_id}/document/create-by-file", data=form)
    return str(made["document"]["id"])


async def _wait(api: Api, dataset_id: str, wanted: set[str]) -> list[tuple[str, str]]:
    failed: list[tuple[str, str]] = []
    with click.progressbar(length=len(wanted), label="indexing ") as bar:
        done: set[str] = set()
        while len(done) < len(wanted):
            async for document in _documents(api, dataset_id):
                key, state = document["id"], document["indexing_status"]
                if key in wanted and key not in done and state in {"completed", "error"}:
                    done.add(key)
                    bar.update(1)
                    if state == "error":
                        failed.append((document["name"], document["error"] or "no reason given"))
            await asyncio.sleep(_POLL_SECONDS)
    return failed


async def _documents(api: Api, dataset_id: str) -> Any:
    page = 1
    while True:
        found = await api.call("GET", f"/datasets/{dataset_id}/documents", params={"limit": _PAGE, "page": page})
        for document in found["data"]:
            yield document
        if not found["has_more"]:
            return
        page += 1


@dataset.command("list")
@_url
@_key
def list_datasets(url: str | None, key: str | None) -> None:
    """List datasets: id, name, technique, documents, those that can be searched."""

    async def work(api: Api) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        page = 1
        while True:
            found = await api.call("GET", "/datasets", params={"limit": _PAGE, "page": page, "include_all": "true"})
            rows += [
                (
                    one["id"], one["name"], one["indexing_technique"] or "-", str(one["total_documents"]),
                    str(one["total_available_documents"]),
                )
                for one in found["data"]
            ]
            if not found["has_more"]:
                return rows
            page += 1

    table([("ID", "NAME", "TECHNIQUE", "DOCUMENTS", "AVAILABLE"), *_with_api(url, key, work)])


@dataset.command()
@click.argument("name", metavar="NAME")
@click.argument("query", metavar="QUERY")
@click.option("--method", type=click.Choice(["semantic_search", "full_text_search", "hybrid_search"]),
              default="hybrid_search", show_default=True, help="How to search a dataset of high quality.")
@click.option("--top-k", type=click.IntRange(1, 100), default=5, show_default=True, help="Most results.")
@_url
@_key
def search(name: str, query: str, method: str, top_k: int, url: str | None, key: str | None) -> None:
    """Search the dataset NAME and show scores, documents and the beginning of each segment."""
    model = {
        "search_method": method, "reranking_enable": False, "top_k": top_k, "score_threshold_enabled": False,
        "reranking_mode": "weighted_score",
        "weights": {"vector_setting": {"vector_weight": 0.7}, "keyword_setting": {"keyword_weight": 0.3}},
    }

    async def work(api: Api) -> Any:
        dataset_id = await _dataset(api, name)
        if dataset_id is None:
            raise click.ClickException(f"there is no dataset {name}")
        return await api.call(
            "POST", f"/datasets/{dataset_id}/retrieve",
            json={"query": query, "retrieval_model": model, "explain": True},
        )

    found = _with_api(url, key, work)
    for record in found["records"]:
        text = " ".join(record["segment"]["content"].split())
        click.echo(f"{record['score']:.3f}  {record['segment']['document']['name']}: {text[:_SHOWN]}")
    spent = Counter({stage["name"]: stage["milliseconds"] for stage in found["explanation"]["stages"]})
    click.echo(" ".join(f"{stage} {ms:.0f} ms" for stage, ms in spent.items()), err=True)
