// Drives a fuzz target without libFuzzer: every input of its corpus, then mutations of them, the
// same ones every time.
//
//   <target>_fuzz [--mutations N] [FILE…]     with files: only these, as they are
//   <target>_fuzz --copy-corpus FOLDER        runs nothing: what libFuzzer is to begin with
//
// A crash leaves its input behind, as <target>_fuzz.input in the working directory.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "fuzz/fuzz_target.h"
#include "property/random.h"

namespace {
namespace fs = std::filesystem;
using Input = std::vector<uint8_t>;

constexpr size_t kMaxSeedBytes = 4096;  // larger inputs take long and find no more

Input read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Input> corpus() {
  std::vector<fs::path> paths;
  const auto collect = [&](const fs::path& folder, const std::string& extension) {
    if (fs::is_directory(folder))
      for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && entry.file_size() <= kMaxSeedBytes &&
            (extension.empty() || entry.path().extension() == extension))
          paths.push_back(entry.path());
  };
  collect(ACUATE_FUZZ_CORPUS, "");
  for (const char* folder : acuate::fuzz::kSeedFolders)
    if (folder != nullptr) collect(folder, acuate::fuzz::kSeedExtension);
  std::sort(paths.begin(), paths.end());
  std::vector<Input> inputs;
  for (const fs::path& path : paths) inputs.push_back(read(path));
  return inputs;
}

void mutate(Input& input, const std::vector<Input>& others, acuate::property::Random& random) {
  const auto place = [&](const Input& of) {
    return static_cast<size_t>(random.between(0, static_cast<int64_t>(of.size())));
  };
  const auto at = [&] {
    return input.begin() + static_cast<std::ptrdiff_t>(std::min(place(input), input.size() - 1));
  };
  switch (random.between(0, 6)) {
    case 0:
      if (!input.empty()) *at() ^= static_cast<uint8_t>(1 << random.between(0, 7));
      break;
    case 1:
      if (!input.empty()) *at() = random.of<uint8_t>({0, 1, 0x7f, 0x80, 0xff, '"', '\n', ' '});
      break;
    case 2:  // a byte more
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(place(input)),
                   static_cast<uint8_t>(random.between(0, 255)));
      break;
    case 3: {  // a piece less
      const size_t from = place(input);
      const size_t count =
          std::min(input.size() - from, static_cast<size_t>(random.between(1, 16)));
      input.erase(input.begin() + static_cast<std::ptrdiff_t>(from),
                  input.begin() + static_cast<std::ptrdiff_t>(from + count));
      break;
    }
    case 4: {  // a piece of another input
      const Input& other = random.of(others);
      const size_t from = place(other);
      const size_t count =
          std::min(other.size() - from, static_cast<size_t>(random.between(1, 64)));
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(place(input)),
                   other.begin() + static_cast<std::ptrdiff_t>(from),
                   other.begin() + static_cast<std::ptrdiff_t>(from + count));
      break;
    }
    case 5: {  // a piece twice
      const size_t from = place(input);
      const size_t count =
          std::min(input.size() - from, static_cast<size_t>(random.between(1, 32)));
      const Input piece(input.begin() + static_cast<std::ptrdiff_t>(from),
                        input.begin() + static_cast<std::ptrdiff_t>(from + count));
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(from), piece.begin(), piece.end());
      break;
    }
    default:  // cut off
      input.resize(place(input));
  }
}

const Input* current = nullptr;

// Only what a signal handler may call.
void keep_input(int signal) {
  const int file = open(ACUATE_FUZZ_NAME ".input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && current != nullptr && write(file, current->data(), current->size()) >= 0)
    close(file);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const Input& input) {
  current = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

int copy_corpus(const fs::path& folder) {
  size_t count = 0;
  for (const Input& input : corpus()) {
    std::ofstream file(folder / ("seed-" + std::to_string(count++)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(input.data()),
               static_cast<std::streamsize>(input.size()));
    if (!file.flush()) acuate::fuzz::fail("cannot write a seed into", folder.native());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--copy-corpus") == 0) return copy_corpus(argv[2]);
  int mutations = 2000;
  std::vector<Input> named;
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
      mutations = std::atoi(argv[++i]);
    else
      named.push_back(read(argv[i]));
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, keep_input);
  const std::vector<Input> inputs = named.empty() ? corpus() : named;
  if (inputs.empty()) acuate::fuzz::fail(ACUATE_FUZZ_NAME, "no corpus");
  for (const Input& input : inputs) run(input);
  acuate::property::Random random(1);
  if (!named.empty()) mutations = 0;
  for (int i = 0; i < mutations; ++i) {
    Input input = random.of(inputs);
    for (int64_t k = random.between(1, 4); k > 0; --k) mutate(input, inputs, random);
    run(input);
  }
  std::printf("%zu inputs and %d mutations of them\n", inputs.size(), mutations);
}
