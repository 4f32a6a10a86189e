#include "runtime/cost_table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "shape/macs.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kMib = 1024.0 * 1024.0;

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

double mib_of(const Value* value) {
  if (value == nullptr) return 0;
  double elements = 1;
  if (value->initializer) {
    elements = static_cast<double>(value->initializer->size());
  } else if (value->type.shape) {
    for (const Dim& dim : *value->type.shape)
      elements *= static_cast<double>(std::max<int64_t>(dim.value, 1));
  }
  const ElementType type = value->initializer ? value->initializer->type : value->type.element;
  return elements * element_bits(type) / 8 / kMib;
}

// Engines compute these in the convolution whose result they alone read.
bool is_fused(const Node& node) {
  static constexpr std::array<std::string_view, 6> kActivations = {
      "Clip", "HardSigmoid", "LeakyRelu", "Relu", "Sigmoid", "Tanh"};
  if (!node.domain().empty() || !contains(kActivations, node.op_type())) return false;
  const Value* input = node.input(0);
  return input != nullptr && input->producer != nullptr && input->producer->is_op("Conv") &&
         input->uses().size() == 1 && !input->is_output();
}

bool is_free(const Node& node) {
  static constexpr std::array<std::string_view, 9> kViews = {"Constant", "Dropout", "Flatten",
                                                             "Identity", "Reshape", "Shape",
                                                             "Size",     "Squeeze", "Unsqueeze"};
  return node.domain().empty() && contains(kViews, node.op_type());
}

// Tensors of the node that change their layout between it and what made them.
double changed_mib(const Node& node) {
  double mib = 0;
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    const Value* value = node.input(slot);
    if (value == nullptr || value->producer == nullptr || !value->type.shape ||
        value->type.shape->size() < 4 || cost_class(*value->producer) == "free")
      continue;
    if (is_blocked(*value->producer) != is_blocked(node)) mib += mib_of(value);
  }
  return mib;
}

}  // namespace

bool is_blocked(const Node& node) {
  static constexpr std::array<std::string_view, 8> kOperators = {
      "Add", "AveragePool",   "Concat", "Conv", "GlobalAveragePool",
      "Sum", "GlobalMaxPool", "MaxPool"};
  return node.domain().empty() && (is_fused(node) || contains(kOperators, node.op_type()));
}

std::string cost_class(const Node& node) {
  if (is_free(node)) return "free";
  if (is_fused(node)) return "fused";
  if (!node.is_op("Conv")) return std::string(node.op_type());
  const Value* weight = node.input(1);
  if (weight == nullptr || !weight->initializer || weight->initializer->shape.size() < 3)
    return "Conv";
  const Shape& shape = weight->initializer->shape;  // [M, C / group, kernel…]
  if (shape[1] == 1 && node.int_attribute("group", 1) > 1) return "Conv/depthwise";
  const bool pointwise =
      std::all_of(shape.begin() + 2, shape.end(), [](int64_t size) { return size == 1; });
  return pointwise ? "Conv/1x1" : "Conv";
}

double value_mib(const Value& value) { return mib_of(&value); }

NodeWork node_work(const Node& node) {
  NodeWork work;
  work.mmac = static_cast<double>(multiply_accumulates(node).value_or(0)) / 1e6;
  for (size_t slot = 0; slot < node.input_count(); ++slot) work.mib += mib_of(node.input(slot));
  for (const Value* output : node.outputs()) work.mib += mib_of(output);
  return work;
}

double CostTable::node_us(const Node& node) const {
  double us = 0;
  for (const Attribute& attribute : node.attributes())
    for (const auto& body : attribute.graphs)
      for (const Node* inner = body->first(); inner != nullptr; inner = inner->next())
        us += node_us(*inner);
  auto cost = operators.find(cost_class(node));
  if (cost == operators.end()) cost = operators.find("*");
  if (cost == operators.end()) return us;
  const NodeWork work = node_work(node);
  const OperatorCost& each = cost->second;
  return us + each.fixed_us + each.us_per_mmac * work.mmac + each.us_per_mib * work.mib +
         layout_us_per_mib * changed_mib(node);
}

double predict_us(const CostTable& table, const Model& model) {
  double us = table.call_us;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    us += table.node_us(*node);
  return us;
}

