"""The frame of every page holds in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", ["/login", "/no-such-page"])
def test_frame_has_no_fault_that_a_browser_or_axe_can_see(
    window: Callable[..., Any], size: tuple[int, int], path: str
) -> None:
    """W1, R-P14: nothing from other hosts, nothing refused by the policy."""
    opened = window(size)
    opened.open(path)
    opened.check()


def test_page_works_without_javascript(window: Callable[..., Any]) -> None:
    opened = window(javascript=False)
    page = opened.open("/login")
    assert page.locator("h1").count() == 1
    assert page.locator("form input[name=csrf_token]").count() >= 1
