#include "report/writer.h"

namespace acuate {
namespace {

std::string render(const char* id, const Report& report, const RenderOptions& options) {
  const ReportWriter* writer = report_writers().lookup(id);
  ACUATE_CHECK(writer != nullptr, std::string("no report writer ") + id);
  return writer->render(report, options);
}

}  // namespace

const ReportWriterRegistry& report_writers() {
  static const ReportWriterRegistry kRegistry = [] {
    ReportWriterRegistry all;
    register_all_writers(all);
    return all;
  }();
  return kRegistry;
}

std::string render_json(const Report& report) { return render("json", report, {}); }

std::string render_html(const Report& report) { return render("html", report, {}); }

std::string render_terminal(const Report& report, const RenderOptions& options) {
  return render("terminal", report, options);
}

}  // namespace acuate
