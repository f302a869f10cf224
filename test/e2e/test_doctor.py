# SPDX-License-Identifier: Apache-2.0
"""`fusescope doctor`: what it says of this machine, of one without rights and of one without BTF.
What is expected of the hooks follows from the kernel under test, which the test looks at itself."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess

import pytest

from harness import AGENT, Agent, wait_for

REASONS = {"not_permitted", "lockdown", "no_tracefs", "not_asked_for", "verifier", "refused", "no_btf",
           "absent"}
ROLES = ["allocated", "blocked", "sent", "taken", "ended", "call"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
HAS_KPROBES = any(pathlib.Path(directory, "kprobe_events").exists()
                  for directory in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"))


def doctor(*args, before=()):
    done = subprocess.run([*before, AGENT, "doctor", *args], capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.stderr == "", done.stderr
    return done


def doctor_json(*args, before=()):
    done = doctor("--json", *args, before=before)
    assert done.stdout.count("\n") == 1, "one object on one line"
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return report


def role_rows(text):
    """The table of hooks: role -> (hook, mode, state)."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.split()[:2] == ["ROLE", "HOOK"])
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines[start + 1:start + 1 + len(ROLES)]]
    return {role: tuple(rest) for role, *rest in rows}


def in_private_mounts(script):
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            script + ' && exec "$@"', "sh"]


@pytest.fixture(scope="module")
def report():
    return doctor_json()


def test_exit_code_follows_from_the_roles(report):
    states = {role["role"]: role["state"] for role in report["roles"]}
    assert list(states) == ROLES
    if "missing" in (states["sent"], states["ended"]):
        expected = 2
    else:
        expected = 0 if set(states.values()) == {"exact"} else 1
    assert report["exit_code"] == expected
    assert report["verdict"] == ["works", "degraded", "unusable"][expected]
    assert (report["ways_out"] == []) == (expected == 0)


def test_each_role_has_a_hook_or_a_reason(report):
    for role in report["roles"]:
        works = [attempt for attempt in role["trials"] if attempt["works"]]
        if role["state"] == "missing":
            assert not works and not role["programs"] and role["reason"] and role["unseen"]
        else:
            assert [attempt["hook"] for attempt in works] == [role["hook"]]
            assert role["programs"] and role["mode"] == works[0]["mode"]
        for attempt in role["trials"]:
            assert attempt["works"] == (attempt["reason"] is None), attempt
            untried = ("not tried", "needs the role")
            refused = not attempt["works"] and not attempt["reason"].startswith(untried)
            assert refused == (attempt["program"] is not None), attempt


def expect_all_roles(report):
    assert report["verdict"] == "works", report["roles"]
    assert all(role["state"] == "exact" for role in report["roles"])


def expect_tracepoints_only(report):
    roles = {role["role"]: role for role in report["roles"]}
    assert report["verdict"] == "degraded" and report["kernel"]["kprobe_events"] == "not_built_in"
    assert roles["call"]["state"] == "estimate" and roles["call"]["mode"] == "tracepoint"
    for name in ("sent", "ended"):
        assert roles[name]["state"] == "exact" and roles[name]["mode"] == "tracepoint"
    for name in ("allocated", "taken"):
        assert roles[name]["state"] == "missing"
        reasons = {attempt["mode"]: attempt["reason"] for attempt in roles[name]["trials"]}
        assert reasons["fentry"] == "load: Operation not permitted"
        assert "attach: No such file or directory" in reasons["kprobe"]
    only_fentry = doctor("--hooks=fentry")
    assert only_fentry.returncode == 2 and "--hooks=auto" in only_fentry.stdout


def test_hooks_are_those_that_the_kernel_allows(report):
    """A kernel without kprobes that refuses fentry, too, is what the development machines have."""
    (expect_all_roles if HAS_KPROBES else expect_tracepoints_only)(report)


def test_table_says_what_json_says(report):
    done = doctor()
    assert done.returncode == report["exit_code"]
    assert role_rows(done.stdout) == {
        role["role"]: (role["hook"] or "-", role["mode"] or "-", role["state"])
        for role in report["roles"]}
    last_paragraph = done.stdout.rstrip().split("\n\n")[-1]
    assert last_paragraph.startswith(f"{report['verdict']} (exit {report['exit_code']})")
    for way in report["ways_out"]:
        assert way in " ".join(last_paragraph.split())
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_kernel_facts(report):
    kernel = report["kernel"]
    for field, file in {"release": "kernel/osrelease", "version": "kernel/version",
                        "perf_event_paranoid": "kernel/perf_event_paranoid",
                        "fuse_max_pages_limit": "fs/fuse/max_pages_limit"}.items():
        path = pathlib.Path("/proc/sys", file)
        expected = path.read_text().strip() if path.exists() else "None"
        assert str(kernel[field]) == expected, field
    assert kernel["btf"] and kernel["fuse"] != "not_loaded" and kernel["host_user_namespace"]


@pytest.mark.parametrize("mode", ["fentry", "kprobe", "tracepoint"])
def test_a_mode_tries_only_its_own_hooks(mode):
    report = doctor_json(f"--hooks={mode}")
    assert report["hooks"] == mode
    assert {attempt["mode"] for role in report["roles"] for attempt in role["trials"]} <= {mode}


def test_serve_attaches_what_doctor_says(report, tmp_path):
    """The agent's own series are the same answer."""
    if report["exit_code"] == 2:
        pytest.fail("nothing works here: " + str(report["ways_out"]))
    agent = Agent(log=tmp_path / "log")
    scrape = agent.scrape()
    assert agent.stop() == 0
    attached = {(s.labels["role"], s.labels["program"], s.labels["mode"])
                for s in scrape.select("fusescope_hook_info")}
    assert attached == {(role["role"], program, role["mode"])
                        for role in report["roles"] for program in role["programs"]}
    missing = {s.labels["role"]: s.labels["reason"]
               for s in scrape.select("fusescope_hook_missing")}
    assert set(missing) == {role["role"] for role in report["roles"] if role["reason"]}
    assert set(missing.values()) <= REASONS


