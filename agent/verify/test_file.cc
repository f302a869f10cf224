// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/test_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fusescope {
namespace {

constexpr std::array<std::uint32_t, kPlaces> kTurns = {0, 2, 1, 3};
constexpr double kLongestFill = 0.5;  // seconds, after which no further place is filled

const char* name_of_opening(const Command& command) {
  if (command.op == FUSESCOPE_READ) {
    return command.is_direct ? "open for reading with O_DIRECT a file in"
                             : "open for reading a file in";
  }
  return command.is_direct ? "open for writing with O_DIRECT a file in"
                           : "open for writing a file in";
}

Answer answer_of(const Transfer::Outcome& outcome, fusescope_op op) {
  Answer answer = failed(op == FUSESCOPE_READ ? "read from" : "write to", outcome.error);
  answer.is_short = outcome.is_short;
  return answer;
}

}  // namespace

TestFile::TestFile(std::string path, std::function<bool()> is_abandoned)
    : path_(std::move(path)), is_abandoned_(std::move(is_abandoned)), transfer_(is_abandoned_) {}

TestFile::~TestFile() { remove(); }

Answer TestFile::carry_out(const Command& command) {
  switch (command.step) {
    case Step::look: return look();
    case Step::create: return create(command);
    case Step::find: return find(command.name);
    case Step::run: return run(command);
    case Step::remove: return remove();
  }
  std::unreachable();
}

Answer TestFile::look() {
  directory_.reset(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) return failed("open", errno);
  struct statfs filesystem{};
  struct stat status{};
  if (fstatfs(directory_.get(), &filesystem)) return failed("statfs", errno);
  if (fstat(directory_.get(), &status)) return failed("stat", errno);
  if (!transfer_.prepare()) return failed("allocate memory for", ENOMEM);
  device_ = status.st_dev;
  Answer answer;
  answer.filesystem = filesystem.f_type;
  answer.device_major = major(status.st_dev);
  answer.device_minor = minor(status.st_dev);
  return answer;
}

// The file is closed then: some daemons let nobody read what is still open for writing.
Answer TestFile::create(const Command& command) {
  const UniqueFd file = own_.create(directory_.get(), command.name);
  if (!file) {
    Answer answer = failed("create a file in", errno);
    remove();
    return answer;
  }
  Answer answer = fill(file.get(), command.shape);
  if (has_failed(answer)) remove();
  return answer;
}

Answer TestFile::fill(int file, std::size_t shape) {
  Answer answer;
  while (answer.done < kPlaces && answer.seconds < kLongestFill) {
    const auto outcome =
        transfer_.run(file, FUSESCOPE_WRITE, false, shape, answer.done * kShapeBytes);
    if (outcome.error || outcome.is_short) return answer_of(outcome, FUSESCOPE_WRITE);
    answer.seconds += outcome.seconds;
    answer.done++;
  }
  own_places_ = answer.done;
  return answer;
}

Answer TestFile::find(const std::string& name) {
  auto found =
      name.empty() ? find_file(directory_.get(), is_abandoned_) : given_file(name, device_);
  if (!found)
    return failed(name.empty() ? "find a file to read in" : "take the given file", found.error());
  for (UniqueFd& file : files_[FUSESCOPE_READ]) file.reset();
  existing_ = std::move(*found);
  Answer answer;
  std::snprintf(answer.name, sizeof answer.name, "%s", existing_.name.c_str());
  return answer;
}

int TestFile::anchor_for(fusescope_op op) const {
  return op == FUSESCOPE_READ && existing_.anchor ? existing_.anchor.get() : own_.anchor();
}

UniqueFd& TestFile::opened(const Command& command) {
  UniqueFd& file = files_[command.op][command.is_direct];
  if (file) return file;
  const int access = command.op == FUSESCOPE_READ ? O_RDONLY : O_WRONLY;
  file = open_again(anchor_for(command.op), access | (command.is_direct ? O_DIRECT : 0));
  return file;
}

// Places in turn. Buffered reads are of the last one, behind which an own file has nothing that the
// kernel could read ahead.
std::uint64_t TestFile::next_offset(const Command& command) {
  const bool is_existing = command.op == FUSESCOPE_READ && existing_.anchor;
  const std::uint64_t places =
      is_existing ? std::min<std::uint64_t>(existing_.bytes / kShapeBytes, kPlaces) : own_places_;
  if (command.op == FUSESCOPE_READ && !command.is_direct) return (places - 1) * kShapeBytes;
  return kTurns[turn_++ % kPlaces] % places * kShapeBytes;
}

Answer TestFile::run(const Command& command) {
  const UniqueFd& file = opened(command);
  if (!file) return failed(name_of_opening(command), errno);
  Answer answer;
  for (std::uint32_t i = 0; i < command.repetitions; i++) {
    const auto outcome = transfer_.run(file.get(), command.op, command.is_direct, command.shape,
                                       next_offset(command));
    if (outcome.error || outcome.is_short) return answer_of(outcome, command.op);
    answer.seconds += outcome.seconds;
  }
  return answer;
}

void TestFile::close_all() {
  for (auto& files : files_) {
    for (UniqueFd& file : files) file.reset();
  }
}

Answer TestFile::remove() {
  close_all();
  const int error = own_.remove();
  return error ? failed("remove the file in", error) : Answer{};
}

}  // namespace fusescope
