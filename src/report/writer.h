#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/registry.h"
#include "base/result.h"
#include "report/report.h"

namespace acuate {

struct RenderOptions {
  bool colour = false;  // ANSI colours; only the terminal writer has any
};

// Renders a report as one text. Units live in report/writers/.
struct ReportWriter {
  std::string id;
  std::string extension;  // ".json"
  std::string summary;
  std::function<std::string(const Report&, const RenderOptions&)> render;
};

using ReportWriterRegistry = Registry<ReportWriter>;
void register_all_writers(ReportWriterRegistry& registry);

// All writers there are.
const ReportWriterRegistry& report_writers();

// Shorthands for `report_writers().lookup(…)->render(report, options)`.
std::string render_json(const Report& report);
std::string render_html(const Report& report);
std::string render_terminal(const Report& report, const RenderOptions& options = {});

// Findings alone, grouped as in the whole report, and as the list that `report.json` holds.
std::string render_findings(const std::vector<Finding>& findings,
                            const RenderOptions& options = {});
nlohmann::ordered_json findings_json(const std::vector<Finding>& findings);

// Reads what the json writer wrote (`schema_version` 1). Members that it does not know are skipped;
// an error names the member, what was found and what was expected.
Result<Report> parse_report(std::string_view json_text);

}  // namespace acuate