def test_reason_of_a_role_without_a_hook_is_one_word(tmp_path):
    """Of a mode that was asked for, and of rights that are missing; the kernel's text is no label."""
    agent = Agent("--hooks=tracepoint", log=tmp_path / "log")
    scrape = agent.scrape()
    assert agent.stop() == 0
    reasons = {s.labels["role"]: s.labels["reason"]
               for s in scrape.select("fusescope_hook_missing")}
    assert reasons["allocated"] == reasons["blocked"] == "not_asked_for"
    assert set(reasons.values()) <= REASONS


def test_without_rights():
    report = doctor_json(before=NOBODY)
    assert report["exit_code"] == 2 and report["roles"] == []
    assert "Operation not permitted" in report["error"]
    missing = {each["name"]: each["cost"] for each in report["capabilities"]
               if not each["effective"]}
    assert list(missing) == [each["name"] for each in report["capabilities"]]
    assert "nothing works" in missing["CAP_BPF"] and "nothing works" in missing["CAP_PERFMON"]
    assert "CAP_BPF, CAP_PERFMON" in report["ways_out"][-1]
    assert report["kernel"]["release"], "facts need no rights"
    text = doctor(before=NOBODY).stdout
    assert re.search(r"CAP_BPF +MISSING", text) and report["kernel"]["release"] in text


def test_without_one_of_the_rights():
    """bpf(2) works, but programs may not read: each role has the reason."""
    report = doctor_json(before=["setpriv", "--bounding-set=-all,+bpf", "--inh-caps=-all"])
    assert report["exit_code"] == 2
    assert [each["name"] for each in report["capabilities"] if each["effective"]] == ["CAP_BPF"]
    assert all("Operation not permitted" in role["trials"][0]["reason"]
               for role in report["roles"] if role["role"] == "sent")
    assert "with CAP_PERFMON" in report["ways_out"][-1]


def test_capabilities_of_a_user_namespace_do_not_count():
    report = doctor_json(before=["unshare", "--user", "--map-root-user"])
    assert report["exit_code"] == 2 and not report["kernel"]["host_user_namespace"]
    assert not any(each["effective"] for each in report["capabilities"])
    assert "user namespace" in report["ways_out"][0]


def test_without_btf():
    hidden = in_private_mounts("mount -t tmpfs none /sys/kernel/btf")
    report = doctor_json(before=hidden)
    assert report["exit_code"] == 2 and report["kernel"]["btf"] is False
    assert "/sys/kernel/btf/vmlinux" in report["error"]
    assert "CONFIG_DEBUG_INFO_BTF" in report["ways_out"][0]
    assert "/sys/kernel/btf/vmlinux: No such file" in doctor(before=hidden).stdout


def test_fuse_module_that_is_not_loaded():
    """A sysfs and procfs that know no FUSE stand in for a host where the module is not loaded."""
    hidden = in_private_mounts("mount -t tmpfs none /sys/module && "
                               "grep -vw fuse /proc/filesystems > /sys/module/list && "
                               "mount --bind /sys/module/list /proc/filesystems")
    report = doctor_json(before=hidden)
    assert report["kernel"]["fuse"] == "not_loaded"
    assert report["exit_code"] == 0 or any("modprobe fuse" in way for way in report["ways_out"])
    assert "not loaded" in doctor(before=hidden).stdout


def program_ids():
    done = subprocess.run(["bpftool", "--json", "prog"], capture_output=True, check=True)
    return {program["id"] for program in json.loads(done.stdout)}


def held_by_others():
    """Programs that a running process has, itself or by a link, unless it is a doctor."""
    held = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ends, or closes a file, meanwhile
            if b"\0doctor\0" not in (process / "cmdline").read_bytes():
                infos = [info.read_text() for info in (process / "fdinfo").iterdir()]
                held |= set(map(int, re.findall(r"^prog_id:\s*(\d+)", "".join(infos),
                                                re.MULTILINE)))
    return held


def test_leaves_nothing_behind():
    """No program (the kernel frees them a moment later), and no event in tracefs. Others may load
    theirs meanwhile."""
    before = program_ids()
    doctor_json()
    wait_for(lambda: program_ids() - held_by_others() <= before, "programs of doctor gone")
    for directory in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"):
        for event in pathlib.Path(directory, "events/fusescope").glob("*_*"):
            process = event.name.rsplit("_", 1)[1]
            assert pathlib.Path("/proc", process).exists(), event


def test_a_hung_daemon_does_not_hang_it(mount, report):
    """No path of a FUSE mount is touched."""
    filesystem = mount()
    filesystem.process.send_signal(signal.SIGSTOP)
    try:
        assert doctor_json()["exit_code"] == report["exit_code"]
    finally:
        filesystem.process.send_signal(signal.SIGCONT)


def test_report_that_cannot_be_written():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([AGENT, "doctor"], stdout=full, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith("fusescope: ") and done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("args", [["--hooks=none"], ["--hooks="], ["--jsn"], ["extra"]], ids=str)
def test_bad_arguments(args):
    done = subprocess.run([AGENT, "doctor", *args], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("fusescope: ") and done.stderr.count("\n") == 1
    assert "fusescope doctor --help" in done.stderr


def test_help_teaches_by_example():
    done = subprocess.run([AGENT, "doctor", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Examples:" in done.stdout and "Exit code" in done.stdout
