"""The site in a real browser: search, sort, click through to a job; no error, and no word of a library that runs.

It needs Chromium with its driver, and the package `selenium`; `make soak` runs it where they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

pytestmark = [pytest.mark.soak, pytest.mark.slow]


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("there is no chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    width, height = request.param
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield driver
    driver.quit()


def rows(browser: Any) -> list[Any]:
    return list(browser.find_elements("css selector", "tbody tr"))


def words(browser: Any, column: str) -> list[str]:
    return [cell.text.split("\n")[-1] for cell in browser.find_elements("css selector", f'td[data-name="{column}"]')]


def test_search_sort_and_click_through_to_a_job(hostile: ConfigLibrary, tmp_path: Path, browser: Any) -> None:
    site = tmp_path / "site"
    hostile.report(site, against="HEAD~2", tvm="hhb-tvm==0.16.dev0")
    browser.get((site / "workloads.html").as_uri())
    assert len(rows(browser)) == 7
    browser.find_element("css selector", "input[type=search]").send_keys("IMG src")
    assert len(rows(browser)) == 1
    assert browser.find_element("css selector", ".count").text == "1 of 7 configs"
    browser.get("about:blank")  # else it is the same page, scrolled to another place
    browser.get((site / "workloads.html").as_uri() + "#grade=stale")
    assert rows(browser) == []
    assert browser.find_element("css selector", ".nothing").text == "No config matches."
    browser.find_element("css selector", ".chip").click()
    assert len(rows(browser)) == 7

    browser.get((site / "jobs.html").as_uri())
    sort = "[...document.querySelectorAll('th button')].find((each) => each.textContent === 'trials').click()"
    browser.execute_script(sort)
    assert words(browser, "trials") == ["28", "8", "0"]
    browser.execute_script(sort)
    assert words(browser, "trials") == ["0", "8", "28"]
    assert browser.find_element("css selector", "th[aria-sort=ascending]") is not None
    browser.find_elements("css selector", "td.names a")[2].click()
    assert "/jobs/" in browser.current_url
    assert len(rows(browser)) == 7
    browser.find_element("css selector", "td.names a").click()
    assert "/workloads/" in browser.current_url


def test_every_page_draws_without_an_error_and_fits(hostile: ConfigLibrary, tmp_path: Path, browser: Any) -> None:
    site = tmp_path / "site"
    hostile.report(site, against="HEAD~2", tvm="hhb-tvm==0.16.dev0")
    drawn = 0
    for page in sorted(site.rglob("*.html")):
        browser.get(page.as_uri())
        charts = len(browser.find_elements("css selector", "[data-chart]"))
        if charts:
            done = "return document.querySelectorAll('[data-chart] svg path').length > 0"
            for _ in range(100):
                if browser.execute_script(done):
                    break
                browser.execute_async_script("setTimeout(arguments[0], 50)")
            assert browser.execute_script(done), page
            drawn += charts
        assert browser.get_log("browser") == [], page
        assert browser.title != "pwned", page
        width = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, page
    assert drawn >= 8
