#include "runtime/calibrate.h"

#include <algorithm>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "base/stop.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "runtime/machine.h"
#include "runtime/timing.h"
#include "shape/infer.h"

namespace acuate {
namespace {

constexpr int kChain = 6;  // nodes of one kind in a network

// A small network in text form; inputs called `w…` become constants.
struct Net {
  std::string op;  // whose nodes are measured
  std::string inputs, outputs, nodes;
  int opset = 17;
};

Tensor random_tensor(const Shape& shape, uint64_t seed) {
  Tensor tensor = Tensor::allocate(ElementType::Float, shape);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> uniform(0.1F, 1.0F);
  for (float& value : tensor.mutable_values<float>()) value = uniform(random);
  return tensor;
}

std::string float_type(const std::vector<int64_t>& shape) {
  return fmt::format("float[{}]", fmt::join(shape, ","));
}

// y = Conv(… Relu(Conv(x, w0)) …), the channels kept.
Net conv_chain(int64_t channels, int64_t size, int64_t kernel, bool depthwise,
               const std::string& activation = "Relu") {
  const std::vector<int64_t> shape = {1, channels, size, size};
  Net net{"Conv", float_type(shape) + " x", float_type(shape) + " y", ""};
  std::string value = "x";
  for (int i = 0; i < kChain; ++i) {
    net.inputs += fmt::format(", {} w{}",
                              float_type({channels, depthwise ? 1 : channels, kernel, kernel}), i);
    const int64_t pad = kernel / 2;
    net.nodes += fmt::format("c{0} = Conv<pads = [{1}, {1}, {1}, {1}], group = {2}>({3}, w{0}) ", i,
                             pad, depthwise ? channels : 1, value);
    const std::string next = i + 1 == kChain ? "y" : fmt::format("r{}", i);
    net.nodes += fmt::format("{} = {}(c{}) ", next, activation, i);
    value = next;
  }
  return net;
}

Net transposed_conv(int64_t channels, int64_t size) {
  Net net{"ConvTranspose", float_type({1, channels, size, size}) + " x",
          float_type({1, channels, 2 * size, 2 * size}) + " y",
          "y = ConvTranspose<strides = [2, 2]>(x, w0) "};
  net.inputs += ", " + float_type({channels, channels, 2, 2}) + " w0";
  return net;
}

// Products with constants, there and back; or of two activations.
Net matmul_chain(int64_t rows, int64_t inner, int64_t columns) {
  Net net{"MatMul", float_type({rows, inner}) + " x", float_type({rows, inner}) + " y", ""};
  std::string value = "x";
  for (int i = 0; i < kChain; ++i) {
    const bool there = i % 2 == 0;
    net.inputs += fmt::format(
        ", {} w{}", there ? float_type({inner, columns}) : float_type({columns, inner}), i);
    const std::string next = i + 1 == kChain ? "y" : fmt::format("m{}", i);
    net.nodes += fmt::format("{} = MatMul({}, w{}) ", next, value, i);
    value = next;
  }
  return net;
}

Net batched_matmul(int64_t batch, int64_t rows, int64_t inner, int64_t columns) {
  return {"MatMul",
          float_type({batch, rows, inner}) + " x, " + float_type({batch, inner, columns}) + " z",
          float_type({batch, rows, columns}) + " y", "y = MatMul(x, z) "};
}

Net gemm(int64_t rows, int64_t inner, int64_t columns) {
  return {"Gemm",
          float_type({rows, inner}) + " x, " + float_type({columns, inner}) + " w0, " +
              float_type({columns}) + " w1",
          float_type({rows, columns}) + " y", "y = Gemm<transB = 1>(x, w0, w1) "};
}

// The same node on inputs of their own, none of which another could share. `call` has `{x}` where
// the input stands; `more` are further inputs of the network.
Net side_by_side(const std::string& op, const std::string& call, const std::vector<int64_t>& in,
                 const std::vector<int64_t>& out, const std::string& more = "") {
  Net net{op, more, "", ""};
  for (int i = 0; i < kChain; ++i) {
    const char* comma = net.inputs.empty() ? "" : ", ";
    net.inputs += fmt::format("{}{} x{}", comma, float_type(in), i);
    net.outputs += fmt::format("{}{} y{}", i == 0 ? "" : ", ", float_type(out), i);
    net.nodes += fmt::format("y{} = {} ", i,
                             fmt::format(fmt::runtime(call), fmt::arg("x", fmt::format("x{}", i))));
  }
  return net;
}

std::vector<Net> networks() {
  std::vector<Net> nets;
  for (const auto& [c, s] :
       {std::pair(16, 112), {32, 80}, {64, 40}, {128, 20}, {256, 14}, {512, 7}, {24, 160}})
    nets.push_back(conv_chain(c, s, 3, false));
  for (const auto& [c, s] :
       {std::pair(16, 112), {32, 80}, {64, 56}, {128, 28}, {256, 14}, {512, 7}, {24, 320}})
    nets.push_back(conv_chain(c, s, 1, false));
  for (const auto& [c, s] : {std::pair(32, 112), {96, 56}, {192, 28}, {384, 14}, {768, 7}})
    for (const int kernel : {3, 5}) nets.push_back(conv_chain(c, s, kernel, true));
  for (const auto& [c, s] : {std::pair(24, 80), {64, 40}, {128, 20}})
    nets.push_back(transposed_conv(c, s));
  for (const auto& [m, k, n] : {std::tuple(49, 96, 384),
                                {197, 192, 768},
                                {197, 768, 768},
                                {197, 768, 3072},
                                {1, 1024, 1024},
                                {8, 512, 512}})
    nets.push_back(matmul_chain(m, k, n));
  nets.push_back(batched_matmul(12, 197, 64, 197));
  nets.push_back(batched_matmul(64, 49, 32, 49));
  nets.push_back(batched_matmul(8, 850, 32, 850));
  for (const auto& [m, k, n] : {std::tuple(1, 1280, 1000), {16, 512, 512}, {100, 256, 256}})
    nets.push_back(gemm(m, k, n));
  for (const auto& [c, s] :
       {std::pair<int64_t, int64_t>(8, 28), {32, 56}, {64, 80}, {128, 112}, {24, 320}}) {
    const std::vector<int64_t> shape = {1, c, s, s}, halved = {1, c, s / 2, s / 2},
                               point = {1, c, 1, 1}, rows = {1, s * s, c};
    for (const char* op : {"Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Sqrt", "HardSigmoid",
                           "HardSwish", "LeakyRelu", "Neg", "Softplus", "Abs", "Reciprocal"})
      nets.push_back(side_by_side(op, std::string(op) + "({x})", shape, shape));
    nets.push_back(
        side_by_side("Clip", "Clip({x}, wlow, whigh)", shape, shape, "float wlow, float whigh"));
    for (const char* op : {"Add", "Mul", "Sub", "Div", "Max", "Min"})
      nets.push_back(side_by_side(op, std::string(op) + "({x}, other)", shape, shape,
                                  float_type(shape) + " other"));
    nets.push_back(side_by_side("Pow", "Pow({x}, wexponent)", shape, shape, "float wexponent"));
    nets.push_back(side_by_side("Softmax", "Softmax<axis = -1>({x})", rows, rows));
    nets.push_back(side_by_side("LayerNormalization", "LayerNormalization({x}, wscale, wbias)",
                                rows, rows,
                                float_type({c}) + " wscale, " + float_type({c}) + " wbias"));
    nets.push_back(side_by_side("Gelu", "Gelu({x})", rows, rows));
    nets.back().opset = 20;
    nets.push_back(side_by_side("ReduceMean", "ReduceMean<axes = [2, 3]>({x})", shape, point));
    nets.push_back(side_by_side("GlobalAveragePool", "GlobalAveragePool({x})", shape, point));
    for (const char* op : {"MaxPool", "AveragePool"})
      nets.push_back(side_by_side(
          op, std::string(op) + "<kernel_shape = [2, 2], strides = [2, 2]>({x})", shape, halved));
    nets.push_back(
        side_by_side("Resize", "Resize<mode = \"nearest\">({x}, , scales)", halved, shape));
    nets.back().nodes =
        "scales = Constant<value_floats = [1.0, 1.0, 2.0, 2.0]>() " + nets.back().nodes;
    nets.push_back(
        side_by_side("Transpose", "Transpose<perm = [0, 2, 3, 1]>({x})", shape, {1, s, s, c}));
    nets.push_back(side_by_side("Concat", "Concat<axis = 1>({x}, other)", shape, {1, 2 * c, s, s},
                                float_type(shape) + " other"));
    nets.push_back(side_by_side("BatchNormalization", "BatchNormalization({x}, wa, wb, wc, wd)",
                                shape, shape,
                                fmt::format("{0} wa, {0} wb, {0} wc, {0} wd", float_type({c}))));
    nets.push_back(side_by_side("InstanceNormalization", "InstanceNormalization({x}, wa, wb)",
                                shape, shape, fmt::format("{0} wa, {0} wb", float_type({c}))));
  }
  return nets;
}

Result<std::unique_ptr<Model>> build(const Net& net) {
  auto model = parse_text_model(
      fmt::format("<ir_version: 8, opset_import: [\"\" : {}]> net ({}) => ({}) {{ {} }}", net.opset,
                  net.inputs, net.outputs, net.nodes));
  if (!model) return model.error();
  Graph& graph = (*model)->graph();
  std::vector<Value*> inputs;
  for (Value* input : graph.inputs()) {
    if (!input->name.starts_with("w")) {
      inputs.push_back(input);
      continue;
    }
    graph.set_initializer(*input, random_tensor(*input->type.static_shape(), inputs.size()));
  }
  graph.set_inputs(inputs);
  return model;
}

class Calibration {
 public:
  Calibration(const Target& target, const CalibrateOptions& options)
      : target_(target), options_(options) {}

