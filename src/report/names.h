#pragma once

#include <optional>
#include <string_view>

#include "report/report.h"

// The words that `report.json` uses for enumerators.
namespace acuate {

std::string_view module_status_name(ModuleStatus status);  // converted | host | ignored | failed
std::optional<Severity> parse_severity(std::string_view name);
std::optional<ModuleStatus> parse_module_status(std::string_view name);

}  // namespace acuate
