# SPDX-License-Identifier: Apache-2.0
"""What a soak must hold, and whether it did."""

import dataclasses

from trend import growth, quantile, second_half

# Memory is flat if the straight line through the second half of the samples rises by no more than
# this. What is remembered of 256 mounts that are gone has its full size by then (agent/model/ledger.h);
# beside it the heap breathes with each scrape. A leak of 10 KiB a second, the smallest that was ever
# found, is 0.9 MiB in the second half of three minutes, and 18 MiB in that of an hour.
MEMORY_GROWTH_KIB = 4 * 1024
# 256 connections (HttpOptions in agent/export/http_server.h) come and go, so that no line through the
# samples is straight. No more than these, and a few files of procfs and of web configs that are on
# their way out, may be open beside what was open before; and all of it is closed in the end.
CONNECTIONS = 256
PASSING_DESCRIPTORS = 24
# Prometheus gives a scrape 10 s; docs/security.md promises 1 s beside hostile clients.
P99_SECONDS = 1.0
LONGEST_SECONDS = 10.0


@dataclasses.dataclass
class Check:
    name: str
    good: bool
    text: str


@dataclasses.dataclass
class Outcome:
    """All that the checks are made of."""
    samples: list
    rows: list           # of each request of the scraper
    wrong_accounts: list  # as Ledger.wrong() and unnamed() have them
    unnamed: list
    totals: dict
    actors: dict         # acts by name
    errors: list         # what ended an actor
    descriptors: tuple   # before the actors came, and when they had gone
    exit_code: int       # of the agent, when it was told to end; None: it had ended before


def points(samples, key):
    return [(sample["at"], sample[key]) for sample in samples]


def check_memory(samples):
    grown = growth(second_half(points(samples, "rss_kib")))
    largest = max(sample["rss_kib"] for sample in samples)
    return Check("memory is flat", grown <= MEMORY_GROWTH_KIB,
                 f"largest {largest / 1024:.1f} MiB; {grown / 1024:+.1f} MiB in the second half "
                 f"(at most {MEMORY_GROWTH_KIB / 1024:.0f})")


def check_descriptors(outcome):
    before, after = outcome.descriptors
    most = before + CONNECTIONS + PASSING_DESCRIPTORS
    largest = max(sample["descriptors"] for sample in outcome.samples)
    return Check("descriptors are flat", after <= before and largest <= most,
                 f"{before} at the start, {after} at the end; {largest} beside {CONNECTIONS} "
                 f"connections (at most {most})")


def check_threads(samples):
    counts = [count for _, count in second_half(points(samples, "threads"))]
    return Check("threads are flat", max(counts) - min(counts) <= 1 and
                 growth(second_half(points(samples, "threads"))) < 1,
                 f"{min(counts)} to {max(counts)} in the second half")


def check_scrapes(rows):
    failed = [row["failed"] for row in rows if "failed" in row]
    wrong = [row["wrong"] for row in rows if row.get("wrong")]
    expositions = [row for row in rows if "series" in row]
    return [Check("no scrape fails", bool(expositions) and not failed,
                  f"{len(rows):,} requests, {len(failed)} failed{first(failed)}"),
            Check("no counter goes down, each exposition makes sense",
                  bool(expositions) and not wrong,
                  f"{len(expositions):,} expositions, {len(wrong)} wrong{first(wrong)}")]


def first(texts):
    return f": {texts[0][:300]}" if texts else ""


def check_latency(rows):
    seconds = [row["seconds"] for row in rows if "seconds" in row]
    p99, longest = quantile(seconds, 0.99), max(seconds, default=0)
    return Check("a scrape is quick", p99 <= P99_SECONDS and longest <= LONGEST_SECONDS,
                 f"p50 {quantile(seconds, 0.5) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (at most "
                 f"{P99_SECONDS * 1000:.0f}), longest {longest * 1000:.0f} ms (at most "
                 f"{LONGEST_SECONDS * 1000:.0f})")


def check_accounts(outcome):
    totals = outcome.totals
    difference = totals["sent"] - totals["received"] - totals["taken_back"]
    text = (f"{totals['servers']:,} filesystems received {totals['received']:,} requests; sent "
            f"{totals['sent']:,}, of which {totals['taken_back']:,} were taken back")
    if totals["foreign"]:  # whose what is "unknown" and what was lost is, nobody can tell
        text += f"; not exact beside other mounts, such as {totals['foreign'][0]}"
        good = -totals["taken_back"] <= difference <= totals["shared"]
    else:
        good = difference == 0
    wrong = [f"{label}: received {received}, told {told}"
             for label, received, told in outcome.wrong_accounts]
    named = totals["unnamed"] <= totals["shared"]
    return [Check("the total is exact", good, text),
            Check("each mount is exact", named and not wrong,
                  f"{len(wrong)} are told what they did not receive{first(wrong)}; "
                  f"{totals['unnamed']:,} requests of mounts that came and went between two scrapes "
                  f"are among the {totals['shared']:,} of \"unknown\"")]


def check_agent(outcome):
    return Check("the agent lives, and ends with 0", outcome.exit_code == 0,
                 "it ended by itself" if outcome.exit_code is None else
                 f"0 restarts, exit code {outcome.exit_code}")


def check_actors(outcome):
    idle = [f"{name} did nothing" for name, acts in outcome.actors.items() if not acts]
    bad = outcome.errors + idle
    acts = ", ".join(f"{name} {acts:,}" for name, acts in outcome.actors.items())
    return Check("each actor did its part", not bad, f"{acts}{first(bad)}")


def judge(outcome):
    return [check_agent(outcome), *check_scrapes(outcome.rows), check_latency(outcome.rows),
            check_memory(outcome.samples), check_descriptors(outcome),
            check_threads(outcome.samples), *check_accounts(outcome), check_actors(outcome)]
