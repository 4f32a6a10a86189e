#include "simulate/simulator.h"

#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "graph/constants.h"
#include "numeric/quantize_values.h"
#include "shape/infer.h"
#include "simulate/float_node.h"
#include "simulate/quantized_graph.h"

namespace acuate {

class SimulatorBuilder {
 public:
  SimulatorBuilder(Model& model, const SimulatorOptions& options)
      : model_(model), options_(options) {
    out_.execution_ = {options.threads, options.vector};
  }

  Result<Simulator> build() {
    infer_shapes(model_);
    for (const Value* input : model_.graph().inputs())
      if (!is_constant(*input)) facts_[input].place = out_.places_++;
    for (const Node* node = model_.graph().first(); node != nullptr; node = node->next()) {
      if (node->is_op("Constant") || fused_.count(node) > 0) continue;
      auto added = is_quantize(*node)     ? add_quantize(*node)
                   : is_dequantize(*node) ? add_dequantize(*node)
                                          : add_operator(*node);
      if (!added) return added.error();
    }
    for (const Value* output : model_.graph().outputs()) {
      auto fact = fact_of(*output);
      if (!fact) return fact.error();
      out_.outputs_.push_back({argument(**fact), (*fact)->grid});
    }
    plan_memory();
    return std::move(out_);
  }

 private:
  // What is known of a tensor: where its content is, and the grid of its integers.
  struct Fact {
    size_t place = Simulator::kNone;
    std::optional<Quantization> grid;  // nothing: its content is as it stands in the model
    std::optional<Tensor> constant;
  };

  Result<Fact*> fact_of(const Value& value) {
    const auto found = facts_.find(&value);
    if (found != facts_.end()) return &found->second;
    auto constant = load_constant(model_, value);
    if (!constant)
      return fail("tensor '{}' is read before anything makes it", to_valid_utf8(value.name));
    Fact& fact = facts_[&value];
    fact.constant = std::move(*constant);
    return &fact;
  }

  static Simulator::Argument argument(const Fact& fact) {
    return {fact.place, fact.constant ? *fact.constant : Tensor()};
  }

  size_t add_step(std::vector<Simulator::Argument> arguments, size_t results, SimulatedNode node,
                  IntegerKernel kernel) {
    const size_t first = out_.places_;
    Simulator::Step step;
    step.arguments = std::move(arguments);
    for (size_t i = 0; i < results; ++i) step.results.push_back(out_.places_++);
    step.kernel = std::move(kernel);
    out_.steps_.push_back(std::move(step));
    out_.nodes_.push_back(std::move(node));
    return first;
  }

  Result<void> add_quantize(const Node& node) {
    auto grid = grid_of(node);
    if (!grid) return grid.error();
    auto source = fact_of(*node.input(0));
    if (!source) return source.error();
    Fact fact;
    fact.grid = *grid;
    if ((*source)->grid && *(*source)->grid == *grid) {
      fact = **source;
    } else if ((*source)->grid && (*source)->place != Simulator::kNone) {
      if (grid->scale.size() != 1 || !has_one_scale(*(*source)->grid))
        return fail("node '{}': a tensor with scales for channels is quantized again",
                    node.address());
      const Quantization from = *(*source)->grid, to = *grid;
      const Rescale rescale{
          FixedPoint::of(static_cast<double>(from.scale[0]) / static_cast<double>(to.scale[0])),
          to.zero_point[0], to.lowest(), to.highest()};
      fact.place = add_step({argument(**source)}, 1, {node.address(), "rescale", {}},
                            [from, to, rescale](std::span<const Tensor> inputs,
                                                const Execution&) -> Result<std::vector<Tensor>> {
                              std::vector<int32_t> steps = centred(inputs[0], from);
                              for (int32_t& step : steps) step = rescale(step);
                              return std::vector{integers_of(steps, to, inputs[0].shape())};
                            });
    } else if ((*source)->constant) {
      auto integers = quantize(real_content(**source), *grid);
      if (!integers) return fail("node '{}': {}", node.address(), integers.error().message);
      fact.constant = std::move(*integers);
    } else {
      fact.place = add_step({argument(**source)}, 1, {node.address(), "quantize", {}},
                            [to = *grid](std::span<const Tensor> inputs,
                                         const Execution&) -> Result<std::vector<Tensor>> {
                              auto integers = quantize(inputs[0], to);
                              if (!integers) return integers.error();
                              return std::vector{std::move(*integers)};
                            });
    }
    facts_[node.output()] = std::move(fact);
    return {};
  }

  static bool has_one_scale(const Quantization& grid) {
    return grid.scale.size() == 1 && grid.bits <= 16;
  }

