#include "base/stop.h"

#include <atomic>

namespace acuate {
namespace {
std::atomic<bool> stop_flag{false};
}

void request_stop() { stop_flag.store(true, std::memory_order_relaxed); }
bool stop_requested() { return stop_flag.load(std::memory_order_relaxed); }
void clear_stop() { stop_flag.store(false, std::memory_order_relaxed); }

}  // namespace acuate
