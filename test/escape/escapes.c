// SPDX-License-Identifier: Apache-2.0
// Preloaded into the agent by tests: on SIGUSR1 the thread that takes it tries to get out of its
// confinement; after SIGUSR2 the one that next accepts a connection does, as one would that was
// taken over through a request. Each try is a line on standard error: "escape NAME ERRNO", 0 where
// nothing refused it. ESCAPE_VICTIM is a process of root's, and ESCAPE_FILE a file of root's, which
// only root may read.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int victim;
static char file[4096], file_by_root[4200], memory[64], environment[64], namespace[64];

static void report(const char* name, long result) {
  char line[128];
  const int error = result < 0 ? errno : 0;
  const int length = snprintf(line, sizeof(line), "escape %s %d\n", name, error);
  if (write(STDERR_FILENO, line, (size_t)length) != length) abort();
}

static void report_descriptor(const char* name, long descriptor) {
  report(name, descriptor);
  if (descriptor >= 0) close((int)descriptor);
}

static long open_as(const char* path, int flags) {
  return syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

static void try_files(void) {
  report_descriptor("read-file", open_as(file, O_RDONLY));
  report_descriptor("write-file", open_as(file, O_WRONLY));
  report_descriptor("read-through-root", open_as(file_by_root, O_RDONLY));
  report_descriptor("write-through-root", open_as(file_by_root, O_WRONLY));
  report_descriptor("create-file", open_as("/tmp/fusescope-escaped", O_WRONLY | O_CREAT));
  report_descriptor("read-memory", open_as(memory, O_RDONLY));
  report_descriptor("write-memory", open_as(memory, O_RDWR));
  report_descriptor("read-environment", open_as(environment, O_RDONLY));
  report_descriptor("read-shadow", open_as("/etc/shadow", O_RDONLY));
  report("remove-file", syscall(SYS_unlinkat, AT_FDCWD, "/tmp/fusescope-escaped", 0));
  report("change-mode", syscall(SYS_fchmodat, AT_FDCWD, file, 0666));
  report("open-by-handle", syscall(SYS_open_by_handle_at, AT_FDCWD, &victim, O_RDONLY));
}

static void try_processes(void) {
  uint64_t word = 0;
  struct iovec here = {&word, sizeof(word)}, there = {&word, sizeof(word)};
  report("ptrace", syscall(SYS_ptrace, PTRACE_SEIZE, victim, 0, 0));
  report("read-process", syscall(SYS_process_vm_readv, victim, &here, 1, &there, 1, 0));
  report("write-process", syscall(SYS_process_vm_writev, victim, &here, 1, &there, 1, 0));
  report("take-descriptor", syscall(SYS_pidfd_getfd, STDIN_FILENO, 0, 0));
  report_descriptor("open-process", syscall(SYS_pidfd_open, victim, 0));
  report("signal", syscall(SYS_kill, victim, SIGCONT));
  report("signal-thread", syscall(SYS_tgkill, victim, victim, SIGCONT));
  report("execute", syscall(SYS_execve, "/nowhere", NULL, NULL));
  report("execute-descriptor", syscall(SYS_execveat, -1, "/nowhere", NULL, NULL, 0));
  const long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) syscall(SYS_exit_group, 0);
  report("fork", child);
}

static void try_kernel(void) {
  union bpf_attr none = {0};
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(event)};
  report("load-program", syscall(SYS_bpf, BPF_PROG_LOAD, &none, sizeof(none)));
  report("make-map", syscall(SYS_bpf, BPF_MAP_CREATE, &none, sizeof(none)));
  report("write-map", syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &none, sizeof(none)));
  report("open-program", syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &none, sizeof(none)));
  report_descriptor("perf-event", syscall(SYS_perf_event_open, &event, victim, -1, -1, 0));
  report("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
  report("unmount", syscall(SYS_umount2, "/nowhere", 0));
  report("change-root", syscall(SYS_chroot, "/"));
  report_descriptor("io-uring", syscall(SYS_io_uring_setup, 1, &none));
  report_descriptor("memory-file", syscall(SYS_memfd_create, "escape", 0));
  report("load-module", syscall(SYS_init_module, NULL, 0, ""));
  report("keys", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
  report("inject-input", syscall(SYS_ioctl, STDIN_FILENO, 0x5412 /* TIOCSTI */, "x"));
  void* code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  report("new-code", code == MAP_FAILED ? -1 : 0);
  report_descriptor("connect", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
  report_descriptor("packets", syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0));
}

static void try_rights(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[2] = {{~0U, ~0U, 0}, {0x1ff, 0x1ff, 0}};
  report("capabilities", syscall(SYS_capset, &header, all));
  report("user", syscall(SYS_setresuid, 0, 0, 0));
  report("group", syscall(SYS_setresgid, 0, 0, 0));
  report("groups", syscall(SYS_setgroups, 0, NULL));
  report("new-namespace", syscall(SYS_unshare, CLONE_NEWUSER));
  report_descriptor("open-namespace", open_as(namespace, O_RDONLY));
  report("join-namespace", syscall(SYS_setns, STDIN_FILENO, 0));
}

static volatile sig_atomic_t is_armed;

static void arm(int signal) {
  (void)signal;
  is_armed = 1;
  report("armed", 0);
}

static void escape(int signal) {
  (void)signal;
  try_files();
  try_processes();
  try_kernel();
  try_rights();
  report("done", 0);
}

int accept4(int socket, struct sockaddr* address, socklen_t* length, int flags) {
  if (is_armed) {
    is_armed = 0;
    escape(0);
  }
  return (int)syscall(SYS_accept4, socket, address, length, flags);
}

__attribute__((constructor)) static void prepare(void) {
  const char *process = getenv("ESCAPE_VICTIM"), *path = getenv("ESCAPE_FILE");
  if (!process || !path) return;
  victim = atoi(process);
  snprintf(file, sizeof(file), "%s", path);
  snprintf(file_by_root, sizeof(file_by_root), "/proc/%d/root%s", victim, path);
  snprintf(memory, sizeof(memory), "/proc/%d/mem", victim);
  snprintf(environment, sizeof(environment), "/proc/%d/environ", victim);
  snprintf(namespace, sizeof(namespace), "/proc/%d/ns/mnt", victim);
  const struct sigaction at_once = {.sa_handler = escape}, later = {.sa_handler = arm};
  sigaction(SIGUSR1, &at_once, NULL);
  sigaction(SIGUSR2, &later, NULL);
}
