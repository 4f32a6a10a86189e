#include <algorithm>
#include <cmath>
#include <functional>

#include "base/parallel.h"
#include "graph/constants.h"
#include "simulate/kernel.h"
#include "simulate/quantized_graph.h"

namespace acuate {
namespace {

using Real = std::function<double(double)>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// A constant scalar in this slot, or the attribute of that name.
std::optional<double> parameter(const Node& node, size_t slot, std::string_view attribute,
                                float fallback) {
  const Value* value = node.input(slot);
  if (value == nullptr) return static_cast<double>(node.float_attribute(attribute, fallback));
  const auto constant = load_constant(node.graph().model(), *value);
  if (!constant || constant->type() != ElementType::Float || constant->size() != 1)
    return std::nullopt;
  return static_cast<double>(constant->values<float>()[0]);
}

// The operator on one real number, as ONNX defines it; empty: not one of these.
Real function_of(const Node& node) {
  const auto attribute = [&](std::string_view name, float fallback) {
    return static_cast<double>(node.float_attribute(name, fallback));
  };
  const std::string_view op = node.op_type();
  if (op == "Abs") return [](double x) { return std::abs(x); };
  if (op == "Celu")
    return [a = attribute("alpha", 1)](double x) { return x >= 0 ? x : a * std::expm1(x / a); };
  if (op == "Clip") {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const auto low = parameter(node, 1, "min", -kInfinity),
               high = parameter(node, 2, "max", kInfinity);
    if (!low || !high) return {};
    return [a = *low, b = *high](double x) { return std::min(std::max(x, a), b); };
  }
  if (op == "Elu")
    return [a = attribute("alpha", 1)](double x) { return x >= 0 ? x : a * std::expm1(x); };
  if (op == "Erf") return [](double x) { return std::erf(x); };
  if (op == "Exp") return [](double x) { return std::exp(x); };
  if (op == "Gelu") {
    if (node.string_attribute("approximate", "none") == "tanh")
      return [](double x) {
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      };
    return [](double x) { return 0.5 * x * (1 + std::erf(x / M_SQRT2)); };
  }
  if (op == "HardSigmoid")
    return [a = attribute("alpha", 0.2F), b = attribute("beta", 0.5F)](double x) {
      return std::clamp(a * x + b, 0.0, 1.0);
    };
  if (op == "HardSwish") return [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); };
  if (op == "LeakyRelu")
    return [a = attribute("alpha", 0.01F)](double x) { return x >= 0 ? x : a * x; };
  if (op == "Log") return [](double x) { return std::log(x); };
  if (op == "Mish") return [](double x) { return x * std::tanh(std::log1p(std::exp(x))); };
  if (op == "Neg") return [](double x) { return -x; };
  if (op == "Reciprocal") return [](double x) { return 1 / x; };
  if (op == "Relu") return [](double x) { return std::max(x, 0.0); };
  if (op == "Selu")
    return [a = attribute("alpha", 1.67326F), g = attribute("gamma", 1.0507F)](double x) {
      return g * (x >= 0 ? x : a * std::expm1(x));
    };
  if (op == "Sigmoid") return sigmoid;
  if (op == "Softplus") return [](double x) { return x > 40 ? x : std::log1p(std::exp(x)); };
  if (op == "Softsign") return [](double x) { return x / (1 + std::abs(x)); };
  if (op == "Sqrt") return [](double x) { return std::sqrt(x); };
  if (op == "Tanh") return [](double x) { return std::tanh(x); };
  return {};
}

template <class Integer>
void look_up(const Tensor& integers, int32_t lowest, std::span<const int32_t> table,
             const Execution& execution, Tensor& out) {
  const auto values = integers.values<Integer>();
  constexpr size_t kPart = size_t{1} << 15;
  parallel_for((values.size() + kPart - 1) / kPart, execution.threads, [&](size_t part) {
    const auto here = values.subspan(part * kPart, std::min(kPart, values.size() - part * kPart));
    std::vector<int32_t> line(here.size());
    for (size_t i = 0; i < here.size(); ++i) line[i] = table[static_cast<size_t>(here[i] - lowest)];
    store(line, out, part * kPart);
  });
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  const Real function = function_of(request.node);
  if (!function) return fail("its bounds are not constant");
  const Quantization& in = request.grid(0);
  const auto scale = static_cast<double>(in.scale[0]);
  std::vector<int32_t> table;
  for (int32_t q = in.lowest(); q <= in.highest(); ++q)
    table.push_back(integer_of(function((q - in.zero_point[0]) * scale), request.output));
  return IntegerKernel([table = std::move(table), lowest = in.lowest(), grid = request.output](
                           std::span<const Tensor> inputs,
                           const Execution& execution) -> Result<std::vector<Tensor>> {
    Tensor out = Tensor::allocate(grid.element_type(), inputs[0].shape());
    switch (inputs[0].type()) {
      case ElementType::Int8:
        look_up<int8_t>(inputs[0], lowest, table, execution, out);
        break;
      case ElementType::Uint8:
        look_up<uint8_t>(inputs[0], lowest, table, execution, out);
        break;
      case ElementType::Int16:
        look_up<int16_t>(inputs[0], lowest, table, execution, out);
        break;
      default:
        look_up<uint16_t>(inputs[0], lowest, table, execution, out);
        break;
    }
    return std::vector{std::move(out)};
  });
}

}  // namespace

void register_simulate_table(KernelRegistry& registry) {
  registry.add({
      .id = "table",
      .doc = "one entry for each integer of the grid: 256, or 65,536 for 16 bits",
      .operators = {"Abs",      "Celu",        "Clip",      "Elu",       "Erf",     "Exp",
                    "Gelu",     "HardSigmoid", "HardSwish", "LeakyRelu", "Log",     "Mish",
                    "Neg",      "Reciprocal",  "Relu",      "Selu",      "Sigmoid", "Softplus",
                    "Softsign", "Sqrt",        "Tanh"},
      .prepare = prepare,
  });
}

}  // namespace acuate
