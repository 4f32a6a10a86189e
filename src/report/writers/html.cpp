#include <array>

#include <fmt/format.h>

#include "report/embedded.h"
#include "report/html/markup.h"
#include "report/html/sections.h"
#include "report/writer.h"

// One page that needs nothing else: no request leaves it, and its policy allows only the style and
// the script that stand in it (Content Security Policy Level 3, hash sources).
namespace acuate {
namespace {

struct Part {
  const char* id;
  const char* title;
  std::string (*render)(const Report&);
};
constexpr std::array<Part, 9> kParts = {{{"stages", "Pipeline", html_stages},
                                         {"findings", "Findings", html_findings},
                                         {"modules", "Modules", html_modules},
                                         {"accuracy", "Accuracy", html_accuracy},
                                         {"latency", "Latency", html_latency},
                                         {"kernels", "Kernels", html_kernels},
                                         {"quantization", "Quantization", html_quantization},
                                         {"model", "Model", html_model},
                                         {"environment", "Environment", html_environment}}};

std::string render(const Report& report, const RenderOptions&) {
  std::string links, body;
  for (const Part& part : kParts) {
    const std::string html = part.render(report);
    if (html.empty()) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>\n", part.id, part.title);
    body += html;
  }
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'sha256-{}' 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action "
      "'none'\">\n",
      base64_of_hex(report_css_sha256()), base64_of_hex(plots_css_sha256()),
      base64_of_hex(report_js_sha256()));
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += element("title", "", "acuate: " + report.model.path) + "\n<style>";
  out += report_css();
  out += "</style>\n<style>";
  out += plots_css();
  out += "</style>\n</head>\n<body>\n" + html_header(report);
  out += "<nav aria-label=\"Sections\"><div class=\"inner\">\n" + links + "</div></nav>\n<main>\n";
  out += html_cards(report) + body + "</main>\n<script>";
  out += report_js();
  return out + "</script>\n</body>\n</html>\n";
}

}  // namespace

void register_report_html(ReportWriterRegistry& registry) {
  registry.add({"html", ".html", "one self-contained page for a browser", render});
}

}  // namespace acuate