  static Tensor real_content(const Fact& fact) {
    return fact.grid ? real_values(*fact.constant, *fact.grid) : *fact.constant;
  }

  Result<void> add_dequantize(const Node& node) {
    auto grid = grid_of(node);
    if (!grid) return grid.error();
    auto source = fact_of(*node.input(0));
    if (!source) return source.error();
    Fact fact = **source;
    fact.grid = std::move(*grid);
    facts_[node.output()] = std::move(fact);
    return {};
  }

  Result<void> add_operator(const Node& node) {
    std::vector<Operand> operands;
    std::vector<Simulator::Argument> arguments;
    for (size_t slot = 0; slot < node.input_count(); ++slot) {
      Operand operand;
      Simulator::Argument source;
      if (node.input(slot) == nullptr) {
        operand.is_omitted = true;
      } else {
        auto fact = fact_of(*node.input(slot));
        if (!fact) return fail("node '{}': {}", node.address(), fact.error().message);
        operand.grid = (*fact)->grid ? &*(*fact)->grid : nullptr;
        operand.constant = (*fact)->constant;
        source = argument(**fact);
      }
      operands.push_back(std::move(operand));
      arguments.push_back(std::move(source));
    }
    std::string reason;
    if (add_integer(node, operands, arguments, reason)) return {};
    return add_float(node, std::move(operands), std::move(arguments), std::move(reason));
  }

  // False, with the reason, where it is not computed on integers.
  bool add_integer(const Node& node, const std::vector<Operand>& operands,
                   const std::vector<Simulator::Argument>& arguments, std::string& reason) {
    const KernelFamily* family = kernel_family(node);
    if (family == nullptr) {
      reason = "there is no integer kernel for it";
      return false;
    }
    if (operands.empty() || !operands[0].is_activation()) {
      // The constant may be the first operand of a sum or product.
      if (!family->grids_constants || operands.size() < 2 || !operands[1].is_activation()) {
        reason = "its input is on no grid";
        return false;
      }
    }
    for (size_t slot = 0; slot < operands.size(); ++slot) {
      const Operand& operand = operands[slot];
      if (operand.is_activation() && !has_one_scale(*operand.grid)) {
        reason = fmt::format("its input {} has scales for channels, or 32 bits", slot);
        return false;
      }
    }
    const Node* activation = family->fuses ? fused_activation(node) : nullptr;
    const Value* result = activation != nullptr ? activation->output() : node.output();
    KernelRequest request{node, operands, {}, 0, 0};
    if (family->moves != nullptr && family->moves(node)) {
      request.output = *operands[0].grid;
    } else if (auto grid = result == nullptr ? std::nullopt : wanted_grid(*result)) {
      request.output = std::move(*grid);
    } else {
      reason = "its result is put on no grid";
      return false;
    }
    const IntegerBounds bounds = bounds_of(activation, request.output);
    request.lowest = bounds.lowest;
    request.highest = bounds.highest;
    std::vector<Simulator::Argument> sources = arguments;
    std::vector<Quantization> own(operands.size());  // grids of constants
    if (family->grids_constants && !put_constants_on_grids(request, own, sources, reason))
      return false;
    auto kernel = family->prepare(request);
    if (!kernel) {
      reason = kernel.error().message;
      return false;
    }
    const size_t first =
        add_step(std::move(sources), node.outputs().size(),
                 {node.address(), fmt::format("{} {}", request.output.scheme, node.op_type()), {}},
                 std::move(*kernel));
    if (activation != nullptr) fused_.insert(activation);
    for (size_t i = 0; i < node.outputs().size(); ++i) {
      const Value* output = i == 0 ? result : node.output(i);
      if (output == nullptr) continue;
      Fact& fact = facts_[output];
      fact.place = first + i;
      fact.grid = request.output;
    }
    return true;
  }

  static bool put_constants_on_grids(KernelRequest& request, std::vector<Quantization>& own,
                                     std::vector<Simulator::Argument>& sources,
                                     std::string& reason) {
    const Quantization* beside = nullptr;
    for (const Operand& operand : request.inputs)
      if (beside == nullptr && operand.is_activation()) beside = operand.grid;
    for (size_t slot = 0; slot < request.inputs.size(); ++slot) {
      Operand& operand = request.inputs[slot];
      if (operand.is_omitted) continue;
      if (operand.grid != nullptr && !has_one_scale(*operand.grid)) {
        reason = fmt::format("its input {} has scales for channels, or 32 bits", slot);
        return false;
      }
      if (operand.grid != nullptr) continue;
      if (!operand.constant) {
        reason = fmt::format("its input {} is on no grid", slot);
        return false;
      }
      auto grid = quantization_of(*operand.constant, *schemes().lookup(beside->scheme), -1, false);
      auto integers = grid ? quantize(*operand.constant, *grid) : Result<Tensor>(grid.error());
      if (!integers) {
        reason = fmt::format("its constant input {}: {}", slot, integers.error().message);
        return false;
      }
      own[slot] = std::move(*grid);
      operand.grid = &own[slot];
      operand.constant = *integers;
      sources[slot].constant = std::move(*integers);
    }
    return true;
  }

