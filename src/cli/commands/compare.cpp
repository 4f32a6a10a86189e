#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/probe.h"
#include "evaluate/values.h"
#include "report/display.h"
#include "report/table.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kBytesAtOnce = uint64_t{1} << 29;   // of inner tensors of one model
constexpr uint64_t kUnknownBytes = uint64_t{1} << 25;  // where a shape is not known before

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

  Result<void> run() {
    auto target = resolve_target(flags_.target);
    if (!target) return target.error();
    auto a = Probe::open(flags_.a);
    if (!a) return a.error();
    auto b = Probe::open(flags_.b);
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
    std::vector<ProbePoint> piece;
    uint64_t size_bytes = 0;
    for (const ProbePoint& point : points_) {
      const uint64_t size = point.size_bytes > 0 ? point.size_bytes : kUnknownBytes;
      if (!piece.empty() && size_bytes + size > kBytesAtOnce) {
        if (auto done = compare(*a, *b, *inputs_a, *inputs_b, piece, depth); !done) return done;
        piece.clear();
        size_bytes = 0;
      }
      piece.push_back(point);
      size_bytes += size;
    }
    return compare(*a, *b, *inputs_a, *inputs_b, piece, depth);
  }

  // The first tensor, in graph order, that is worse than the threshold.
  const Difference* first_bad() const {
    for (const Difference& entry : depth)
      if (!entry.is_equal() && !(entry.sqnr_db && *entry.sqnr_db >= flags_.threshold_db))
        return &entry;
    return nullptr;
  }

  std::vector<Difference> outputs;
  std::vector<Difference> depth;       // in graph order, the outputs among them
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
  TextTable table({{"tensor"}, {"module"}, {"operator"}, {"SQNR", true}, {"max abs", true}});
  for (const Difference* row : rows)
    table.add({printable(row->tensor), printable(row->module), printable(row->op_type),
               row->sqnr_db ? format_fixed(*row->sqnr_db, 1) + " dB" : printable(row->reason),
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
  const Difference* bad = comparison.first_bad();
  if (bad == nullptr) return text + fmt::format("\nNo tensor is below {:g} dB.\n", threshold_db);
  const std::string module = bad->module.empty() ? "the model (no module is known)" : bad->module;
  return text + "\n" +
         printable(fmt::format(
             "First below {:g} dB: '{}' ({}) in {}: {}", threshold_db, bad->tensor, bad->op_type,
             module, bad->sqnr_db ? format_fixed(*bad->sqnr_db, 1) + " dB" : bad->reason)) +
         "\n";
}

Json to_json(const Difference& entry) {
  Json json = {{"tensor", entry.tensor},
               {"module", entry.module},
               {"operator", entry.op_type},
               {"sqnr_db", entry.sqnr_db ? Json(*entry.sqnr_db) : Json(nullptr)},
               {"max_abs", entry.max_abs ? Json(*entry.max_abs) : Json(nullptr)}};
  if (!entry.reason.empty()) json["reason"] = entry.reason;
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
    if (auto done = comparison.run(); !done) return done.error();
    console->print(comparison_text(comparison, flags->threshold_db));
    Json json = {{"outputs", Json::array()},
                 {"outputs_only_in_a", comparison.only_in_a},
                 {"threshold_db", flags->threshold_db},
                 {"first_below", nullptr},
                 {"tensors", Json::array()}};
    for (const Difference& entry : comparison.outputs) json["outputs"].push_back(to_json(entry));
    for (const Difference& entry : comparison.depth) json["tensors"].push_back(to_json(entry));
    if (const Difference* bad = comparison.first_bad()) json["first_below"] = to_json(*bad);
    if (auto written = console->write_json(json); !written) return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_compare(CliCommandRegistry& registry) {
  registry.add({.id = "compare",
                .summary = "run two models on one input and tell where their values part",
                .examples = "  acuate compare model.onnx model.int8.onnx --input x=in.npy\n"
                            "  acuate compare model.onnx out/ --input x=in.npy --threshold 20",
                .declare = declare});
}

}  // namespace acuate
