# SPDX-License-Identifier: Apache-2.0
"""The agent where FUSE is a module: not loaded yet, loaded, unloaded and loaded again."""

import subprocess
import urllib.request

import harness
import test_workloads
import workloads
from shared import SharedAgent, SharedMount

FUSECTL = "/sys/fs/fuse/connections"
WAITING = "waiting for FUSE"
WORKLOAD = workloads.ALL[0]


def load():
    subprocess.run(["insmod", "/job/fuse.ko"], check=True)
    subprocess.run(["mount", "-t", "fusectl", "fusectl", FUSECTL], check=True)


def unload():
    """Whether the module could go."""
    subprocess.run(["umount", FUSECTL], check=True)
    done = subprocess.run(["rmmod", "fuse"], check=False, capture_output=True)
    if done.returncode:
        subprocess.run(["mount", "-t", "fusectl", "fusectl", FUSECTL], check=True)
    return done.returncode == 0


def waits(agent):
    with urllib.request.urlopen(agent.url + "/-/ready", timeout=60) as response:
        return WAITING in response.read().decode()


def check_exact(agent, mount):
    test_workloads.test_equals_the_filesystem(agent, mount, WORKLOAD)
    mount.stop()


def check_module(mode, log):
    """Hooks come with the module. fentry holds it; with kprobes it can go, and come again."""
    assert unload()
    agent = SharedAgent(f"--hooks={mode}", log=log)
    mount = SharedMount(agent)
    assert waits(agent)
    load()
    harness.wait_for(lambda: not waits(agent), "hooks after the module was loaded")
    check_exact(agent, mount)
    assert unload() == (mode == "kprobe")
    if mode == "kprobe":
        harness.wait_for(lambda: waits(agent), "the agent to see that the module is gone")
        agent.scrape_all()
        load()
        harness.wait_for(lambda: not waits(agent), "hooks after the module was loaded again")
        check_exact(agent, mount)
    assert agent.stop() == 0