  Result<void> add_float(const Node& node, std::vector<Operand> operands,
                         std::vector<Simulator::Argument> arguments, std::string reason) {
    if (!options_.load_float)
      return fail("node '{}' ({}) is not computed on integers: {}", node.address(), node.op_type(),
                  reason);
    auto model = float_model_of(node, operands);
    if (!model) return model.error();
    auto function = options_.load_float(**model);
    if (!function)
      return fail("node '{}' ({}) is not computed on integers ({}), and in float: {}",
                  node.address(), node.op_type(), reason, function.error().message);
    std::vector<Simulator::Argument> sources;
    std::vector<std::optional<Quantization>> grids;
    for (size_t slot = 0; slot < operands.size(); ++slot) {
      if (operands[slot].is_omitted || operands[slot].constant) continue;
      sources.push_back(std::move(arguments[slot]));
      grids.push_back(operands[slot].grid ? std::optional(*operands[slot].grid) : std::nullopt);
    }
    size_t results = 0;
    for (const Value* output : node.outputs()) results += output != nullptr ? 1 : 0;
    size_t place = add_step(
        std::move(sources), results,
        {node.address(), fmt::format("float {}", node.op_type()), std::move(reason)},
        [function = std::move(*function), grids = std::move(grids)](
            std::span<const Tensor> inputs, const Execution&) -> Result<std::vector<Tensor>> {
          std::vector<Tensor> reals;
          for (size_t i = 0; i < inputs.size(); ++i)
            reals.push_back(grids[i] ? real_values(inputs[i], *grids[i]) : inputs[i]);
          return function(reals);
        });
    for (const Value* output : node.outputs())
      if (output != nullptr) facts_[output].place = place++;
    return {};
  }

  // Which step reads a place last.
  void plan_memory() {
    std::vector<bool> is_needed(out_.places_);
    for (const Simulator::Output& output : out_.outputs_)
      if (output.source.place != Simulator::kNone) is_needed[output.source.place] = true;
    for (size_t i = out_.steps_.size(); i-- > 0;) {
      Simulator::Step& step = out_.steps_[i];
      std::vector<size_t> touched = step.results;
      for (const Simulator::Argument& source : step.arguments) touched.push_back(source.place);
      for (const size_t place : touched) {
        if (place == Simulator::kNone || is_needed[place]) continue;
        is_needed[place] = true;
        step.last_read.push_back(place);
      }
    }
  }

  Model& model_;
  const SimulatorOptions& options_;
  Simulator out_;
  std::unordered_map<const Value*, Fact> facts_;
  std::unordered_set<const Node*> fused_;
};

Result<Simulator> Simulator::build(Model& model, const SimulatorOptions& options) {
  return SimulatorBuilder(model, options).build();
}

Result<std::vector<Tensor>> Simulator::run(std::span<const Tensor> inputs,
                                           std::span<double> node_us) const {
  using Clock = std::chrono::steady_clock;
  std::vector<Tensor> places(inputs.begin(), inputs.end());
  places.resize(places_);
  std::vector<Tensor> arguments;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const auto started = Clock::now();
    arguments.clear();
    for (const Argument& source : step.arguments)
      arguments.push_back(source.place == kNone ? source.constant : places[source.place]);
    auto results = step.kernel(arguments, execution_);
    if (!results)
      return fail("node '{}' ({}): {}", nodes_[i].node, nodes_[i].kind, results.error().message);
    ACUATE_CHECK(results->size() == step.results.size(), "a kernel gives all results");
    for (size_t k = 0; k < results->size(); ++k) places[step.results[k]] = std::move((*results)[k]);
    for (const size_t place : step.last_read) places[place] = Tensor();
    if (!node_us.empty())
      node_us[i] += std::chrono::duration<double, std::micro>(Clock::now() - started).count();
  }
  std::vector<Tensor> outputs;
  for (const Output& output : outputs_) {
    const Tensor& content =
        output.source.place == kNone ? output.source.constant : places[output.source.place];
    outputs.push_back(output.grid ? real_values(content, *output.grid) : content);
  }
  return outputs;
}

}  // namespace acuate