  Result<CostTable> run() {
    CostTable table;
    table.target = target_.stand_in.empty() ? target_.id : target_.stand_in;
    table.version = target_.status().run.version;
    table.machine = cpu_model();
    table.threads = options_.threads > 0 ? options_.threads
                                         : static_cast<int>(std::thread::hardware_concurrency());
    auto call = time_of({"Relu", "float[1] x", "float[1] y", "y = Relu(x) "});
    if (!call) return fail("target {} runs not even a Relu: {}", target_.id, call.error().message);
    table.call_us = *call;
    const std::vector<Net> nets = networks();
    std::map<std::string, std::vector<CostSample>, std::less<>> samples;
    for (size_t i = 0; i < nets.size(); ++i) {
      if (stop_requested()) return fail("interrupted; no cost table was written");
      if (!options_.operators.empty() && options_.operators.count(nets[i].op) == 0) continue;
      if (options_.progress) options_.progress({"calibrate", i, nets.size(), "networks"});
      if (auto sample = measure(nets[i], table.call_us))
        samples[sample->first].push_back(sample->second);
    }
    std::vector<CostSample> by_bytes;
    for (const auto& [id, each] : samples) {
      table.operators[id] = fit_cost(each);
      for (const CostSample& sample : each)
        if (sample.work.mmac == 0) by_bytes.push_back(sample);
    }
    table.operators["*"] = fit_cost(by_bytes);
    table.operators["fused"] = table.operators["free"] = {};
    if (auto border = measure_border(table.call_us)) table.border_us_per_mib = *border;
    if (auto layout = measure_layout(table)) table.layout_us_per_mib = *layout;
    return table;
  }

