#include "cli/console.h"

#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/file.h"
#include "report/display.h"

namespace acuate {

std::shared_ptr<Console> Console::declare(CLI::App& app) {
  auto console = std::make_shared<Console>();
  app.add_option("--json", console->json_,
                 "write the machine-readable form to FILE, or to stdout with -")
      ->type_name("FILE|-");
  return console;
}

void Console::print(std::string_view text) const {
  std::FILE* stream = json_ == "-" ? stderr : stdout;
  fmt::print(stream, "{}", text);
  if (!text.ends_with('\n')) fmt::print(stream, "\n");
  std::fflush(stream);
}

std::function<void(const std::string&)> Console::note() const {
  return [this](const std::string& line) { print(printable(line)); };
}

Result<void> Console::write_json(const nlohmann::ordered_json& json) const {
  return write_json_text(
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

Result<void> Console::write_json_text(std::string_view json_text) const {
  if (json_.empty()) return {};
  std::string text(json_text);
  if (!text.ends_with('\n')) text += '\n';
  if (json_ != "-") return write_text_file(json_, text);
  fmt::print(stdout, "{}", text);
  if (std::fflush(stdout) != 0) return fail("cannot write to stdout");
  return {};
}

bool Console::colour() const {
  return json_ != "-" && isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
}

Progress Console::progress() const {
  struct State {
    std::string stage;
    Stopwatch watch;
    uint64_t printed_tenths = 0;
  };
  auto state = std::make_shared<State>();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return [state, terminal](const ProgressEvent& event) {
    if (event.stage != state->stage) *state = {event.stage, {}, 0};
    const double seconds = state->watch.seconds();
    const double rate = seconds > 0 ? static_cast<double>(event.done) / seconds : 0;
    const double left = rate > 0 && event.total > event.done
                            ? static_cast<double>(event.total - event.done) / rate
                            : 0;
    const bool last = event.done >= event.total;
    if (terminal) {
      constexpr uint64_t kWidth = 30;
      const uint64_t filled =
          event.total > 0 ? std::min(kWidth, event.done * kWidth / event.total) : 0;
      fmt::print(stderr, "\r\033[K{:<10} [{:#<{}}{:.<{}}] {}/{} {}  {:.1f}/s  {:.0f} s left",
                 event.stage, "", filled, "", kWidth - filled, event.done, event.total, event.unit,
                 rate, left);
      if (last) fmt::print(stderr, "\r\033[K");
      std::fflush(stderr);
      return;
    }
    const uint64_t tenths = event.total > 0 ? event.done * 10 / event.total : 0;
    if (tenths <= state->printed_tenths && !last) return;
    state->printed_tenths = tenths;
    if (last || tenths % 5 == 0)
      fmt::print(stderr, "{}: {}/{} {}, {:.1f}/s\n", event.stage, event.done, event.total,
                 event.unit, rate);
  };
}

}  // namespace acuate
