"""`transom up` with everything real: PostgreSQL, Valkey, servers, worker, packaged model, Envoy. One product a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded.running import Embedded


@pytest.fixture(scope="module")
def up() -> Iterator[Embedded]:
    """A product of this module with its demo; started."""
    with Embedded() as product:
        product.start()
        yield product
