#include "convert/requirement.h"

#include <cmath>

#include "base/text.h"

namespace acuate {
namespace {

// Why the value does not meet the requirement; empty where it does.
std::string shortfall(const Requirement& requirement, const MetricValue& value) {
  const std::string where =
      value.output.empty() ? "" : " of output '" + to_valid_utf8(value.output) + "'";
  if (value.is_perfect && requirement.kind == Requirement::Kind::Floor) return {};
  if (!value.converted)
    return fmt::format("{}: {}{} has no value ({})", requirement.text, value.name, where,
                       value.reason);
  if (requirement.kind == Requirement::Kind::Floor) {
    if (*value.converted >= requirement.limit) return {};
    return fmt::format("{}: {}{} is {:.2f}, below {:.2f}", requirement.text, value.name, where,
                       *value.converted, requirement.limit);
  }
  if (!value.baseline)
    return fmt::format("{}: {}{} has no baseline to drop from", requirement.text, value.name,
                       where);
  const double drop = *value.baseline - *value.converted;
  const double allowed = requirement.kind == Requirement::Kind::RelativeDrop
                             ? requirement.limit * std::abs(*value.baseline)
                             : requirement.limit;
  if (drop <= allowed + 1e-12) return {};
  return fmt::format("{}: {}{} dropped from {:.4f} to {:.4f}, by {:.4f}; {:.4f} is allowed",
                     requirement.text, value.name, where, *value.baseline, *value.converted, drop,
                     allowed);
}

}  // namespace

bool is_of_metric(const MetricValue& value, const std::string& metric) {
  return value.name == metric || value.name == metric + "_db" ||
         value.name == metric.substr(0, metric.rfind("_db"));
}

Result<Requirement> parse_requirement(std::string_view text) {
  const size_t equals = text.rfind('=');
  if (equals == text.npos || equals == 0)
    return fail("--max-drop '{}': expected METRIC=VALUE, as in top1=0.5%, top1=0.005 or sqnr=20dB",
                text);
  Requirement requirement;
  requirement.text = text;
  requirement.metric = to_snake_case(text.substr(0, equals));
  std::string_view value = text.substr(equals + 1);
  if (value.ends_with("dB")) {
    requirement.kind = Requirement::Kind::Floor;
    value.remove_suffix(2);
  } else if (value.ends_with("%")) {
    requirement.kind = Requirement::Kind::RelativeDrop;
    value.remove_suffix(1);
  }
  const auto number = parse_double(value);
  if (!number || (requirement.kind != Requirement::Kind::Floor && *number < 0))
    return fail("--max-drop '{}': '{}' is not a number; expected one like 0.5%, 0.005 or 20dB",
                text, text.substr(equals + 1));
  requirement.limit = requirement.kind == Requirement::Kind::RelativeDrop ? *number / 100 : *number;
  return requirement;
}

std::vector<std::string> unmet(const std::vector<Requirement>& requirements,
                               const std::vector<MetricValue>& values) {
  std::vector<std::string> out;
  for (const Requirement& requirement : requirements) {
    bool measured = false;
    for (const MetricValue& value : values) {
      if (!is_of_metric(value, requirement.metric)) continue;
      measured = true;
      if (std::string reason = shortfall(requirement, value); !reason.empty())
        out.push_back(std::move(reason));
    }
    if (!measured)
      out.push_back(requirement.text + ": the metric was not measured; name it in the --eval file");
  }
  return out;
}

}  // namespace acuate
