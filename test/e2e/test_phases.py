# SPDX-License-Identifier: Apache-2.0
"""Time that a request spends is shown in the phase that it is spent in, and in no other; where a
phase cannot be seen here, it is absent, and the agent says which hook it lacks."""

from concurrent.futures import ThreadPoolExecutor

from harness import missing_roles, sgio, wait_for

WRITERS = 32
RING_ENTRIES = 8  # of each queue of countfs: test/fs/ring.h
DELAY = 0.020  # seconds, before each reply
PHASES = {"blocked": "blocked", "queued": "taken", "service": "taken"}  # by the role that shows it


def phases_of(agent, filesystem):
    """Number and mean seconds, by phase that is visible here."""
    scrape = agent.scrape()
    labels = {"mountpoint": filesystem.label}
    name = "fuse_request_phase_duration_seconds"
    missing = missing_roles(scrape)
    phases = {}
    for phase, role in PHASES.items():
        count = scrape.maybe(f"{name}_count", phase=phase, **labels)
        if role in missing:
            assert not scrape.select(f"{name}_count", phase=phase, **labels)
        else:
            total = scrape.maybe(f"{name}_sum", phase=phase, **labels)
            phases[phase] = (count, total / count if count else 0)
    return phases


def test_a_slow_daemon_is_service(agent, mount):
    filesystem = mount("--reply-delay-ms", "20", name="slow")
    sgio(filesystem.path(), "--direct", "--engine", "plain", "--calls", 50)
    labels = {"mountpoint": filesystem.label, "op": "read"}
    assert agent.scrape().total("fuse_request_duration_seconds_sum", **labels) >= 50 * DELAY
    phases = phases_of(agent, filesystem)
    if "service" in phases:
        assert phases["service"][1] > DELAY / 2 > 2 * phases["queued"][1]
    assert phases.get("blocked", (0, 0))[0] == 0


def test_too_few_daemon_threads_are_the_queue(agent, mount):
    # Direct reads are requests of the background; none may wait to be one of these. Over io_uring
    # a request is taken when it has an entry of the ring, and waits in there for the thread.
    filesystem = mount("--reply-delay-ms", "20", "--threads", "1", "--max-background", "64",
                       name="queue")
    sgio(filesystem.path(), "--direct", "--engine", "plain", "--threads", 64, "--calls", 4,
         "--same-region")
    phases = phases_of(agent, filesystem)
    if "queued" in phases:
        taken_at_once = RING_ENTRIES if "--io-uring" in filesystem.process.args else 1
        assert phases["queued"][1] > 8 * DELAY, phases
        assert phases["service"][1] < (taken_at_once + 2) * DELAY, phases
    assert phases.get("blocked", (0, 0))[0] == 0


def test_too_small_a_background_is_blocked(agent, mount):
    # A file each: writers of one file wait for its lock instead.
    names = [f"data{writer}" for writer in range(WRITERS)]
    filesystem = mount("--reply-delay-ms", "20", "--threads", "8", "--max-background", "2",
                       name="background", files=[f"{name}:64K" for name in names])
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(lambda name: sgio(filesystem.path(name), "--op", "write", "--direct",
                                           "--engine", "aio", "--segments", 1, "--calls", 8), names))
    labels = {"mountpoint": filesystem.label}
    scrape = agent.scrape()
    phases = phases_of(agent, filesystem)
    if "blocked" in phases:
        assert phases["blocked"][0] >= 30 and phases["blocked"][1] > 2 * DELAY, phases
        seconds = scrape.total("fuse_background_blocked_seconds_total", **labels)
        longest = phases["blocked"][0] * phases["blocked"][1]
        assert 5 * DELAY < seconds < longest
        assert scrape.total("fuse_background_blocked_threads", **labels) == 0
    else:
        assert not scrape.select("fuse_background_blocked_threads", **labels)
    if "service" in phases:
        assert phases["service"][1] < 3 * DELAY
    # The RELEASE of a file is a request of the background too: fuse_file_put(), fs/fuse/file.c
    wait_for(lambda: agent.scrape().total("fuse_background_requests", **labels) == 0,
             "the end of the last RELEASE")
