# SPDX-License-Identifier: Apache-2.0
"""The manifests of deploy/kubernetes: built by kustomize, held against the types of Kubernetes and
of the Prometheus operator; and the agent, run with no more rights than they give."""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/e2e"), str(ROOT / "test/vm")]
from fetch import apt_for  # noqa: E402
from harness import AGENT, Agent, Countfs, data_requests, sgio, wait_for_name  # noqa: E402
from matrix import cache_directory  # noqa: E402

MANIFESTS = ROOT / "deploy/kubernetes"
TYPES = pathlib.Path(__file__).parent / "kubernetes-types"
BUILDS = ("base", "overlays/older-kernels", "overlays/own-profiles")
ADDED = {"base": {"BPF", "PERFMON", "SETGID", "SETUID", "SYS_PTRACE"},
         "overlays/older-kernels": {"BPF", "PERFMON", "SETGID", "SETUID", "SYS_ADMIN",
                                    "SYS_PTRACE", "SYS_RESOURCE"}}
ADDED["overlays/own-profiles"] = ADDED["base"]
OPERATOR = "@kubernetes-models/prometheus-operator"
CHECK = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
         "--moduleResolution", "nodenext")
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"  # what the host trusts, npm shall trust too
each_build = pytest.mark.parametrize("build", BUILDS)


