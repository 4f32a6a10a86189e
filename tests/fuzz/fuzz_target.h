#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Each *_fuzz.cpp of this folder defines one target by libFuzzer's entry points. Built with clang
// (`make fuzz`) libFuzzer drives it; in every other build, replay.cpp does.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace acuate::fuzz {

// The folders of inputs to begin with, besides tests/fuzz/corpus/<target>; defined by each target.
extern const char* const kSeedFolders[2];  // null: none
extern const char* const kSeedExtension;   // of the files in them, `.onnx`

// Ends the process with `message`: what the fuzzer reports.
[[noreturn]] void fail(std::string_view what, std::string_view message);
inline void require(bool holds, std::string_view what, std::string_view message = {}) {
  if (!holds) fail(what, message);
}

}  // namespace acuate::fuzz
