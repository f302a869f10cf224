// SPDX-License-Identifier: Apache-2.0
// The mount, and the workers that serve it.
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fs/error.h"
#include "fs/file_descriptor.h"
#include "fs/filesystem.h"
#include "fs/ring.h"
#include "fs/transport.h"

namespace countfs {

class Server {
 public:
  static std::expected<std::unique_ptr<Server>, fusetest::Error> mount(Options options);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Signals that main waits for must be blocked before: the workers inherit the mask.
  void start();
  // Unmounts, and ends the workers.
  void stop();

  // Becomes readable when ready() or ended() may have changed.
  int event_descriptor() const { return event_.get(); }
  void clear_event();
  bool ready() const { return ready_; }
  bool ended() const { return running_ == 0; }

  const std::string& mountpoint() const { return mountpoint_; }
  const Filesystem& filesystem() const { return filesystem_; }
  Transport::Totals totals() const { return transport_.totals(); }
  // Minor device number, which is the connection's number in fusectl; none once unmounted.
  std::optional<unsigned int> connection() const { return connection_; }
  void find_connection();
  // That came over io_uring.
  std::uint64_t ring_requests() const { return ring_requests_; }

 private:
  friend Filesystem& filesystem_of(fuse_req_t request);
  using Session = std::unique_ptr<fuse_session, decltype(&fuse_session_destroy)>;

  explicit Server(Options options);
  std::expected<void, fusetest::Error> make_session();
  std::expected<void, fusetest::Error> attach();
  void work(std::uint32_t worker);
  void process(fuse_buf& buffer);
  void on_initialised();
  void become_ready();
  void give_up(const std::string& reason);
  bool open_backing_file();
  void start_rings();
  void work_ring(std::uint16_t queue, Ring& ring);
  void notify();
  void detach_mount();
  bool wait_for_end() const;  // true when the kernel has ended the connection
  void stop_workers();

  std::string mountpoint_;
  Filesystem filesystem_;
  Transport transport_;
  Session session_{nullptr, &fuse_session_destroy};
  fusetest::FileDescriptor event_;
  std::atomic<bool> ready_{false};
  std::atomic<std::uint32_t> running_{0};
  std::atomic<std::uint64_t> ring_requests_{0};
  std::atomic<int> ring_error_{0};  // errno
  std::vector<std::unique_ptr<Ring>> rings_;
  std::optional<unsigned int> connection_;
  std::vector<std::jthread> workers_;
  std::vector<std::jthread> ring_workers_;
};

}  // namespace countfs
