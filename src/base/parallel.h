#pragma once

#include <cstddef>
#include <functional>

namespace acuate {

// Calls work(0) … work(count − 1), each once, on up to `threads` threads (0: as many as this
// process may use) and returns when all are done. An exception from `work` is thrown again here
// after the others have finished.
void parallel_for(size_t count, int threads, const std::function<void(size_t)>& work);

}  // namespace acuate
