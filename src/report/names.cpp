#include "report/names.h"

#include <array>

namespace acuate {
namespace {

constexpr std::array<std::string_view, 3> kSeverities = {"error", "warning", "info"};
constexpr std::array<std::string_view, 4> kStatuses = {"converted", "host", "ignored", "failed"};

template <class Enum, size_t kSize>
std::optional<Enum> find(const std::array<std::string_view, kSize>& names, std::string_view name) {
  for (size_t i = 0; i < kSize; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view module_status_name(ModuleStatus status) {
  return kStatuses.at(static_cast<size_t>(status));
}

std::optional<Severity> parse_severity(std::string_view name) {
  return find<Severity>(kSeverities, name);
}

std::optional<ModuleStatus> parse_module_status(std::string_view name) {
  return find<ModuleStatus>(kStatuses, name);
}

}  // namespace acuate
