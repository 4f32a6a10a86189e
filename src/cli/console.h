#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/progress.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace acuate {

// Where a command writes: text for people on stdout, the machine-readable form where `--json
// FILE|-` says. With `-` stdout is JSON only and the text goes to stderr.
class Console {
 public:
  // Declares --json.
  static std::shared_ptr<Console> declare(CLI::App& app);

  void print(std::string_view text) const;  // a line end is added where there is none
  Result<void> write_json(const nlohmann::ordered_json& json) const;
  Result<void> write_json_text(std::string_view json_text) const;
  bool wants_json() const { return !json_.empty(); }
  // Prints what the libraries have to say, a sentence at a time.
  std::function<void(const std::string&)> note() const;
  bool colour() const;  // stdout is a terminal, and NO_COLOR is not set

  // A bar with rate and time left on a terminal, a plain line every tenth elsewhere; on stderr.
  Progress progress() const;

 private:
  std::string json_;
};

}  // namespace acuate
