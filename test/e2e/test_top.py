# SPDX-License-Identifier: Apache-2.0
"""fusescope top: its plain tables against the counting filesystem, its screen in a real terminal."""

import os
import re
import signal
import subprocess
import time

import pytest

from harness import AGENT, SGIO, wait_for

LIMITED = ("--max-write", "128K", "--max-read", "128K")
HEADER = re.compile(r"^\S+ \S+  (?P<seconds>[\d.]+) s  hooks .*  lost events \d+( \(and \d+ begun before top\))?$")


@pytest.fixture
def load(mount):
    """A limited mount, and a driver that reads from it in calls of eight requests."""
    filesystem = mount(*LIMITED)
    driver = subprocess.Popen([SGIO, "--duration", "100", "--pause-us", "2000", "--direct",
                               filesystem.path()], stdout=subprocess.DEVNULL)
    yield filesystem, driver
    if driver.poll() is None:
        driver.kill()
    driver.wait()


def tables(text):
    """(seconds, rows by their first cell) of each refresh of a plain output."""
    found = []
    for block in filter(None, text.strip().split("\n\n")):
        lines = block.splitlines()
        seconds = float(HEADER.match(lines[0])["seconds"])
        titles = re.split(r"\s{2,}", lines[1].strip())
        rows = [dict(zip(titles, re.split(r"\s{2,}", line.strip()))) for line in lines[2:]]
        found.append((seconds, rows))
    return found


def requests_in(rows, seconds, **wanted):
    return sum(float(row["REQ/s"]) * seconds for row in rows
               if row["REQ/s"] != "-" and all(row[k] == v for k, v in wanted.items()))


@pytest.mark.parametrize("view", [[], ["-p"]], ids=["mounts", "processes"])
def test_plain_tables_agree_with_the_filesystem(mount, view):
    filesystem = mount(*LIMITED)
    top = subprocess.Popen([AGENT, "top", "-d", "0.5", *view], stdout=subprocess.PIPE, text=True)
    first = top.stdout.readline()  # its hooks are attached
    before = filesystem.counts("read")["requests"]
    with subprocess.Popen([SGIO, "--calls", "64", "--pause-us", "2000", "--direct",
                           filesystem.path()], stdout=subprocess.DEVNULL) as driver:
        assert driver.wait(60) == 0
    time.sleep(1.5)
    counted = filesystem.counts("read")["requests"] - before
    top.send_signal(signal.SIGTERM)
    text = first + top.stdout.read()
    assert top.wait(10) == 0
    assert "\x1b" not in text
    wanted = {"PID": str(driver.pid)} if view else {"MOUNT": filesystem.label}
    seen = sum(requests_in(rows, seconds, **wanted) for seconds, rows in tables(text))
    assert counted == 512
    assert counted <= seen + 1 and seen <= counted + 20, "besides, open, flush and the like"
    busiest = max((row for _, rows in tables(text) for row in rows
                   if all(row[k] == v for k, v in wanted.items())),
                  key=lambda row: float(row["REQ/s"].replace("-", "0")))
    assert busiest["VERDICT"] == "limited max_read" or busiest["VERDICT"] == "limited max_pages"
    assert busiest["REQ/CALL"] == "8.0"


def test_ends_after_its_refreshes(mount):
    """Not after the second that is usual; a machine that is busy may delay some of them."""
    mount()
    done = subprocess.run([AGENT, "top", "-n", "4", "-d", "0.3"], stdout=subprocess.PIPE, text=True,
                          timeout=60, check=True)
    intervals = [seconds for seconds, _ in tables(done.stdout)]
    assert len(intervals) == 4 and 0.25 < min(intervals) < 0.75


@pytest.mark.parametrize("args", [["-d", "0.1"], ["-d", "61"], ["-n", "0"], ["--hooks", "x"]])
def test_refuses_what_it_cannot_do(args):
    done = subprocess.run([AGENT, "top", *args], capture_output=True, text=True, check=False,
                          timeout=20)
    assert done.returncode == 2 and "see 'fusescope top --help'" in done.stderr


class Terminal:
    """A terminal of tmux, with a server of its own."""

    def __init__(self, command, width=120, height=30, environment=""):
        self.socket = f"fusescope-{os.getpid()}-{time.monotonic_ns()}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                  f"export LC_ALL=C.UTF-8 {environment}; {command}; echo EXIT=$?; stty -a; cat")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-L", self.socket, *args], stdout=subprocess.PIPE,
                              text=True, check=True).stdout

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, pattern, timeout=20.0):
        return wait_for(lambda: re.search(pattern, self.screen(), re.M), pattern, timeout)

    def stop(self):
        self.tmux("kill-server")


@pytest.fixture
def terminal():
    started = []

    def start(command=f"{AGENT} top -d 0.3", **options):
        started.append(Terminal(command, **options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def test_screen_answers_to_its_keys(load, terminal):
    filesystem, driver = load
    screen = terminal()
    name = re.escape(filesystem.label[-10:])
    screen.shows(rf"^\S*{name} +split +\S+ +\d+ +limited max_\w+ .* 8\.0 ")
    screen.shows("What to do: ")
    screen.press("p")
    screen.shows(rf"^ +{driver.pid} sgio .*limited max_\w+ .* 8\.0( |$)")
    screen.press("r")
    screen.shows(r"REQ/sv")
    screen.press("R")
    screen.shows(r"REQ/s\^")
    screen.press("h")
    screen.shows("fusescope top: keys")
    screen.press("x", " ")
    screen.shows("PAUSED")
    before = screen.screen()
    time.sleep(1)
    assert screen.screen() == before
    screen.press(" ")
    wait_for(lambda: "PAUSED" not in screen.screen(), "going on")
    for width, height in ((80, 24), (20, 4), (2, 1), (120, 30)):
        screen.tmux("resize-window", "-x", str(width), "-y", str(height))
        time.sleep(0.5)
    screen.shows(r"^fusescope top ")
    screen.press("q")
    screen.shows("EXIT=0")
    screen.shows(" echo ")


@pytest.mark.parametrize("kind", ["TERM=nosuch", "TERM=", "TERM=dumb"])
def test_a_terminal_it_cannot_draw_on_gets_plain_tables(load, terminal, kind):
    screen = terminal(f"{AGENT} top -n 1", environment=kind)
    screen.shows("plain tables instead")
    screen.shows("^  MOUNT +STATE +OLDEST ")
    screen.shows("EXIT=0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(load, terminal, number):
    """And where NO_COLOR is set, it had no colours."""
    filesystem, _ = load
    screen = terminal(environment="NO_COLOR=1")
    screen.shows(rf"^\S*{re.escape(filesystem.label[-10:])} +split ")
    assert not re.search(r"\x1b\[(?:\d+;)*3[0-7]m", screen.tmux("capture-pane", "-p", "-e"))
    pane = screen.tmux("list-panes", "-F", "#{pane_pid}").strip()
    child = subprocess.run(["ps", "-o", "pid=", "--ppid", pane], stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    os.kill(int(child), number)
    screen.shows("EXIT=0")
    screen.shows(" echo ")
