#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/probe.h"
#include "cli/steps.h"
#include "evaluate/values.h"
#include "report/display.h"
#include "report/table.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kBytesAtOnce = uint64_t{1} << 29;   // of inner tensors of one model
constexpr uint64_t kUnknownBytes = uint64_t{1} << 25;  // where a shape is not known before
constexpr double kOutlierDb = 10;                      // below the median of all steps
constexpr double kEqualDb = 150;                       // for the median; float32 rounds at that

struct Flags {
  fs::path a, b;
  InputFlags inputs;
  std::string target = "auto";
  double threshold_db = 30;
  int threads = 0;
};

struct Difference {
  std::string tensor, module, op_type;
  std::optional<double> sqnr_db;  // nothing: see reason
  std::optional<double> max_abs;
  std::string reason;  // `equal`, or why there is no number
  bool is_equal() const { return reason == "equal"; }
  // Of the tensor's own step, computed from the first model's values; nothing: see own_reason.
  std::optional<double> own_db;
  std::string own_reason = "not computed";
};

Difference difference(const Tensor& a, const Tensor& b, std::string name) {
  Difference out;
  if (a.shape() != b.shape()) {
    out.reason =
        fmt::format("shapes differ: {} and {}", format_shape(a.shape()), format_shape(b.shape()));
    return out;
  }
  const auto x = to_doubles(a, name), y = to_doubles(b, name);
  if (!x || !y) {
    out.reason = x ? y.error().message : x.error().message;
    return out;
  }
  double signal = 0, noise = 0, largest = 0;
  bool is_finite = true, is_equal = true;
  for (size_t i = 0; i < x->size(); ++i) {
    const double p = (*x)[i], q = (*y)[i];
    if (p == q || (std::isnan(p) && std::isnan(q))) {
      if (std::isfinite(p)) signal += p * p;
      continue;
    }
    is_equal = false;
    is_finite &= std::isfinite(p) && std::isfinite(q);
    signal += p * p;
    noise += (p - q) * (p - q);
    largest = std::max(largest, std::abs(p - q));
  }
  if (is_equal) {
    out.reason = "equal";
    out.max_abs = 0;
  } else if (!is_finite) {
    out.reason = "one has a value that is not finite where the other has another";
  } else {
    out.max_abs = largest;
    if (signal > 0)
      out.sqnr_db = 10 * std::log10(signal / noise);
    else
      out.reason = "the first model gives only zeros";
  }
  return out;
}

class Comparison {
 public:
  explicit Comparison(const Flags& flags) : flags_(flags) {}

  Result<void> run(const Note& note) {
    auto target = resolve_target(flags_.target);
    if (!target) return target.error();
    auto a = Probe::open(flags_.a, note);
    if (!a) return a.error();
    auto b = Probe::open(flags_.b, note);
    if (!b) return b.error();
    choose_points(*a, *b);
    std::set<std::string> names;
    for (const ProbePoint& point : points_) names.insert(point.name);
    for (Probe* probe : {&*a, &*b})
      if (auto loaded = probe->load(names, *target, flags_.threads); !loaded) return loaded;
    auto inputs_a = read_inputs(flags_.inputs, a->inputs(), nullptr);
    if (!inputs_a) return inputs_a.error();
    auto inputs_b = read_inputs(flags_.inputs, b->inputs(), nullptr);
    if (!inputs_b) return fail("{}: {}", flags_.b.string(), inputs_b.error().message);
    if (auto done = compare(*a, *b, *inputs_a, *inputs_b, a_outputs_, outputs); !done) return done;
    for (const auto& piece : pieces(points_))
      if (auto done = compare(*a, *b, *inputs_a, *inputs_b, piece, depth); !done) return done;
    if (auto done = compare_steps(*a, *b, *inputs_a, *inputs_b, *target); !done)
      steps_missing = done.error().message;
    return {};
  }

