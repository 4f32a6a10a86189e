#include "cli/pytorch.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/worker.h"

namespace acuate {
namespace {

constexpr int kCallersMistake = 2;
constexpr int kOurBug = 3;
constexpr int kInterrupted = 130;

bool is_identifier(std::string_view text) {
  const auto starts = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_' || c >= 0x80; };
  if (text.empty() || !starts(static_cast<unsigned char>(text[0]))) return false;
  for (const unsigned char c : text)
    if (!starts(c) && std::isdigit(c) == 0) return false;
  return true;
}

bool is_dotted(std::string_view text) {
  while (true) {
    const size_t dot = text.find('.');
    if (!is_identifier(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// `package.module:factory`
bool names_factory(std::string_view text) {
  const size_t colon = text.find(':');
  return colon != std::string_view::npos && is_dotted(text.substr(0, colon)) &&
         is_dotted(text.substr(colon + 1));
}

}  // namespace

bool is_for_pytorch(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || (arguments[0] != "convert" && arguments[0] != "diagnose"))
    return false;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.starts_with('-')) {
      if (argument.find('=') == std::string::npos) ++i;  // its value, for all that is known here
      continue;
    }
    std::error_code code;
    return names_factory(argument) && !std::filesystem::exists(argument, code);
  }
  return false;
}

int run_pytorch_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {find_worker_python("ACUATE_PYTHON"), "-m", "acuate.pytorch"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::fflush(stdout);
  pid_t process = 0;
  if (const int failed =
          ::posix_spawnp(&process, pointers[0], nullptr, nullptr, pointers.data(), environ);
      failed != 0) {
    fmt::print(stderr, "acuate {}: cannot start Python as '{}': {}; set ACUATE_PYTHON\n",
               arguments[0], words[0], strerror(failed));
    return kCallersMistake;
  }
  // It gets Ctrl-C as well, and ends in its own way.
  const auto before = std::signal(SIGINT, SIG_IGN);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  std::signal(SIGINT, before);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  if (WTERMSIG(status) == SIGINT) return kInterrupted;
  fmt::print(stderr, "acuate {}: Python ended with signal {} ({})\n", arguments[0],
             WTERMSIG(status), strsignal(WTERMSIG(status)));
  return kOurBug;
}

}  // namespace acuate
