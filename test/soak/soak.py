# SPDX-License-Identifier: Apache-2.0
"""One soak, from its stage to its report."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import report
from actors import Actor, mount_actors
from clients import SERVER, Configs, client_actors
from harness import AGENT, ROOT, wait_for
from mount_tables import table_holder
from scraper import ScraperProcess
from stage import Stage
from trend import quantile
from verdict import Outcome, judge
from waiting_io import connections
from watch import look
from web import Authority, GuardedAgent

INTERVAL = 3      # seconds between two samples
SHOWN = 20        # between two lines of progress, where the output is no terminal
LAST_SHOWN = 3    # until what has gone was shown once more
ENDING = 90       # that all actors may take to end
LAST_CLOSED = 30  # and the connections of their clients
MIB = 1024        # KiB


def reloads_on_hangup():
    """Whether the unit reloads the agent by it; before, SIGHUP ends it."""
    return "ExecReload" in (ROOT / "deploy/systemd/fusescope.service").read_text(encoding="utf-8")


def give_to_owner(directory):
    """What is written belongs to the owner of the checkout, who is not root."""
    owner = os.stat(ROOT)
    for path in (directory, *directory.iterdir()):
        os.chown(path, owner.st_uid, owner.st_gid)


class Soak:
    def __init__(self, options):
        self.options = options
        self.samples, self.rows = [], []
        self.shown = 0.0
        options.output.mkdir(parents=True, exist_ok=True)
        self.lines = open(options.output / report.LINES, "w", encoding="utf-8")

    def write(self, kind, **fields):
        self.lines.write(json.dumps({"kind": kind, **fields}) + "\n")
        self.lines.flush()

    def run(self):
        """Whether all holds."""
        with contextlib.ExitStack() as stack:
            directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
            stack.enter_context(table_holder(directory / "tables", self.options.table,
                                             self.options.namespaces))
            control = stack.enter_context(connections())
            configs = Configs(Authority(directory))
            agent = GuardedAgent(directory, SERVER)
            stack.callback(shutil.copy, directory / "agent.log", self.options.output)
            stage = Stage(directory, agent, configs.client(), control, self.options.seed)
            stack.callback(self.clear, stage)
            scraper = ScraperProcess(agent.port, stage.tls, self.options.rate, str(directory))
            stack.callback(scraper.kill)
            outcome = self.play(stage, configs, scraper)
        return self.conclude(outcome)

    def clear(self, stage):
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        stage.interrupted = True
        stage.stopping.set()
        stage.clear()
        if stage.agent.process.poll() is None:
            stage.agent.stop()

    def play(self, stage, configs, scraper):
        options, process = self.options, stage.agent.process
        if options.descriptors:
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (options.descriptors,) * 2)
        wait_for(lambda: self.rows.extend(scraper.rows()) or len(self.rows) > 3, "scrapes", 60)
        before = look(process.pid)
        self.begin, self.cpu = time.monotonic(), before["cpu_seconds"]
        self.write("run", **self.head(stage))
        acts = mount_actors(options.threads, options.churners) | \
            client_actors(configs, reloads_on_hangup())
        actors = [Actor(stage, name, act) for name, act in acts.items()
                  if re.search(options.only or "", name)]
        for actor in actors:
            actor.start()
        self.watch(stage, scraper, actors)
        self.end_actors(stage, scraper, actors)
        self.rest(scraper, lambda: False, LAST_SHOWN)
        after = self.at_rest(scraper, process, before["descriptors"])
        rows, told = scraper.stop()
        self.rows += rows
        alive = process.poll() is None
        return Outcome(
            samples=self.samples, rows=self.rows,
            wrong_accounts=stage.ledger.wrong(told), unnamed=stage.ledger.unnamed(told),
            totals=stage.ledger.totals(told),
            actors={actor.name: actor.done for actor in actors},
            errors=[f"{actor.name}: {actor.error}" for actor in actors if actor.error],
            descriptors=(before["descriptors"], after),
            exit_code=stage.agent.stop() if alive else None)

    def head(self, stage):
        version = subprocess.run([AGENT, "--version"], capture_output=True, text=True, check=True)
        log = (stage.directory / "agent.log").read_text(encoding="utf-8")
        return {"when": time.strftime("%Y-%m-%d"), "kernel": os.uname().release,
                "cpus": os.cpu_count(), "agent": version.stdout.strip(),
                "hooks": "tracepoints" if "tracepoint" in log else "functions",
                "minutes": self.options.minutes, "namespaces": self.options.namespaces,
                "table": self.options.table}

    def watch(self, stage, scraper, actors):
        """Samples until the time is over, or the agent or an actor has ended."""
        until = self.begin + 60 * self.options.minutes
        while time.monotonic() < until and stage.agent.process.poll() is None and \
                not any(actor.error for actor in actors):
            time.sleep(min(INTERVAL, max(0.1, until - time.monotonic())))
            rows = scraper.rows()
            self.rows += rows
            with contextlib.suppress(OSError):  # it may just have ended
                self.sample(stage, rows)
            self.show(stage)

    def sample(self, stage, rows):
        state = look(stage.agent.process.pid)
        now = time.monotonic() - self.begin
        last = self.samples[-1] if self.samples else {"at": 0, "cpu_seconds": self.cpu}
        seconds = [row["seconds"] for row in rows if "seconds" in row]
        sample = {"at": round(now, 3), **state, "requests": len(rows),
                  "failed": sum("failed" in row for row in rows),
                  "wrong": sum(bool(row.get("wrong")) for row in rows),
                  "filesystems": stage.ledger.servers,
                  "cpu_percent": round(100 * (state["cpu_seconds"] - last["cpu_seconds"]) /
                                       (now - last["at"]), 2)}
        if seconds:
            sample |= {"p50": quantile(seconds, 0.5), "p99": quantile(seconds, 0.99),
                       "longest": max(seconds)}
        for key in ("failed", "wrong"):
            if sample[key]:
                sample[f"what_{key}"] = [row[key] for row in rows if row.get(key)]
        for key in ("bytes", "series", "mounts"):
            values = [row[key] for row in rows if key in row]
            if values:
                sample[key] = max(values)
        self.samples.append(sample)
        self.write("sample", **sample)

    def show(self, stage):
        is_terminal = sys.stdout.isatty()
        now = time.monotonic() - self.begin
        if not self.samples or (not is_terminal and now - self.shown < SHOWN):
            return
        self.shown = now
        last = self.samples[-1]
        seconds = [row["seconds"] for row in self.rows if "seconds" in row]
        text = (f"{now / 60:.1f}/{self.options.minutes:g} min  RSS {last['rss_kib'] / MIB:.1f} MiB"
                f"  fds {last['descriptors']}  filesystems {stage.ledger.servers}"
                f"  scrapes {len(self.rows)}, p99 {quantile(seconds, 0.99) * 1000:.0f} ms,"
                f" failed {sum(s['failed'] for s in self.samples)},"
                f" wrong {sum(s['wrong'] for s in self.samples)}")
        print(f"\r\033[K{text[:100]}" if is_terminal else text, end="" if is_terminal else "\n",
              flush=True)

    def rest(self, scraper, condition, timeout):
        """Waits for it, while scrapes go on."""
        def is_over():
            self.rows += scraper.rows()
            return condition()

        with contextlib.suppress(AssertionError):
            wait_for(is_over, "rest", timeout)

    def end_actors(self, stage, scraper, actors):
        stage.stopping.set()
        self.rest(scraper, lambda: not any(actor.is_alive() for actor in actors), ENDING)
        for actor in actors:
            if actor.is_alive():
                actor.error = "did not end"

    def at_rest(self, scraper, process, wanted):
        """Descriptors when the connections of all clients have ended: old ones may take 15 s."""
        count = [wanted]

        def is_back():
            with contextlib.suppress(OSError):
                count[0] = look(process.pid)["descriptors"]
            return count[0] <= wanted or process.poll() is not None

        self.rest(scraper, is_back, LAST_CLOSED)
        return count[0]

    def conclude(self, outcome):
        checks = judge(outcome)
        last = self.samples[-1]
        requests = sum(sample["requests"] for sample in self.samples)
        self.write("result", checks=[dataclasses.asdict(check) for check in checks],
                   totals=outcome.totals, wrong_accounts=outcome.wrong_accounts,
                   unnamed=outcome.unnamed, rate=requests / last["at"],
                   cpu_percent=100 * (last["cpu_seconds"] - self.cpu) / last["at"])
        self.lines.close()
        report.write(self.options.output)
        give_to_owner(self.options.output)
        if sys.stdout.isatty():
            print("\r\033[K", end="")
        for check in checks:
            print(f"{'ok  ' if check.good else 'MISS'} {check.name}: {check.text}")
        print(f"report: {self.options.output / report.TEXT}")
        return all(check.good for check in checks)