  // The first tensor, in graph order, that is worse than the threshold.
  const Difference* first_bad() const {
    for (const Difference& entry : depth)
      if (!entry.is_equal() && !(entry.sqnr_db && *entry.sqnr_db >= flags_.threshold_db))
        return &entry;
    return nullptr;
  }

  // What a step errs by in the middle; the noise of the grids, where the second model is quantized.
  std::optional<double> median_own_db() const {
    std::vector<double> all;
    for (const Difference& entry : depth)
      if (entry.own_db || entry.own_reason == "equal")
        all.push_back(std::min(kEqualDb, entry.own_db.value_or(kEqualDb)));
    if (all.empty()) return std::nullopt;
    std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
  }

  // The first tensor whose own step errs more than the threshold, and clearly more than the others.
  const Difference* first_outlier() const {
    const auto median = median_own_db();
    if (!median) return nullptr;
    const double limit = std::min(flags_.threshold_db, *median - kOutlierDb);
    for (const Difference& entry : depth)
      if (entry.own_db && *entry.own_db < limit) return &entry;
    return nullptr;
  }

  const Difference* worst_step() const {
    const Difference* worst = nullptr;
    for (const Difference& entry : depth)
      if (entry.own_db && (worst == nullptr || *entry.own_db < *worst->own_db)) worst = &entry;
    return worst;
  }

  std::vector<Difference> outputs;
  std::vector<Difference> depth;       // in graph order, the outputs among them
  std::string steps_missing;           // why no step could be computed by itself; empty: they were
  std::vector<std::string> only_in_a;  // outputs

 private:
  void choose_points(const Probe& a, const Probe& b) {
    std::map<std::string, uint64_t> in_b;
    for (const ProbePoint& point : b.points()) in_b.emplace(point.name, point.size_bytes);
    for (const ProbePoint& point : a.points()) {
      const auto other = in_b.find(point.name);
      if (other == in_b.end()) continue;
      points_.push_back(point);
      points_.back().size_bytes = std::max(point.size_bytes, other->second);
    }
    for (const std::string& output : a.outputs()) {
      if (std::find(b.outputs().begin(), b.outputs().end(), output) == b.outputs().end()) {
        only_in_a.push_back(output);
        continue;
      }
      const auto point = std::find_if(a.points().begin(), a.points().end(),
                                      [&](const ProbePoint& p) { return p.name == output; });
      a_outputs_.push_back(point == a.points().end() ? ProbePoint{output, "", "", 0} : *point);
    }
  }

  // As many at once as memory is for.
  static std::vector<std::vector<ProbePoint>> pieces(const std::vector<ProbePoint>& points) {
    std::vector<std::vector<ProbePoint>> out;
    uint64_t size_bytes = 0;
    for (const ProbePoint& point : points) {
      const uint64_t size = point.size_bytes > 0 ? point.size_bytes : kUnknownBytes;
      if (out.empty() || size_bytes + size > kBytesAtOnce) {
        out.emplace_back();
        size_bytes = 0;
      }
      out.back().push_back(point);
      size_bytes += size;
    }
    return out;
  }