OperatorCost fit_cost(std::span<const CostSample> samples) {
  // Rows divided by the measured time, so that errors are relative.
  std::vector<std::array<double, 3>> rows;
  for (const CostSample& sample : samples)
    if (sample.us > 0)
      rows.push_back({1 / sample.us, sample.work.mmac / sample.us, sample.work.mib / sample.us});
  std::array<double, 3> x{};
  constexpr int kRounds = 2000;
  for (int round = 0; round < kRounds; ++round)
    for (size_t j = 0; j < x.size(); ++j) {
      double along = 0, square = 0;
      for (const auto& row : rows) {
        const double others = row[0] * x[0] + row[1] * x[1] + row[2] * x[2] - row[j] * x[j];
        along += row[j] * (1 - others);
        square += row[j] * row[j];
      }
      x[j] = square > 0 ? std::max(0.0, along / square) : 0;
    }
  return {x[0], x[1], x[2]};
}

std::string write_cost_table(const CostTable& table) {
  Json json = {{"schema_version", 1},
               {"target", table.target},
               {"version", table.version},
               {"machine", table.machine},
               {"threads", table.threads},
               {"call_us", table.call_us},
               {"border_us_per_mib", table.border_us_per_mib},
               {"layout_us_per_mib", table.layout_us_per_mib}};
  json["operators"] = Json::object();
  for (const auto& [id, cost] : table.operators)
    json["operators"][id] = {{"fixed_us", cost.fixed_us},
                             {"us_per_mmac", cost.us_per_mmac},
                             {"us_per_mib", cost.us_per_mib}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

class Reader {
 public:
  explicit Reader(std::string_view origin) : origin_(origin) {}

  Result<CostTable> run(std::string_view text) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object())
      return fail("{}: this is no cost table; `acuate bench --calibrate` writes one", origin_);
    if (number(json, "schema_version") != 1 && !error_)
      return fail("{}: schema_version is not 1; calibrate again", origin_);
    CostTable table;
    table.target = string(json, "target");
    table.version = string(json, "version");
    table.machine = string(json, "machine");
    table.threads = static_cast<int>(std::min(number(json, "threads"), 65536.0));
    table.call_us = number(json, "call_us");
    table.border_us_per_mib = number(json, "border_us_per_mib");
    table.layout_us_per_mib = number(json, "layout_us_per_mib");
    const auto operators = json.find("operators");
    if (operators == json.end() || !operators->is_object()) {
      refuse("operators", "an object");
    } else {
      for (const auto& [id, cost] : operators->items())
        table.operators[id] = {number(cost, "fixed_us"), number(cost, "us_per_mmac"),
                               number(cost, "us_per_mib")};
    }
    if (error_) return *error_;
    return table;
  }

 private:
  void refuse(const char* member, std::string_view expected) {
    if (!error_) error_ = fail("{}: '{}' is missing or not {}", origin_, member, expected);
  }
  double number(const nlohmann::json& json, const char* member) {
    const bool has = json.is_object() && json.contains(member) && json[member].is_number();
    const double value = has ? json[member].get<double>() : -1;
    if (!(value >= 0) || !std::isfinite(value)) refuse(member, "a number of at least 0");
    return value;
  }
  std::string string(const nlohmann::json& json, const char* member) {
    if (json.contains(member) && json[member].is_string()) return json[member].get<std::string>();
    refuse(member, "a text");
    return {};
  }

  std::string origin_;
  std::optional<Error> error_;
};

}  // namespace

Result<CostTable> parse_cost_table(std::string_view json, std::string_view origin) {
  return Reader(origin).run(json);
}

Result<std::vector<CostTable>> read_cost_tables(std::span<const std::filesystem::path> files) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 20;
  std::vector<CostTable> tables;
  for (const std::filesystem::path& file : files) {
    auto text = read_text_file(file, kMostBytes);
    if (!text) return text.error();
    auto table = parse_cost_table(*text, file.string());
    if (!table) return table.error();
    for (const CostTable& other : tables)
      if (other.target == table->target)
        return fail("{}: a second cost table of {}", file.string(), table->target);
    tables.push_back(std::move(*table));
  }
  return tables;
}

}  // namespace acuate