 private:
  // Median wall-clock time of a run, microseconds.
  Result<double> time_of(const Net& net) {
    auto model = build(net);
    if (!model) return model.error();
    auto bytes = model_bytes(**model);
    if (!bytes) return bytes.error();
    auto engine = target_.load(ModelSource::memory(as_bytes(*bytes)),
                               {.threads = options_.threads, .spinning = false});
    if (!engine) return engine.error();
    std::vector<Tensor> inputs;
    for (const IoSpec& input : (*engine)->inputs()) inputs.push_back(random_tensor(input.shape, 3));
    const auto run_once = [&]() -> Result<void> {
      auto outputs = (*engine)->run(inputs);
      return outputs ? Result<void>() : Result<void>(outputs.error());
    };
    auto first = time_interleaved({run_once}, 3, 2);
    if (!first) return first.error();
    const double budget_ms = 40 * options_.effort;
    const int runs = std::clamp(static_cast<int>(budget_ms / (*first)[0].median_ms()), 3, 200);
    auto timing = time_interleaved({run_once}, runs, 0);
    if (!timing) return timing.error();
    return (*timing)[0].median_ms() * 1000;
  }

  // The share of one node, and its class; nothing where the target does not run the network.
  std::optional<std::pair<std::string, CostSample>> measure(const Net& net, double call_us) {
    const auto time_us = time_of(net);
    auto model = build(net);
    if (!time_us || !model) return std::nullopt;
    infer_shapes(**model);
    const Node* measured = nullptr;
    int count = 0;
    NodeWork work;
    for (const Node* node = (*model)->graph().first(); node != nullptr; node = node->next()) {
      if (!node->is_op(net.op)) continue;
      measured = node;
      ++count;
      const NodeWork each = node_work(*node);
      work.mmac += each.mmac;
      work.mib += each.mib;
    }
    CostSample sample{{work.mmac / count, work.mib / count},
                      std::max(*time_us - call_us, 0.0) / count};
    return std::pair(cost_class(*measured), sample);
  }

