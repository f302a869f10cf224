# SPDX-License-Identifier: Apache-2.0
"""The live page, as a person sees it: headless Chromium against a running agent. With
FUSESCOPE_SCREENSHOT=FILE.png the picture of the documentation is taken as well."""

import contextlib
import gzip
import http.client
import json
import os
import re
import subprocess
import tempfile

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness import SGIO, Agent, Countfs, end, sgio, wait_for

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1280,720")
HOSTILE = "<img src=x onerror=document.title='hurt'>"


# Answers in place of the agent's, for what a test cannot bring about: window.answer is the text of
# the JSON, or {status, text}; null: nobody answers.
STUB = """
window.fetch = async () => {
  if (window.answer === null) throw new TypeError("nobody is there");
  return typeof window.answer === "string" ? new Response(window.answer)
    : new Response(window.answer.text, { status: window.answer.status });
};
"""


def ask(agent, path="/api/mounts", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    return response, response.read()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """An agent of its own, a mount that merges, one that splits, one with a hostile name; load."""
    directory = tmp_path_factory.mktemp("page")
    with contextlib.ExitStack() as stack:
        agent = Agent(log=directory / "agent.log")
        stack.callback(agent.stop)
        mounts = {}
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="page-"))  # a short path
        for name, options in (("merging", ()), ("splitting", ("--max-pages", "32")),
                              (HOSTILE, ())):
            (directory / name).mkdir()
            mounts[name] = Countfs(directory / name, *options, mountpoint=f"{place}/{name}")
            stack.callback(mounts[name].stop)
        for name in ("merging", "splitting"):
            load = subprocess.Popen([SGIO, "--duration", "300", "--direct", "--pause-us", "2000",
                                     mounts[name].path()], stdout=subprocess.DEVNULL)
            stack.callback(end, load)
        yield agent, mounts


@pytest.fixture
def page(browser, watched):
    """The page, once the rates are there. The host may have other mounts as well."""
    agent, mounts = watched
    browser.set_window_size(1280, 720)
    browser.get(agent.url + "/")
    labels = {mount.label for mount in mounts.values()}
    wait_for(lambda: labels <= set(rows(browser)) and not any(
        "measuring" in rows(browser)[label].text for label in labels), "rates")
    yield browser
    problems = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not [entry for entry in problems if "ERR_CONNECTION_REFUSED" not in entry["message"]]


@pytest.fixture
def stubbed(browser, watched):
    """answer(x): the page, answered so."""
    agent, _ = watched
    stub = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument",
                                   {"source": f"window.answer = null; {STUB}"})

    def answer(what):
        browser.execute_script("window.answer = arguments[0]",
                               json.dumps(what) if "mounts" in (what or {}) else what)

    browser.get(agent.url + "/")
    yield answer
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", stub)
    browser.get("about:blank")


def report(*mounts, **others):
    """What the agent would answer: see docs/json.md."""
    return {"window_seconds": None, "waiting": None, "roles": [], "lost": {}, "host_max_pages": 256,
            "mounts": list(mounts), **others}


def is_stale(browser):
    return browser.execute_script("return document.body.classList.contains('stale')")


@contextlib.contextmanager
def phone(browser):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def overflow(browser):
    """By how many pixels the page is wider than the window."""
    return browser.execute_script(
        "const e = document.documentElement; return e.scrollWidth - e.clientWidth")


def body(browser):
    return browser.find_element(By.TAG_NAME, "body").text


def rows(browser):
    """The row of the table for each mount. Those of others may be gone meanwhile."""
    found = {}
    for row in browser.find_elements(By.CSS_SELECTOR, "tbody.mount"):
        with contextlib.suppress(StaleElementReferenceException):
            found[row.find_element(By.TAG_NAME, "button").text] = row
    return found


def row_of(browser, mount):
    return rows(browser)[mount.label]


