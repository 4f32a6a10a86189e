#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace acuate {

// What long work tells of itself; a front end turns it into a bar or plain lines. `total` 0:
// unknown.
struct ProgressEvent {
  std::string stage;  // `calibrate`
  uint64_t done = 0;
  uint64_t total = 0;
  std::string unit;  // `images`
};
using Progress = std::function<void(const ProgressEvent&)>;

// Wall time of one stage and the process's peak resident memory at its end.
struct StageRecord {
  std::string name;
  double seconds = 0;
  uint64_t peak_rss_bytes = 0;
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// User plus system CPU time of this process, all threads.
double cpu_seconds();
// VmHWM: the most resident memory this process has had.
uint64_t peak_rss_bytes();

}  // namespace acuate
