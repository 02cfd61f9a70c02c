"""Knowledge over REST: Envoy, two server processes, a worker, PostgreSQL and Valkey are real; models are loopback doubles.

The product of these fixtures is shared by the session, so nothing may be killed here, and a test makes its own datasets.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.extension_server import ExtensionServer
from tests.doubles.external_server import ExternalServer
from tests.doubles.loopback import in_thread
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.rerank_server import RerankServer
from tests.harness.product import Product, Workspace
from tests.harness.stores import DataStores
from tests.rest.knowledge import Knowledge


@pytest.fixture(scope="session")
def knowledge_product(stores: DataStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with a worker, which may call addresses on loopback."""
    folder = tmp_path_factory.mktemp("knowledge")
    settings = {"index_attempts": "2", "segments_per_request": "50", "outbound_allow": "127.0.0.0/8"}
    with Product(
        stores.postgres_url(), stores.redis_url(), folder, servers=2, worker=True, settings=settings
    ) as running:
        yield running


@pytest.fixture(scope="session")
def indexed(knowledge_product: Product, model_url: str) -> Knowledge:
    """A workspace whose documents are indexed, with an embedder."""
    made = Knowledge(Workspace(knowledge_product, model_url))
    made.add_embedder()
    return made


@pytest.fixture(scope="session")
def brain() -> Iterator[OpenAIServer]:
    """A model in this process: its script may change, and what it was asked can be read."""
    with in_thread(OpenAIServer()) as double:
        yield double


@pytest.fixture(scope="session")
def ranker() -> Iterator[RerankServer]:
    """A rerank model in this process."""
    with in_thread(RerankServer()) as double:
        yield double


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[ExternalServer]:
    """An API of external knowledge in this process."""
    with in_thread(ExternalServer()) as double:
        yield double


@pytest.fixture(scope="session")
def extension() -> Iterator[ExtensionServer]:
    """An API-based extension in this process; ``forget`` what others scripted."""
    with in_thread(ExtensionServer()) as double:
        yield double
