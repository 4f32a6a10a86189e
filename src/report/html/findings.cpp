#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/display.h"
#include "report/html/markup.h"
#include "report/html/sections.h"
#include "report/names.h"

namespace acuate {
namespace {

constexpr size_t kMaxFixes = 200;
constexpr size_t kMaxNames = 300;
constexpr size_t kMaxEvidence = 4;
constexpr size_t kMaxStatusRows = 60;
constexpr int64_t kOpenLeaves = 40;
constexpr int kOpenDepth = 2;

std::string more(size_t count, const char* what) {
  return element("p", "dim", fmt::format("… {} more {} in report.json", count, what));
}

std::string names(const char* title, const std::vector<std::string>& list) {
  if (list.empty()) return "";
  const size_t shown = std::min(list.size(), kMaxNames);
  std::string out = fmt::format(
      "<details{}><summary>{}</summary>", list.size() <= 3 ? " open" : "",
      escape_html(fmt::format("{} {}{}", list.size(), title, list.size() == 1 ? "" : "s")));
  out += element("div", "names", join(std::span(list).first(shown), ", "));
  if (list.size() > shown) out += more(list.size() - shown, "names");
  return out + "</details>\n";
}

std::string code_block(const std::vector<std::string>& commands) {
  if (commands.empty()) return "";
  const size_t shown = std::min(commands.size(), kMaxFixes);
  std::string out = "<div class=\"code\"><pre><code>" + escape_html(commands.front());
  for (size_t i = 1; i < shown; ++i) out += "\n" + escape_html(commands[i]);
  out += "</code></pre></div>\n";
  if (commands.size() > shown) out += more(commands.size() - shown, "commands");
  return out;
}

std::string evidence(const FindingGroup& group) {
  std::vector<std::string> list;
  for (const Finding* finding : group.findings) {
    if (list.size() > kMaxEvidence) break;
    if (!finding->evidence.empty() &&
        std::find(list.begin(), list.end(), finding->evidence) == list.end()) {
      list.push_back(finding->evidence);
    }
  }
  if (list.empty()) return "";
  std::string out = "<ul class=\"evidence\">";
  for (size_t i = 0; i < std::min(list.size(), kMaxEvidence); ++i) {
    out += element("li", "", list[i]);
  }
  if (list.size() > kMaxEvidence) out += element("li", "", "… and others alike");
  return out + "</ul>\n";
}

std::string finding_html(const FindingGroup& group) {
  const Finding& first = group.first();
  std::string out = "<article class=\"finding\">\n<div class=\"finding-head\">";
  out += element("span", fmt::format("badge {}", severity_name(first.severity)),
                 severity_name(first.severity));
  out += element("code", "", to_kebab_case(first.id));
  if (group.findings.size() > 1) {
    out += element("span", "badge", fmt::format("× {}", group.findings.size()));
  }
  if (!first.target.empty()) out += element("span", "badge", to_kebab_case(first.target));
  if (!first.stage.empty()) out += element("span", "dim", "found by " + to_kebab_case(first.stage));
  out += "</div>\n" + element("p", "", first.cause) + evidence(group) + code_block(group.fixes);
  const std::string worth = format_worth(first.worth);
  if (group.findings.size() == 1 && !worth.empty()) {
    out += element("p", "good", "Worth: " + worth);
  }
  return out + names("module", group.modules) + names("node", group.nodes) + "</article>\n";
}

std::string badge(ModuleStatus status, const std::string& text) {
  return element("span", fmt::format("badge {}", module_status_name(status)), text);
}

std::string tree_numbers(const ModuleTree& tree) {
  return tree.has_time ? element("span", "num", format_fixed(tree.time_us, 0) + " µs") : "";
}

// Upper branches of mixed status stand open, the others closed.
std::string tree_html(const ModuleTree& tree, int depth = 0) {
  const std::string type = tree.module != nullptr ? element("span", "dim", tree.module->type) : "";
  const ModuleStatus status = tree.worst_status();
  const std::string label = element("span", "name", tree.name) + type;
  if (tree.children.empty()) {
    return "<li><div class=\"leaf\">" + label +
           badge(status, std::string(module_status_name(status))) + tree_numbers(tree) +
           "</div></li>\n";
  }
  const std::string text =
      tree.is_uniform() ? fmt::format("{} {}", tree.size(), module_status_name(status))
                        : fmt::format("{} of {} converted", tree.modules_by_status[0], tree.size());
  std::string out = fmt::format("<li><details{}><summary>{}{}{}</summary><ul>\n",
                                tree.is_uniform() || depth >= kOpenDepth ? "" : " open", label,
                                badge(status, text), tree_numbers(tree));
  for (const ModuleTree& child : tree.children) out += tree_html(child, depth + 1);
  return out + "</ul></details></li>\n";
}

std::string status_table(const std::vector<ReportModule>& modules) {
  std::string out =
      "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>status</th><th>module "
      "class</th>"
      "<th class=\"num\">device time</th><th class=\"num\">events</th><th>error</th>"
      "<th class=\"num\">num_errors</th></tr></thead><tbody>\n";
  const std::vector<StatusRow> rows = status_rows(modules);
  for (size_t i = 0; i < std::min(rows.size(), kMaxStatusRows); ++i) {
    const StatusRow& row = rows[i];
    out += "<tr><td>" + badge(row.status, std::string(module_status_name(row.status))) + "</td>" +
           element("td", "name", row.type);
    out += number_cell(row.has_time ? format_fixed(row.time_us, 1) + " µs" : "–",
                       row.has_time ? fmt::format("{}", row.time_us) : "");
    out += number_cell(format_count(row.events), std::to_string(row.events));
    out += element("td", "text", row.error);
    out += number_cell(format_count(row.num_errors), std::to_string(row.num_errors)) + "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  return rows.size() > kMaxStatusRows ? out + more(rows.size() - kMaxStatusRows, "rows") : out;
}

}  // namespace

std::string html_findings(const Report& report) {
  const std::vector<FindingGroup> groups = group_findings(report.findings);
  std::string out = "<section id=\"findings\"><h2>Findings";
  if (groups.empty()) return out + "</h2>\n<p class=\"good\">None.</p></section>\n";
  out += element("small", "",
                 fmt::format("{} of {} kind{}", report.findings.size(), groups.size(),
                             groups.size() == 1 ? "" : "s")) +
         "</h2>\n";
  for (const FindingGroup& group : groups) out += finding_html(group);
  return out + "</section>\n";
}

std::string html_modules(const Report& report) {
  if (report.modules.empty()) return "";
  const ModuleTree tree = module_tree(report.modules);
  std::string out = "<section id=\"modules\"><h2>Modules" +
                    element("small", "", format_count(tree.size())) + "</h2>\n" +
                    status_table(report.modules);
  const bool is_long = static_cast<int64_t>(tree.children.size()) > kOpenLeaves;
  out += fmt::format(
      "<h3>Module tree</h3>\n<details{}><summary>{}</summary>\n<div class=\"tree\"><ul>\n",
      is_long ? "" : " open",
      escape_html(fmt::format("{} modules at the top level", tree.children.size())));
  for (const ModuleTree& child : tree.children) out += tree_html(child);
  return out + "</ul></div></details></section>\n";
}

}  // namespace acuate