  // Each tensor of the second model from the first one's values of what it is made of.
  Result<void> compare_steps(Probe& a, const Probe& b, std::span<const Tensor> inputs_a,
                             std::span<const Tensor> inputs_b, const Target& target) {
    std::map<std::string, Difference*> entries;
    std::set<std::string> given;
    for (Difference& entry : depth) {
      entries[entry.tensor] = &entry;
      const Value* x = a.model().graph().find(entry.tensor);
      const Value* y = b.model().graph().find(entry.tensor);
      // Another shape or type cannot stand in.
      if (x->type.element == y->type.element && !entry.reason.starts_with("shapes differ"))
        given.insert(entry.tensor);
    }
    std::vector<ProbePoint> points;
    for (const ProbePoint& point : points_)
      if (given.count(point.name) > 0) points.push_back(point);
    for (const auto& piece : pieces(points)) {
      if (stop_requested()) return fail("interrupted");
      std::vector<std::string> names;
      for (const ProbePoint& point : piece) names.push_back(point.name);
      const GivenValues values = [&](std::span<const std::string> needed) {
        return a.read(inputs_a, needed);
      };
      auto y = run_steps(b.model(), given, names, inputs_b, values, target, flags_.threads);
      if (!y) return y.error();
      auto x = a.read(inputs_a, names);
      if (!x) return x.error();
      for (size_t i = 0; i < names.size(); ++i) {
        const Difference own = difference((*x)[i], (*y)[i], names[i]);
        entries[names[i]]->own_db = own.sqnr_db;
        entries[names[i]]->own_reason = own.reason;
      }
    }
    for (Difference& output : outputs)
      if (const auto entry = entries.find(output.tensor); entry != entries.end())
        output = *entry->second;
    return {};
  }

  static Result<void> compare(Probe& a, Probe& b, std::span<const Tensor> inputs_a,
                              std::span<const Tensor> inputs_b,
                              const std::vector<ProbePoint>& points, std::vector<Difference>& out) {
    if (points.empty()) return {};
    if (stop_requested()) return fail("interrupted");
    std::vector<std::string> names;
    for (const ProbePoint& point : points) names.push_back(point.name);
    auto x = a.read(inputs_a, names);
    if (!x) return x.error();
    auto y = b.read(inputs_b, names);
    if (!y) return y.error();
    for (size_t i = 0; i < points.size(); ++i) {
      Difference entry = difference((*x)[i], (*y)[i], points[i].name);
      entry.tensor = points[i].name;
      entry.module = points[i].module;
      entry.op_type = points[i].op_type;
      out.push_back(std::move(entry));
    }
    return {};
  }

  const Flags& flags_;
  std::vector<ProbePoint> points_;
  std::vector<ProbePoint> a_outputs_;
};

std::string table_text(const std::vector<const Difference*>& rows) {
  TextTable table({{"tensor"},
                   {"module"},
                   {"operator"},
                   {"SQNR", true},
                   {"own step", true},
                   {"max abs", true}});
  for (const Difference* row : rows)
    table.add({printable(row->tensor), printable(row->module), printable(row->op_type),
               row->sqnr_db ? format_fixed(*row->sqnr_db, 1) + " dB" : printable(row->reason),
               row->own_db                  ? format_fixed(*row->own_db, 1) + " dB"
               : row->own_reason == "equal" ? "equal"
                                            : "-",
               row->max_abs ? fmt::format("{:.3g}", *row->max_abs) : "-"});
  return table.render(100);
}

std::string comparison_text(const Comparison& comparison, double threshold_db) {
  std::vector<const Difference*> rows;
  for (const Difference& output : comparison.outputs) rows.push_back(&output);
  std::string text = "Outputs\n" + table_text(rows);
  for (const std::string& name : comparison.only_in_a)
    text += "  the second model has no output '" + printable(name) + "'\n";
  // Through the depth: evenly spaced, the last one among them.
  constexpr size_t kShown = 24;
  const size_t count = comparison.depth.size();
  rows.clear();
  for (size_t i = 0; i < std::min(count, kShown); ++i)
    rows.push_back(&comparison.depth[count <= kShown ? i : i * (count - 1) / (kShown - 1)]);
  text +=
      fmt::format("\nThrough the depth: {} of {} tensors that both have\n", rows.size(), count) +
      table_text(rows);
  const auto place = [](const Difference& entry) {
    return fmt::format("'{}' ({}) in {}", entry.tensor, entry.op_type,
                       entry.module.empty() ? "the model (no module is known)" : entry.module);
  };
  const Difference* bad = comparison.first_bad();
  if (bad == nullptr)
    text += fmt::format("\nNo tensor is below {:g} dB.\n", threshold_db);
  else
    text += "\n" +
            printable(
                fmt::format("First below {:g} dB: {}: {}", threshold_db, place(*bad),
                            bad->sqnr_db ? format_fixed(*bad->sqnr_db, 1) + " dB" : bad->reason)) +
            "\n";
  if (!comparison.steps_missing.empty())
    return text + printable("Steps by themselves: not computed: " + comparison.steps_missing) +
           "\n";
  const Difference* outlier = comparison.first_outlier();
  if (outlier == nullptr) return text;
  const auto step = [&](std::string_view what, const Difference& entry) {
    return printable(fmt::format("{}: {}: {:.1f} dB, the median step {:.1f} dB", what, place(entry),
                                 *entry.own_db, *comparison.median_own_db())) +
           "\n";
  };
  text += step("First that errs by itself", *outlier);
  if (comparison.worst_step() != outlier) text += step("Worst by itself", *comparison.worst_step());
  return text;
}

