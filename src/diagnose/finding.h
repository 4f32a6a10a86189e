#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace acuate {

enum class Severity { Error, Warning, Info };

// `error`, `warning`, `info`: in files and on screen.
constexpr std::string_view severity_name(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "info";
}

// What mending a finding brings, where that could be predicted or measured.
struct Worth {
  std::optional<double> coverage;  // gain of the fraction of nodes on the target, 0…1
  std::optional<double> engines;   // change of the number of engines; negative is better
  std::optional<double> ms;        // change of the latency; negative is faster

  bool empty() const { return !coverage && !engines && !ms; }
  bool operator==(const Worth&) const = default;
};

// Trouble in the user's model, in terms of the user's own modules.
struct Finding {
  std::string id;  // snake_case; documented by `acuate explain ID`
  Severity severity = Severity::Warning;
  std::string target;  // id of the target that it concerns; empty: every target
  std::string module;  // path of the user's module; empty: the whole model
  // All modules that the nodes came of, `module` first; empty where that is the only one.
  std::vector<std::string> modules;
  std::vector<std::string> nodes;
  std::string cause;             // one sentence: what is wrong, in general
  std::string evidence;          // what was found here: the value, shape or attribute
  std::vector<std::string> fix;  // edit commands, one line each; empty: nothing automatic
  Worth worth;
  std::string stage;  // of the pipeline, where it was found; empty: diagnose

  bool operator==(const Finding&) const = default;
};

}  // namespace acuate
