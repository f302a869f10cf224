// SPDX-License-Identifier: Apache-2.0
// fuzz TARGET [FILE | DIRECTORY]...: built with libFuzzer, it looks for inputs that break the
// target's promises, and takes libFuzzer's options; built without, it tries those of the corpus
// once.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "test/fuzz/fuzz.h"

#ifdef FUSESCOPE_LIBFUZZER
extern "C" int LLVMFuzzerRunDriver(int* count, char*** words,
                                   int (*callback)(const std::uint8_t* data, std::size_t size));
#endif

namespace fusescope::fuzz {
namespace {

struct Target {
  std::string_view name;
  void (*run)(std::string_view);
};

constexpr std::array kTargets = {
    Target{"certificate_names", certificate_names},
    Target{"doctor_report", doctor_report},
    Target{"exposition", exposition},
    Target{"http_request", http_request},
    Target{"http_server", http_server},
    Target{"kernel_facts", kernel_facts},
    Target{"label_text", label_text},
    Target{"libbpf_log", libbpf_log},
    Target{"listen_address", listen_address},
    Target{"live_json", live_json},
    Target{"mountinfo", mountinfo},
    Target{"mounts", mounts},
    Target{"path_mounts", path_mounts},
    Target{"port_holder", port_holder},
    Target{"processes", processes},
    Target{"stat_report", stat_report},
    Target{"tls_names", tls_names},
    Target{"top_screen", top_screen},
    Target{"trace_filter", trace_filter},
    Target{"trace_line", trace_line},
    Target{"verify_report", verify_report},
    Target{"web_config", web_config},
};

int usage() {
  std::fputs("usage: fuzz TARGET [FILE | DIRECTORY]...; the targets:\n", stderr);
  for (const Target& each : kTargets) std::printf("%s\n", each.name.data());
  return 2;
}

#ifdef FUSESCOPE_LIBFUZZER

void (*chosen)(std::string_view);

int run_one(const std::uint8_t* data, std::size_t size) {
  chosen({reinterpret_cast<const char*>(data), size});
  return 0;
}

int run(const Target& target, int count, char** words) {
  chosen = target.run;
  return LLVMFuzzerRunDriver(&count, &words, run_one);
}

#else

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int run(const Target& target, int count, char** words) {
  std::size_t inputs = 0;
  for (const char* word : std::span(words, static_cast<std::size_t>(count)).subspan(1)) {
    for (const auto& entry : std::filesystem::directory_iterator(word)) {
      std::fprintf(stderr, "%s\n", entry.path().c_str());  // the last one is that which broke it
      target.run(bytes_of(entry.path()));
      inputs++;
    }
  }
  std::printf("%zu inputs\n", inputs);
  return inputs ? 0 : 1;
}

#endif

}  // namespace

void hold(bool promise, std::string_view what, std::string_view output) {
  if (promise) return;
  std::fprintf(stderr, "broken promise: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(output.size()), output.data());
  std::abort();
}

}  // namespace fusescope::fuzz

int main(int count, char** words) {
  using namespace fusescope::fuzz;
  if (count < 2) return usage();
  for (const Target& each : kTargets) {
    if (each.name != words[1]) continue;
    words[1] = words[0];  // of libFuzzer: the program's name, which it runs again with -fork
    return run(each, count - 1, words + 1);
  }
  return usage();
}