def numbers(row):
    return [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td.number")]


def test_says_what_is_split_why_and_what_to_change(page, watched):
    _, mounts = watched
    splitting_label = mounts["splitting"].label
    splitting = rows(page)[splitting_label]
    assert "limited" in splitting.text and "max_pages" in splitting.text
    assert "max_pages=256" in splitting.text and "What to change" in splitting.text
    assert "max_pages is 32" in splitting.text
    assert numbers(splitting)[0] == "8.0"
    merging = row_of(page, mounts["merging"])
    assert "ok" in merging.text and "What to change" not in merging.text
    assert numbers(merging)[0] == "1.0"
    assert float(numbers(merging)[1]) > 1
    order = list(rows(page))
    assert order.index(splitting_label) < order.index(mounts["merging"].label), "the worst first"
    assert re.search(r"split now on \d+ of \d+ mounts", body(page))


def test_refreshes_itself(page, watched):
    _, mounts = watched
    before = numbers(row_of(page, mounts["splitting"]))
    wait_for(lambda: numbers(row_of(page, mounts["splitting"])) != before, "other rates")


def test_names_of_any_bytes_do_no_harm(page, watched):
    _, mounts = watched
    assert mounts[HOSTILE].label in rows(page)
    assert not page.find_elements(By.CSS_SELECTOR, "main img")
    assert page.title == "fusescope"


def test_by_keyboard(page, watched):
    _, mounts = watched
    row = row_of(page, mounts["splitting"])
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    for _ in range(len(rows(page))):
        focused = page.switch_to.active_element
        if focused.text == mounts["splitting"].label:
            break
        focused.send_keys(Keys.TAB)
    assert focused.text == mounts["splitting"].label
    assert focused.get_attribute("aria-expanded") == "false"
    focused.send_keys(Keys.ENTER)
    assert focused.get_attribute("aria-expanded") == "true"
    details = row.find_element(By.CSS_SELECTOR, "tr.details")
    assert details.is_displayed()
    assert "max_pages, at 128 KiB a request; then max_write at 1 MiB" in details.text
    before = numbers(row)
    wait_for(lambda: numbers(row) != before, "a refresh")
    assert page.switch_to.active_element == focused, "a refresh keeps the focus"
    assert details.is_displayed()


def test_on_a_phone(page):
    with phone(page):
        page.find_element(By.CSS_SELECTOR, "tbody.mount button").click()
        assert page.execute_script("return document.documentElement.clientWidth") == 390
        assert overflow(page) <= 0
        assert "Requests per call" in page.execute_script(
            "return getComputedStyle(document.querySelector('td.number'), '::before').content")


def test_to_a_screen_reader_it_is_a_table(page, watched):
    _, mounts = watched

    def names(role):
        tree = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [node["name"]["value"] for node in tree
                if not node["ignored"] and node["role"]["value"] == role]

    def check():
        assert any("FUSE mounts" in name for name in names("table"))
        assert names("columnheader") == ["Mount", "State", "Requests per call", "Calls/s",
                                         "Requests/s", "MiB/s", "Latency, p99", "Errors/s",
                                         "In flight", "Oldest"]
        headers = names("rowheader")
        assert any(mounts["splitting"].label in name for name in headers) and len(headers) >= 3
        assert len(names("cell")) >= 6 * len(headers)
    check()
    with phone(page):
        check()


def test_dark_and_light(page):
    grounds = set()
    for scheme in ("light", "dark"):
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        grounds.add(page.execute_script("return getComputedStyle(document.body).backgroundColor"))
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(grounds) == 2


def test_asks_nobody_but_the_agent(page, watched):
    agent, _ = watched
    asked = set()
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.add(message["params"]["request"]["url"])
    asked = {url for url in asked if not url.startswith("chrome://")}  # its own first tab
    foreign = [url for url in asked if not url.startswith((agent.url, "data:"))]
    assert asked and not foreign


def test_picture(page, watched, tmp_path):
    _, mounts = watched
    page.set_window_size(1280, 1100)
    file = os.environ.get("FUSESCOPE_SCREENSHOT") or str(tmp_path / "page.png")
    row_of(page, mounts["splitting"]).find_element(By.TAG_NAME, "button").click()
    assert page.save_screenshot(file)
    assert os.path.getsize(file) > 10_000


def test_says_when_the_agent_is_gone(browser, tmp_path):
    agent = Agent(log=tmp_path / "agent.log")
    browser.get(agent.url + "/")
    wait_for(lambda: "split now" in body(browser) or "No FUSE" in body(browser), "the first answer")
    assert not is_stale(browser)
    assert agent.stop() == 0
    wait_for(lambda: "does not answer" in body(browser), "the page to notice")
    assert is_stale(browser)
    assert "What is shown is of " in body(browser), "since when"
    browser.get("about:blank")
    browser.get_log("browser")


def test_says_what_is_wrong_and_recovers(browser, stubbed):
    wait_for(lambda: "does not answer (nobody is there)" in body(browser), "no answer")
    assert "What is shown" not in body(browser), "nothing is shown yet"
    stubbed({"status": 500, "text": "read the map counters: Operation not permitted\n"})
    wait_for(lambda: "status 500: read the map counters" in body(browser), "the reason")
    assert is_stale(browser)
    stubbed(report())
    wait_for(lambda: "No FUSE filesystem is mounted" in body(browser), "an answer")
    assert not is_stale(browser)
    assert not browser.find_element(By.ID, "mounts").is_displayed()
    with phone(browser):
        assert not browser.find_element(By.ID, "mounts").is_displayed()
    stubbed(report(waiting="waiting for FUSE: its module is not loaded"))
    wait_for(lambda: "waiting for FUSE" in body(browser), "what it waits for")


def test_says_what_is_not_seen(browser, stubbed):
    missing = {"role": "call", "state": "missing", "unseen": "I/O calls"}
    stubbed(report(roles=[missing]))
    notices = browser.find_element(By.ID, "notices")
    wait_for(lambda: "What is not seen here (1)" in notices.text, "the notice")
    assert "I/O calls" not in notices.text, "what is always so is folded"
    stubbed(report(roles=[missing], lost={"inflight_full": 7}))
    wait_for(lambda: "7 inflight_full" in notices.text, "the loss, unfolded")
    assert "Events were lost" in notices.text
    assert 'Hook for "call" (missing): not seen: I/O calls.' in notices.text


def test_what_hangs_is_red_and_first(browser, stubbed, watched):
    mount = {**json.loads(ask(watched[0])[1])["mounts"][0], "window_seconds": None}
    hung = {"state": "hung", "state_rank": 6, "state_detail": "1 request without a reply",
            "state_also": ["split"], "oldest_seconds": 12.3, "oldest_is_older": True}
    stubbed(report({**mount, "mountpoint": "/a", "window_seconds": 2.0},
                   {**mount, "mountpoint": "/z", **hung}, window_seconds=2.0))
    wait_for(lambda: list(rows(browser)) == ["/z", "/a"], "what hangs, first")
    row = rows(browser)["/z"]
    assert "\u2715 hung" in row.text and "1 request without a reply; also split" in row.text
    assert numbers(row)[-1] == "> 12 s"
    word = row.find_element(By.CSS_SELECTOR, ".state")
    red, green, blue = map(int, re.findall(r"\d+", word.value_of_css_property("color"))[:3])
    assert red > 2 * green and red > 2 * blue
    assert "1 of 2 mounts hangs." in body(browser)


def test_long_names_do_not_widen_it(browser, stubbed, watched):
    mount = json.loads(ask(watched[0])[1])["mounts"][0]
    stubbed(report({**mount, "mountpoint": "/" + "n" * 400, "source": "s" * 400}))
    wait_for(lambda: rows(browser), "the mount")
    assert overflow(browser) <= 0
    with phone(browser):
        assert overflow(browser) <= 0


def test_every_route_of_the_page(tmp_path):
    """HEAD, gzip, policy and caching; and a path of the metrics that is not the usual one."""
    agent = Agent("--web.telemetry-path=/other", log=tmp_path / "agent.log")
    try:
        for path in ("/", "/page.css", "/page.js"):
            response, text = ask(agent, path)
            assert response.status == 200 and text
            assert response.getheader("Content-Security-Policy").startswith("default-src 'none'")
            packed, small = ask(agent, path, **{"Accept-Encoding": "gzip"})
            assert packed.getheader("Content-Encoding") == "gzip"
            assert gzip.decompress(small) == text
            assert ask(agent, path, "HEAD")[1] == b""
        assert b'href="/other"' in ask(agent, "/")[1]
        response, text = ask(agent, "/api/mounts", "HEAD")
        assert response.status == 200 and response.getheader("Cache-Control") == "no-store"
        _, text = ask(agent, "/other")
        for handler, count in (("page", 9), ("mounts", 1)):
            line = f'fusescope_http_requests_total{{handler="{handler}",code="200"}} '
            found = [each for each in text.decode().splitlines() if each.startswith(line)]
            assert found and float(found[0].removeprefix(line)) >= count
        assert ask(agent, "/metrics")[0].status == 404
    finally:
        assert agent.stop() == 0


def test_data_of_the_page(agent, mount):
    filesystem = mount("--max-pages", "32")
    ask(agent)
    sgio(filesystem.path(), "--direct")

    def split():
        response, text = ask(agent)
        assert response.status == 200
        assert response.getheader("Cache-Control") == "no-store"
        found = [m for m in json.loads(text)["mounts"] if m["mountpoint"] == filesystem.label]
        return found and found[0]["since_start"]["calls"] and found[0]
    seen = wait_for(split, "the call on the page")
    assert seen["since_start"]["calls"][0]["requests"] == 8
    assert seen["since_start"]["cause"] == "max_pages"
    assert seen["limits"]["max_pages"] == 32


def test_looking_takes_nothing_from_a_scrape(agent, mount):
    """A mount that is gone is shown to Prometheus once more, however often a page looked."""
    filesystem = mount()
    sgio(filesystem.path(), "--direct")
    wait_for(lambda: agent.scrape().maybe("fuse_io_requests_count",
                                          mountpoint=filesystem.label) == 1, "the call")
    assert filesystem.stop() == 0

    def is_gone():
        return all(m["mountpoint"] != filesystem.label for m in json.loads(ask(agent)[1])["mounts"])
    wait_for(is_gone, "the page without the mount")
    labels = {"mountpoint": filesystem.label}
    assert agent.scrape().total("fuse_io_requests_count", **labels) == 1
    assert not agent.scrape().select("fuse_io_requests_count", **labels)