Json to_json(const Difference& entry) {
  Json json = {{"tensor", entry.tensor},
               {"module", entry.module},
               {"operator", entry.op_type},
               {"sqnr_db", entry.sqnr_db ? Json(*entry.sqnr_db) : Json(nullptr)},
               {"max_abs", entry.max_abs ? Json(*entry.max_abs) : Json(nullptr)}};
  if (!entry.reason.empty()) json["reason"] = entry.reason;
  json["own_db"] = entry.own_db ? Json(*entry.own_db) : Json(nullptr);
  if (!entry.own_reason.empty()) json["own_reason"] = entry.own_reason;
  return json;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("A", flags->a, "ONNX model or artifact folder: the reference")
      ->required()
      ->type_name("MODEL|DIR");
  app.add_option("B", flags->b, "ONNX model or artifact folder")
      ->required()
      ->type_name("MODEL|DIR");
  flags->inputs.declare(app);
  app.add_option("--threshold", flags->threshold_db, "names the first tensor whose SQNR is lower")
      ->capture_default_str()
      ->type_name("DB");
  app.add_option("--target", flags->target, "engine that runs both")->capture_default_str();
  app.add_option("--threads", flags->threads, "of the engine; 0: all")->capture_default_str();
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    Comparison comparison(*flags);
    if (auto done = comparison.run(console->note()); !done) return done.error();
    console->print(comparison_text(comparison, flags->threshold_db));
    Json json = {{"outputs", Json::array()},
                 {"outputs_only_in_a", comparison.only_in_a},
                 {"threshold_db", flags->threshold_db},
                 {"first_below", nullptr},
                 {"first_outlier", nullptr},
                 {"worst_step", nullptr},
                 {"median_own_db", nullptr},
                 {"tensors", Json::array()}};
    for (const Difference& entry : comparison.outputs) json["outputs"].push_back(to_json(entry));
    for (const Difference& entry : comparison.depth) json["tensors"].push_back(to_json(entry));
    if (const Difference* bad = comparison.first_bad()) json["first_below"] = to_json(*bad);
    if (const Difference* bad = comparison.first_outlier()) json["first_outlier"] = to_json(*bad);
    if (const Difference* bad = comparison.worst_step()) json["worst_step"] = to_json(*bad);
    if (const auto median = comparison.median_own_db()) json["median_own_db"] = *median;
    if (!comparison.steps_missing.empty()) json["steps_missing"] = comparison.steps_missing;
    if (auto written = console->write_json(json); !written) return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_compare(CliCommandRegistry& registry) {
  registry.add({.id = "compare",
                .summary = "run two models on one input and tell where their values part, and "
                           "which step errs by itself",
                .examples = "  acuate compare model.onnx model.int8.onnx --input x=in.npy\n"
                            "  acuate compare model.onnx out/ --input x=in.npy --threshold 20",
                .declare = declare});
}

}  // namespace acuate
