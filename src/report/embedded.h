#pragma once

#include <string_view>

// Files of this room that the binary carries.
namespace acuate {

std::string_view report_schema();    // schema/report.schema.json
std::string_view manifest_schema();  // schema/manifest.schema.json
std::string_view report_css();       // web/report.css
std::string_view report_js();        // web/report.js
std::string_view plots_css();        // web/plots.css, of the page and of drawings in files

// SHA-256 of the three above as hex digits, for the content security policy of the page.
std::string_view report_css_sha256();
std::string_view report_js_sha256();
std::string_view plots_css_sha256();

}  // namespace acuate
