"""The page of invitations and logins, in headless Chromium, on a phone and on a desktop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.harness.product import PASSWORD, Product, Workspace
from tests.rest.parties import OtherWorkspace
from tests.rest.people import MEMBERS, log_in, new_email, profile

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone on which nobody has logged in; a fault of a script fails the test."""
    faults: list[str] = []
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        made = context.new_page()
        made.on("pageerror", lambda error: faults.append(str(error)))
        yield made
        assert not faults


@pytest.fixture
def home(product: Product, workspace: Workspace, model_url: str) -> OtherWorkspace:
    """A workspace of this test alone; ``workspace`` sets the instance up."""
    return OtherWorkspace(product, model_url)


def address(home: OtherWorkspace, email: str) -> str:
    """Where an invited person is sent."""
    body = {"emails": [email], "role": "editor"}
    made: Any = home.ok(home.console.post(f"{MEMBERS}/invite-email", json=body))
    return str(made["invitation_results"][0]["url"])


def test_invited_person_joins_in_a_browser(home: OtherWorkspace, page: Page, tmp_path: Path) -> None:
    email = new_email()
    page.goto(address(home, email))
    expect(page.get_by_text("Join other's Workspace")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value(email)
    page.get_by_label("Name").fill("Eve")
    page.get_by_label("Password").fill("short")
    page.screenshot(path=tmp_path / "activate.png")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("Password must contain letters and numbers")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("You are signed in to other's Workspace as editor.")).to_be_visible()
    assert page.url == f"{home.product.url}/signin", "the token does not stay in the address"
    assert profile(log_in(home.product.url, email))["name"] == "Eve"


def test_person_with_an_account_logs_in_to_join(
    home: OtherWorkspace, page: Page, product: Product, model_url: str
) -> None:
    there = OtherWorkspace(product, model_url)
    page.goto(address(home, there.email))
    expect(page.get_by_text("Sign in to join other's Workspace")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_hidden()
    page.get_by_label("Password").fill("Wr0ngpassword")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_have_text("Invalid email or password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("You are signed in to other's Workspace as editor.")).to_be_visible()


def test_address_that_was_used_says_so(home: OtherWorkspace, page: Page) -> None:
    page.goto(f"{home.product.url}/activate?token=used")
    expect(page.get_by_text("This invitation was used before, or is too old.")).to_be_visible()
    expect(page.get_by_role("button")).to_be_hidden()
    page.goto(f"{home.product.url}/signin")
    page.get_by_label("E-mail").fill(home.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("as owner.")).to_be_visible()


def test_page_that_asks_for_a_password_stands_in_no_frame(product: Product) -> None:
    for path in ("/activate?token=x", "/signin"):
        reply = httpx.get(f"{product.url}{path}")
        assert reply.status_code == 200
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
        assert (reply.headers["referrer-policy"], reply.headers["cache-control"]) == ("no-referrer", "no-store")
