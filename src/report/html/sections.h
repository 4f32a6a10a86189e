#pragma once

#include <string>

#include "report/report.h"

// The parts of `report.html` from top to bottom; one that has nothing to show is empty. A section
// begins with `<section id="…">`, by which the page links to it.
namespace acuate {

std::string html_header(const Report& report);
std::string html_cards(const Report& report);
std::string html_stages(const Report& report);
std::string html_model(const Report& report);
std::string html_findings(const Report& report);
std::string html_modules(const Report& report);
std::string html_accuracy(const Report& report);
std::string html_latency(const Report& report);
std::string html_kernels(const Report& report);
std::string html_quantization(const Report& report);
std::string html_environment(const Report& report);

// "0.5025", or the reason why there is no number.
std::string measure_text(const Measure& measure, int digits, const char* unit = "");
// What a cell sorts by: the number, or nothing.
std::string sort_value(const Measure& measure);

}  // namespace acuate