  // What two engines cost more than one that has both their nodes.
  Result<double> measure_border(double call_us) {
    constexpr int64_t kChannels = 64, kSize = 56;
    const Net chain = conv_chain(kChannels, kSize, 3, false);
    const std::string type = float_type({1, kChannels, kSize, kSize});
    const Net single{"Conv", type + " x, " + float_type({kChannels, kChannels, 3, 3}) + " w0",
                     type + " y", "c = Conv<pads = [1, 1, 1, 1]>(x, w0) y = Relu(c) "};
    const auto whole = time_of(chain), one = time_of(single);
    if (!whole || !one) return fail("not measured");
    const double extra = (kChain * *one - *whole) / (kChain - 1) - call_us;
    const double mib = kChannels * kSize * kSize * 4 / (1024.0 * 1024.0);
    return std::max(extra, 0.0) / mib;
  }

  // What a chain takes longer where its convolutions stand between operators that are not computed
  // in blocks of channels: there and back for each, less the operators' own time.
  Result<double> measure_layout(const CostTable& table) {
    double sum = 0;
    int count = 0;
    for (const auto& [channels, size] : {std::pair(64, 56), {24, 160}, {32, 112}}) {
      const Net other = conv_chain(channels, size, 1, false, "HardSwish");
      const auto alone = time_of(conv_chain(channels, size, 1, false)), mixed = time_of(other);
      auto model = build(other);
      if (!alone || !mixed || !model) return fail("not measured");
      infer_shapes(**model);
      double own_us = 0, mib = 0;
      for (const Node* node = (*model)->graph().first(); node != nullptr; node = node->next()) {
        if (!node->is_op("HardSwish")) continue;
        own_us += table.node_us(*node);
        mib += 2 * value_mib(*node->output());
      }
      sum += std::max(*mixed - *alone - own_us, 0.0) / mib;
      ++count;
    }
    return sum / count;
  }

  const Target& target_;
  const CalibrateOptions& options_;
};

}  // namespace

Result<CostTable> calibrate_costs(const Target& target, const CalibrateOptions& options) {
  if (const Availability able = target.status().run; !able.available)
    return fail("target {} does not run here, so its costs cannot be measured: {}", target.id,
                able.reason);
  return Calibration(target, options).run();
}

}  // namespace acuate
