#include "convert/signature.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace acuate {
namespace {

constexpr uint64_t kMaxDim = uint64_t{1} << 40;
constexpr const char* kRoot = "(model)";  // as rows name it

std::string row_path(const std::string& path) { return path.empty() ? kRoot : path; }

// `a.b.c` → `a.b` → `a` → the root → nothing.
std::optional<std::string> holder_of(const std::string& path) {
  if (path == kRoot) return std::nullopt;
  const size_t dot = path.find_last_of("./");
  return dot == std::string::npos ? kRoot : path.substr(0, dot);
}

void add(Measure& to, const Measure& from) {
  if (to && from)
    to = Measure(*to + *from);
  else if (!from)
    to = from;
}

void merge(ReportModule& into, const ReportModule& row) {
  if (into.nodes == 0) {
    into.status = row.status;
    into.engine = row.engine;
  } else if (row.nodes > 0 && row.status != into.status && into.status != ModuleStatus::Failed) {
    into.status = ModuleStatus::Host;  // not all of it is on the target
  }
  into.nodes += row.nodes;
  into.parameters += row.parameters;
  into.num_errors += row.num_errors;
  if (into.error.empty()) into.error = row.error;
  add(into.macs, row.macs);
  add(into.time_us, row.time_us);
}

// The state of rows without nodes of their own: all that they hold decides, and where that has no
// nodes either, what holds them.
template <class Nearest>
void settle(std::vector<ReportModule>& rows, const Nearest& nearest) {
  struct Inside {
    bool any = false, all_converted = true, one_engine = true;
    std::string engine;
  };
  std::vector<Inside> inside(rows.size());
  for (const ReportModule& row : rows) {
    if (row.nodes == 0) continue;
    for (std::string path = row.path; path != kRoot;) {
      const size_t holder = nearest(path);
      Inside& sum = inside[holder];
      sum.one_engine &= !sum.any || sum.engine == row.engine;
      sum.any = true;
      sum.all_converted &= row.status == ModuleStatus::Converted;
      sum.engine = row.engine;
      path = rows[holder].path;
    }
  }
  const auto is_settled = [&](size_t i) { return rows[i].nodes > 0 || inside[i].any; };
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].nodes > 0 || !inside[i].any || rows[i].status == ModuleStatus::Failed) continue;
    rows[i].status = inside[i].all_converted ? ModuleStatus::Converted : ModuleStatus::Host;
    rows[i].engine = inside[i].one_engine ? inside[i].engine : "";
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (is_settled(i) || rows[i].path == kRoot) continue;
    size_t holder = nearest(rows[i].path);
    while (!is_settled(holder) && rows[holder].path != kRoot) holder = nearest(rows[holder].path);
    rows[i].status = rows[holder].status;
    rows[i].engine = rows[holder].engine;
  }
}

Result<KnownModule> read_module(const nlohmann::json& json) {
  const auto is = [&](const char* key, auto test) {
    const auto member = json.find(key);
    return member != json.end() && test(*member);
  };
  const auto text = [](const nlohmann::json& value) { return value.is_string(); };
  const auto count = [](const nlohmann::json& value) { return value.is_number_unsigned(); };
  if (!json.is_object() || !is("path", text) || !is("class", text) || !is("calls", count))
    return fail("expected {{\"path\": text, \"class\": text, \"calls\": count}}, found {}",
                json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace).substr(0, 80));
  return KnownModule{json["path"].get<std::string>(), json["class"].get<std::string>(),
                     json["calls"].get<int64_t>()};
}

}  // namespace

Result<Signature> read_signature(const std::filesystem::path& file) {
  auto text = read_text_file(file);
  if (!text) return text.error();
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return fail("{}: expected a JSON object", file.string());
  Signature signature{std::move(*text), {}, {}};
  if (const auto shapes = json.find("sample_shapes"); shapes != json.end()) {
    if (!shapes->is_object()) return fail("{}: 'sample_shapes' is no object", file.string());
    for (const auto& [input, shape] : shapes->items()) {
      const bool fits =
          shape.is_array() && std::all_of(shape.begin(), shape.end(), [](auto& dim) {
            return dim.is_number_unsigned() && dim.template get<uint64_t>() <= kMaxDim;
          });
      if (!fits) return fail("{}: sample_shapes['{}'] is no shape", file.string(), input);
      signature.sample_shapes[input] = shape.template get<Shape>();
    }
  }
  const auto modules = json.find("modules");
  if (modules == json.end()) return signature;
  if (!modules->is_array()) return fail("{}: 'modules' is no list", file.string());
  for (size_t i = 0; i < modules->size(); ++i) {
    auto module = read_module((*modules)[i]);
    if (!module) return fail("{}: modules[{}]: {}", file.string(), i, module.error().message);
    signature.modules.push_back(std::move(*module));
  }
  if (signature.modules.empty() || !signature.modules[0].path.empty())
    return fail("{}: 'modules' must begin with the whole model, whose path is empty",
                file.string());
  return signature;
}

void tell_known_modules(Report& report, const std::vector<KnownModule>& known) {
  if (known.empty()) return;
  std::map<std::string, ReportModule> found;
  for (ReportModule& row : report.modules) found.emplace(row.path, row);
  std::map<std::string, size_t> places;
  std::vector<ReportModule> rows;
  const ReportModule* sample = report.modules.empty() ? nullptr : &report.modules[0];
  for (const KnownModule& module : known) {
    const std::string path = row_path(module.path);
    if (!places.emplace(path, rows.size()).second) continue;  // one module under two names
    const auto same = found.find(path);
    ReportModule row;
    if (same != found.end()) {
      row = std::move(same->second);
      found.erase(same);
    } else {
      row.path = path;
      row.status = ModuleStatus::Converted;
      row.macs = Measure(0);
      row.time_us = sample && sample->time_us ? Measure(0) : Measure::none("not measured");
      row.sqnr_db = row.cosine = Measure::none("not measured by module");
    }
    row.type = module.class_name;
    row.calls = module.calls;
    rows.push_back(std::move(row));
  }
  const auto nearest = [&](const std::string& path) {
    for (auto holder = holder_of(path); holder; holder = holder_of(*holder))
      if (const auto place = places.find(*holder); place != places.end()) return place->second;
    return size_t{0};
  };
  for (const auto& [path, row] : found) merge(rows[nearest(path)], row);
  settle(rows, nearest);
  report.modules = std::move(rows);
  report.coverage.modules_total = static_cast<int64_t>(report.modules.size());
  report.coverage.modules_converted =
      std::count_if(report.modules.begin(), report.modules.end(),
                    [](const ReportModule& row) { return row.status == ModuleStatus::Converted; });
}

}  // namespace acuate
