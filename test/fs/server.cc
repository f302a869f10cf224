// SPDX-License-Identifier: Apache-2.0
#include "fs/server.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <latch>

#include "fs/backing.h"
#include "fs/pattern.h"
#include "fs/session.h"

namespace countfs {
namespace {

// Wakes a worker that is blocked in read(2) on the device.
constexpr int wake_signal = SIGUSR2;
constexpr std::chrono::milliseconds wait_step(10);

std::optional<unsigned int> device_minor(const std::string& mountpoint) {
  struct statx attributes{};
  // Without a sync: this must not become a request that is counted.
  if (::statx(AT_FDCWD, mountpoint.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &attributes) !=
      0) {
    return std::nullopt;
  }
  return attributes.stx_dev_minor;
}

std::expected<void, fusetest::Error> add_preset_file(MemoryTree& tree, const PresetFile& file) {
  Node& root = *tree.find(FUSE_ROOT_ID);
  const auto node =
      tree.make(root, file.name, S_IFREG | 0666, {.user = getuid(), .group = getgid()});
  if (!node) return fusetest::system_failure("make", file.name, node.error());
  tree.forget((*node)->number(), 1);  // the kernel holds no reference to it yet
  std::vector<std::byte> content(std::min<std::uint64_t>(file.size, 1U << 20));
  for (std::uint64_t offset = 0; offset < file.size; offset += content.size()) {
    const std::span part(content.data(), std::min(content.size(), file.size - offset));
    fusetest::fill_pattern(part, offset);
    const auto written = (*node)->write(offset, part);
    if (!written) return fusetest::system_failure("fill", file.name, written.error());
  }
  return {};
}

std::uint32_t rings_wanted(const Options& options) {
  return options.init.io_uring ? ring_count() : 0;
}

std::size_t ring_payload_bytes(const Negotiated& negotiated) {
  const std::size_t pages = negotiated.max_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return std::max({smallest_payload, std::size_t{negotiated.max_write}, pages});
}

}  // namespace

Server::Server(Options options)
    : mountpoint_(options.mountpoint),
      filesystem_(std::move(options)),
      transport_(filesystem_.options.init,
                 filesystem_.options.threads + rings_wanted(filesystem_.options),
                 [this] { on_initialised(); }),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Server::~Server() { stop(); }

Filesystem& filesystem_of(fuse_req_t request) {
  return static_cast<Server*>(fuse_req_userdata(request))->filesystem_;
}

std::expected<std::unique_ptr<Server>, fusetest::Error> Server::mount(Options options) {
  std::error_code error;
  const auto path = std::filesystem::canonical(options.mountpoint, error);
  if (error) {
    return fusetest::system_failure("use mountpoint", options.mountpoint, error.value(),
                                    "create the directory, or unmount a dead mount on it");
  }
  options.mountpoint = path.string();
  std::unique_ptr<Server> server(new Server(std::move(options)));
  for (const PresetFile& file : server->filesystem_.options.files) {
    if (auto added = add_preset_file(server->filesystem_.tree, file); !added) {
      return std::unexpected(added.error());
    }
  }
  if (auto made = server->make_session(); !made) return std::unexpected(made.error());
  if (auto attached = server->attach(); !attached) return std::unexpected(attached.error());
  return server;
}

std::expected<void, fusetest::Error> Server::make_session() {
  session_.reset(new_session(filesystem_.options, this));
  if (!session_) return fusetest::failure("libfuse refused the mount options, as it says above");
  return {};
}

std::expected<void, fusetest::Error> Server::attach() {
  if (fuse_session_mount(session_.get(), mountpoint_.c_str()) != 0) {
    return fusetest::failure("cannot mount " + mountpoint_ +
                             ": libfuse says why above; check /dev/fuse and the permissions on it");
  }
  fuse_custom_io hooks{};
  hooks.read = [](int device, void* buffer, size_t length, void* /*server*/) {
    return ::read(device, buffer, length);
  };
  hooks.writev = [](int device, iovec* parts, int count, void* server) {
    return static_cast<Server*>(server)->transport_.send(device,
                                                         {parts, static_cast<std::size_t>(count)});
  };
  const int hooked =
      fuse_session_custom_io(session_.get(), &hooks, fuse_session_fd(session_.get()));
  if (hooked != 0) return fusetest::system_failure("hook into", "libfuse", -hooked);
  return {};
}

void Server::start() {
  struct sigaction wake{};
  wake.sa_handler = [](int /*signal*/) {};
  ::sigaction(wake_signal, &wake, nullptr);  // without SA_RESTART: read(2) is to end
  const std::uint32_t threads = filesystem_.options.threads;
  running_ = threads;
  for (std::uint32_t worker = 0; worker < threads; ++worker) {
    workers_.emplace_back([this, worker] { work(worker); });
  }
}

void Server::work(std::uint32_t worker) {
  transport_.enter_worker(worker);
  fuse_buf buffer{};
  while (fuse_session_exited(session_.get()) == 0) {
    const int received = fuse_session_receive_buf(session_.get(), &buffer);
    if (received == -EINTR) continue;
    if (received <= 0) break;
    process(buffer);
  }
  std::free(buffer.mem);  // libfuse allocated it
  --running_;
  notify();
}

void Server::process(fuse_buf& buffer) {
  transport_.begin({static_cast<const std::byte*>(buffer.mem), buffer.size});
  fuse_session_process_buf(session_.get(), &buffer);
  transport_.end();
}

// Runs in the worker that has replied to INIT.
void Server::on_initialised() {
  if (!filesystem_.options.backing.empty() && !open_backing_file()) return;
  if (filesystem_.options.init.io_uring) {
    start_rings();
  } else {
    become_ready();
  }
}

void Server::become_ready() {
  ready_ = true;
  notify();
}

// As if the user had seen it.
void Server::give_up(const std::string& reason) {
  std::fprintf(stderr, "countfs: %s\n", reason.c_str());
  ::kill(::getpid(), SIGTERM);
}

bool Server::open_backing_file() {
  const auto backing = open_backing(fuse_session_fd(session_.get()), filesystem_.options.backing);
  if (backing) {
    transport_.pass_through_to(*backing);
  } else {
    give_up(backing.error().text);
  }
  return backing.has_value();
}

// The kernel uses the rings as soon as each of them has been offered; each by its own thread, which
// the kernel then hands the requests to.
void Server::start_rings() {
  const std::size_t payload = ring_payload_bytes(transport_.totals().negotiated);
  const std::uint16_t count = ring_count();
  std::latch offered(count);
  running_ += count;
  for (std::uint16_t queue = 0; queue < count; ++queue) {
    rings_.push_back(std::make_unique<Ring>(fuse_session_fd(session_.get()), queue, payload));
    ring_workers_.emplace_back([this, queue, &offered, &ring = *rings_.back()] {
      const int error = ring.offer();
      if (error != 0) ring_error_ = error;
      offered.count_down();
      if (error == 0) work_ring(queue, ring);
      --running_;
      notify();
    });
  }
  offered.wait();
  if (ring_error_ == 0) {
    become_ready();
  } else {
    give_up(std::string("cannot use FUSE over io_uring: ") + std::strerror(ring_error_) +
            ": it takes Linux 6.14 or later, with fuse.enable_uring=1");
  }
}

void Server::work_ring(std::uint16_t queue, Ring& ring) {
  transport_.enter_worker(filesystem_.options.threads + queue,
                          [&ring](std::span<const iovec> parts) { return ring.reply(parts); });
  ring.serve(
      [this](std::span<std::byte> message) {
        ++ring_requests_;
        fuse_buf buffer{};
        buffer.mem = message.data();
        buffer.size = message.size();
        process(buffer);
      },
      [this] { return fuse_session_exited(session_.get()) != 0; });
}

void Server::notify() {
  const std::uint64_t one = 1;
  // Cannot fail but by overflow, and then it is readable anyway.
  static_cast<void>(!::write(event_.get(), &one, sizeof(one)));
}

void Server::clear_event() {
  std::uint64_t count = 0;
  static_cast<void>(!::read(event_.get(), &count, sizeof(count)));
}

void Server::find_connection() { connection_ = device_minor(mountpoint_); }

// While the workers still serve, so that the requests of the unmount are counted and no caller
// in flight loses its reply. Another mount on top of ours, or none at all, is left alone.
void Server::detach_mount() {
  const bool ours = connection_ && device_minor(mountpoint_) == connection_;
  if (ours && ::umount2(mountpoint_.c_str(), MNT_DETACH) == 0) return;
  if (ours || !connection_) fuse_session_unmount(session_.get());
}

void Server::stop() {
  if (!session_) return;
  detach_mount();
  const bool connection_gone = wait_for_end();
  if (!connection_gone) stop_workers();
  workers_.clear();  // joins
  ring_workers_.clear();
  rings_.clear();  // they hold the device
  // Frees more than the session's end does, but may only be called when nothing is left to
  // unmount: it does not ask whose mount it finds there.
  if (connection_gone) fuse_session_unmount(session_.get());
  session_.reset();  // closes the device: callers that are left get ENOTCONN
}

bool Server::wait_for_end() const {
  constexpr std::chrono::milliseconds grace(500);
  for (std::chrono::milliseconds waited(0); !ended() && waited < grace; waited += wait_step) {
    std::this_thread::sleep_for(wait_step);
  }
  return ended();
}

// A mount that is in use lives on after it was detached; then its workers must be stopped.
void Server::stop_workers() {
  fuse_session_exit(session_.get());
  while (!ended()) {  // again and again: a signal just before read(2) is lost
    for (auto* threads : {&workers_, &ring_workers_}) {
      for (std::jthread& thread : *threads) ::pthread_kill(thread.native_handle(), wake_signal);
    }
    std::this_thread::sleep_for(wait_step);
  }
}

}  // namespace countfs