def succeed(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def kubectl():
    """That of Debian 13: the kustomize in Debian 12's is of 2019 and knows neither directories among
    resources nor patches."""
    program = cache_directory().parent / "kubectl/usr/bin/kubectl"
    if not program.exists():
        with apt_for(["trixie"]) as apt, tempfile.TemporaryDirectory() as directory:
            apt.download("kubectl", directory)
            [package] = pathlib.Path(directory).glob("*.deb")
            succeed("dpkg-deb", "-x", package, program.parents[2])
    return program


@pytest.fixture(scope="session", name="built")
def built_manifests(kubectl):
    """The resources of each build."""
    return {build: [*yaml.safe_load_all(succeed(kubectl, "kustomize", MANIFESTS / build))]
            for build in BUILDS}


@pytest.fixture(scope="session")
def types():
    """A directory with the packages of kubernetes-types, from the registry that npm has here."""
    if not shutil.which("npm"):
        succeed("apt-get", "install", "-y", "--no-install-recommends",
                *re.sub("#.*", "", (TYPES / "packages.txt").read_text()).split())
    directory = ROOT / "build/test/kubernetes-types"
    directory.mkdir(parents=True, exist_ok=True)
    lock = (TYPES / "package-lock.json").read_text()
    installed = directory / "installed"
    if not installed.exists() or installed.read_text() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(TYPES / name, directory)
        succeed("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=directory,
                env=os.environ | {"NODE_EXTRA_CA_CERTS": TRUSTED})
        installed.write_text(lock)
    return directory


def literal(resource, name):
    """It in TypeScript; apps/v1 DaemonSet is IDaemonSet of kubernetes-models/apps/v1/DaemonSet."""
    kind, version = resource["kind"], resource["apiVersion"]
    package = OPERATOR if "coreos" in version else "kubernetes-models"
    return (f'import type {{ I{kind} }} from "{package}/{version}/{kind}";\n'
            f"export const {name}: I{kind} = {json.dumps(resource, indent=1)};\n")


def complaints(types, resources):
    """What TypeScript has against literals of them: fields that are unknown, missing or of another
    type."""
    with tempfile.TemporaryDirectory(dir=types) as directory:
        program = pathlib.Path(directory) / "manifests.ts"
        program.write_text("".join(literal(resource, f"resource{i}")
                                   for i, resource in enumerate(resources)))
        done = subprocess.run([types / "node_modules/.bin/tsc", *CHECK, program],
                              stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def only(resources, kind):
    [found] = [each for each in resources if each["kind"] == kind]
    return found


def pod_of(resources):
    return only(resources, "DaemonSet")["spec"]["template"]["spec"]


def container_of(resources):
    [container] = pod_of(resources)["containers"]
    return container


@each_build
def test_is_what_the_types_say(built, types, build):
    assert {each["kind"] for each in built[build]} == {
        "Namespace", "ServiceAccount", "DaemonSet", "PodMonitor", "PrometheusRule"}
    assert complaints(types, built[build]) == ""


FAULTS = {
    "misspelt in the pod": ("DaemonSet", "spec template spec", "hostPid", True),
    "misspelt in a probe": ("DaemonSet", "spec template spec containers 0 livenessProbe", "httpget",
                            {}),
    "a number as text": ("DaemonSet", "spec template spec", "terminationGracePeriodSeconds", "10"),
    "a flag as text": ("DaemonSet", "spec template spec containers 0 securityContext",
                       "readOnlyRootFilesystem", "true"),
    "a word as a number": ("DaemonSet",
                           "spec template spec containers 0 securityContext seccompProfile",
                           "type", 7),
    "misspelt in a monitor": ("PodMonitor", "spec podMetricsEndpoints 0", "relabeling", []),
    "no such action": ("PodMonitor", "spec podMetricsEndpoints 0 relabelings 0", "action",
                       "replaced"),
    "misspelt in a rule": ("PrometheusRule", "spec groups 0 rules 0", "label", {}),
    "a duration as a number": ("PrometheusRule", "spec groups 0 rules 0", "for", 10),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_types_find(built, types, fault):
    kind, path, key, value = FAULTS[fault]
    resource = copy.deepcopy(only(built["base"], kind))
    place = resource
    for step in path.split():
        place = place[int(step) if step.isdigit() else step]
    place[key] = value
    assert re.fullmatch(r".*: error TS(2322|2353|2561|2820): .*\n", complaints(types, [resource]))


@each_build
def test_gives_no_more_rights_than_are_needed(built, build):
    pod, container = pod_of(built[build]), container_of(built[build])
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": sorted(ADDED[build])}
    assert context["privileged"] is False and context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is ("SYS_ADMIN" in ADDED[build])
    assert pod["hostPID"] is True and not {"hostNetwork", "hostIPC"} & pod.keys()
    assert pod["automountServiceAccountToken"] is False
    assert only(built[build], "ServiceAccount")["automountServiceAccountToken"] is False
    assert "memory" in container["resources"]["limits"] and "hostPort" not in container["ports"][0]


def profiles_of(resources):
    context = container_of(resources)["securityContext"]
    return context["seccompProfile"], context["appArmorProfile"]


def test_its_profiles_are_those_of_the_runtime_or_its_own(built):
    for build in ("base", "overlays/older-kernels"):
        assert profiles_of(built[build]) == ({"type": "RuntimeDefault"}, {"type": "Unconfined"})
    seccomp, apparmor = profiles_of(built["overlays/own-profiles"])
    assert {seccomp["type"], apparmor["type"]} == {"Localhost"}
    assert (MANIFESTS / "seccomp" / seccomp["localhostProfile"]).exists()
    compiled = succeed("apparmor_parser", "--skip-kernel-load", "--skip-cache", "--quiet", "--names",
                       ROOT / "deploy/apparmor/fusescope")
    assert compiled.split("\n")[-2] == apparmor["localhostProfile"]


@each_build
def test_writes_to_no_path_of_the_host(built, build):
    """But to tracefs, for kprobes."""
    paths = {volume["name"]: volume["hostPath"]["path"]
             for volume in pod_of(built[build])["volumes"]}
    mounts = container_of(built[build])["volumeMounts"]
    assert {mount["name"] for mount in mounts} == paths.keys()
    written = {paths[mount["name"]] for mount in mounts if not mount.get("readOnly")}
    assert written == ({"/sys/kernel/tracing"} if "SYS_ADMIN" in ADDED[build] else set())
    assert all(mount["mountPath"] == paths[mount["name"]] for mount in mounts)


@each_build
def test_selects_its_own_pods(built, build):
    labels = only(built[build], "DaemonSet")["spec"]["template"]["metadata"]["labels"]
    for selector in (only(built[build], "DaemonSet")["spec"]["selector"],
                     only(built[build], "PodMonitor")["spec"]["selector"]):
        assert selector["matchLabels"] and selector["matchLabels"].items() <= labels.items()
    monitor = only(built[build], "PodMonitor")["spec"]
    assert "fusescope" in labels[monitor["jobLabel"]]  # up{job=~".*fusescope.*"} of the alerts
    [endpoint] = monitor["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in container_of(built[build])["ports"]}
    spaces = {each["metadata"].get("namespace") for each in built[build]}
    assert spaces == {None, only(built[build], "Namespace")["metadata"]["name"]}


def test_the_image_is_of_this_version(built):
    version = re.search(r"project\(fusescope VERSION (\S+)",
                        (ROOT / "CMakeLists.txt").read_text())[1]
    container = container_of(built["base"])
    name, _, tag = container["image"].rpartition(":")
    assert tag == version and ".example/" in name  # no name that somebody may have
    [program] = container["command"]
    made = (ROOT / "deploy/container/Dockerfile").read_text()
    assert f"\nCOPY bin/fusescope {program.removesuffix('fusescope')}\n" in made


def test_the_rules_are_those_of_the_dashboards(built):
    groups = [group for name in ("alerts.yml", "recording.yml")
              for group in yaml.safe_load((ROOT / "dashboards" / name).read_text())["groups"]]
    assert only(built["base"], "PrometheusRule")["spec"]["groups"] == groups
    made = succeed(MANIFESTS / "prometheusrule.py")
    assert (MANIFESTS / "base/prometheusrule.yaml").read_text() == made, "run prometheusrule.py"


def test_the_example_of_the_readme_sets_the_image(kubectl, tmp_path):
    readme = (MANIFESTS / "README.md").read_text()
    [example] = re.findall(r"<<'END'\n(.*?)\n    END", readme, re.DOTALL)
    shutil.copytree(MANIFESTS, tmp_path / "deploy/kubernetes")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/kustomization.yaml").write_text(textwrap.dedent(example))
    made = [*yaml.safe_load_all(succeed(kubectl, "kustomize", tmp_path / "mine"))]
    assert container_of(made)["image"] == "registry.of.yours/fusescope:0.1.0"


def confined(container):
    """The command that starts its arguments as a runtime does: with the rights of the container and
    no others, a root that cannot be written, and what it mounts of /sys/kernel, in a mount
    namespace of its own."""
    context = container["securityContext"]
    assert context["runAsUser"] == 0  # that root has what is in the bounding set
    read_only = {mount["mountPath"]: mount.get("readOnly") for mount in container["volumeMounts"]}
    steps = ["set -e", "mount -o remount,bind,ro /", "mount -o remount,bind,ro /sys"]
    for path in ("/sys/kernel/tracing", "/sys/kernel/debug"):
        if os.path.ismount(path):
            steps.append(f"mount -o remount,bind,ro {path}" if read_only.get(path)
                         else "" if path in read_only else f"umount -l {path}")
    rights = ",".join(["-all", *(f"+{name.lower()}" for name in context["capabilities"]["add"])])
    steps.append(f"exec setpriv --bounding-set {rights} --inh-caps -all"
                 f"{'' if context['allowPrivilegeEscalation'] else ' --no-new-privs'} \"$@\"")
    return ["unshare", "--mount", "sh", "-c", "\n".join(steps), "sh"]


def family_of(process):
    """It and its children."""
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text()
    return [process, *map(int, children.split())]


@each_build
def test_the_rights_of_the_pod_are_enough(built, build, tmp_path):
    """The agent that has just these counts each request of a mount in another mount namespace, and
    names it."""
    agent = Agent(log=tmp_path / "agent.log", under=[*confined(container_of(built[build])), AGENT])
    filesystem = Countfs(tmp_path)
    try:
        sgio(filesystem.path(), "--direct", "--calls", "8")
        assert filesystem.counts("read")["requests"] == 8
        wait_for_name(agent, filesystem)
        assert data_requests(agent.scrape(), filesystem.label, "read") == filesystem.counts("read")
        assert {s.value for s in agent.scrape().select("fusescope_confinement")} == {1}
        for process in family_of(agent.process.pid):
            uids = re.search(r"^Uid:\t(.*)", pathlib.Path(f"/proc/{process}/status").read_text(),
                             re.MULTILINE)[1]
            assert "0" not in uids.split()
    finally:
        filesystem.stop()
        assert agent.stop() == 0


def test_without_its_rights_it_does_not_start(built, tmp_path):
    """The same command tells apart what is enough and what is not."""
    container = copy.deepcopy(container_of(built["base"]))
    container["securityContext"]["capabilities"]["add"].remove("BPF")
    done = subprocess.run([*confined(container), AGENT, "serve",
                           "--web.listen-address=127.0.0.1:0"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "CAP_BPF" in done.stderr
