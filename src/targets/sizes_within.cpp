#include "targets/sizes_within.h"

#include <algorithm>

namespace acuate {
namespace {

constexpr Shape ShapeRange::*kPoints[] = {&ShapeRange::min, &ShapeRange::opt, &ShapeRange::max};

std::optional<Shape> numbers(const std::vector<Expr>& expressions) {
  Shape out;
  for (const Expr& expression : expressions) {
    const auto number = expression.as_number();
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

class JudgingWithin final : public TargetBackend {
 public:
  JudgingWithin(std::shared_ptr<const TargetBackend> backend, const SizedTools& tools,
                ShapeRanges sizes)
      : backend_(std::move(backend)), tools_(tools), sizes_(std::move(sizes)) {}

  TargetStatus status() const override { return backend_->status(); }
  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    return backend_->why_not(node, context);
  }
  Result<std::vector<Refusal>> probe(const Model& model) const override {
    return tools_.probe_within(model, sizes_);
  }

 private:
  const std::shared_ptr<const TargetBackend> backend_;
  const SizedTools& tools_;  // of a built-in target
  const ShapeRanges sizes_;
};

class BuildingWithin final : public TargetBackend {
 public:
  BuildingWithin(std::shared_ptr<const TargetBackend> backend, const SizedTools& tools,
                 const SizesWithin& sizes)
      : backend_(std::move(backend)), tools_(tools), sizes_(sizes) {}

  TargetStatus status() const override { return backend_->status(); }
  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    return backend_->why_not(node, context);
  }
  Result<std::optional<BuiltEngine>> build(const Model& piece,
                                           const BuildOptions& options) const override {
    auto built = tools_.build_within(piece, sizes_, options.devices);
    if (!built) return built.error();
    return std::optional<BuiltEngine>(std::move(*built));
  }

 private:
  const std::shared_ptr<const TargetBackend> backend_;
  const SizedTools& tools_;  // of a built-in target
  const SizesWithin& sizes_;
};

}  // namespace

const SizedTools* sized_tools(const Target& target) {
  // Also where an engine stands in for the target's own.
  const Target* built_in = targets().lookup(target.id);
  return built_in == nullptr ? nullptr : dynamic_cast<const SizedTools*>(built_in->backend.get());
}

Target building_within(const Target& target, const SizesWithin& sizes) {
  Target out = target;
  if (const SizedTools* tools = sized_tools(target); tools != nullptr)
    out.backend = std::make_shared<BuildingWithin>(target.backend, *tools, sizes);
  return out;
}

Target judging_within(const Target& target, const ShapeRanges& sizes) {
  Target out = target;
  if (const SizedTools* tools = sized_tools(target); tools != nullptr && !sizes.empty())
    out.backend = std::make_shared<JudgingWithin>(target.backend, *tools, sizes);
  return out;
}

SizesWithin::SizesWithin(const Model& model, ShapeRanges inputs)
    : model_(model), inputs_(std::move(inputs)) {}

bool SizesWithin::is_complete() const {
  return std::all_of(
      model_.graph().inputs().begin(), model_.graph().inputs().end(), [&](const Value* input) {
        if (input->initializer || input->type.is_static()) return true;
        const auto range = inputs_.find(std::string(input->name));
        return range != inputs_.end() &&
               std::count(range->second.min.begin(), range->second.min.end(), -1) == 0;
      });
}

const SizesWithin::Point& SizesWithin::at(size_t place) const {
  Point& point = points_[inputs_.empty() ? 0 : place];
  if (point.shapes != nullptr) return point;
  point.model = model_.clone();
  Graph& graph = point.model->graph();
  for (const auto& [name, range] : inputs_) {
    Value* input = graph.find(name);
    const Shape& sizes = range.*kPoints[place];
    if (input == nullptr || !input->is_input || !input->type.shape ||
        input->type.shape->size() != sizes.size())
      continue;
    ValueType type = input->type;
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] >= 0) (*type.shape)[i] = Dim{sizes[i], {}};
    graph.set_type(*input, std::move(type));
  }
  point.shapes = std::make_unique<ShapeInference>(*point.model);
  return point;
}

template <typename Read>
std::optional<ShapeRange> SizesWithin::range_of(std::string_view name, const Read& read) const {
  ShapeRange range;
  for (size_t place = 0; place < std::size(kPoints); ++place) {
    const Point& point = at(place);
    const Value* value = point.model->graph().find(name);
    if (value == nullptr) return std::nullopt;
    auto found = read(*point.shapes, *value);
    if (!found) return std::nullopt;
    range.*kPoints[place] = std::move(*found);
  }
  if (range.min.size() != range.opt.size() || range.opt.size() != range.max.size())
    return std::nullopt;
  for (size_t i = 0; i < range.min.size(); ++i) {
    const auto [least, largest] = std::minmax({range.min[i], range.opt[i], range.max[i]});
    range.min[i] = least;
    range.max[i] = largest;
  }
  return range;
}

std::optional<ShapeRange> SizesWithin::shape(std::string_view value) const {
  return range_of(value,
                  [](const ShapeInference& shapes, const Value& at_point) -> std::optional<Shape> {
                    const Dims* dims = shapes.shape(at_point);
                    return dims == nullptr ? std::nullopt : numbers(*dims);
                  });
}

std::optional<ShapeRange> SizesWithin::contents(std::string_view value) const {
  return range_of(
      value, [](const ShapeInference& shapes, const Value& at_point) -> std::optional<Shape> {
        const ShapeData* data = shapes.data(at_point);
        return data == nullptr || data->denominator != 1 ? std::nullopt : numbers(data->values);
      });
}

ShapeRanges SizesWithin::open_shapes(const std::vector<std::string>& values) const {
  ShapeRanges out;
  for (const std::string& name : values) {
    const Value* value = model_.graph().find(name);
    if (value == nullptr || value->type.is_static()) continue;
    if (auto range = shape(name)) out.emplace(name, std::move(*range));
  }
  return out;
}

SizesWithin::OfInputs SizesWithin::of_inputs(const Graph& part) const {
  OfInputs out;
  for (const Value* input : part.inputs()) {
    if (input->initializer) continue;
    const std::string name(input->name);
    const ElementType type = input->type.element;
    if (!input->type.is_static()) {
      if (auto range = shape(name)) out.shapes.emplace(name, std::move(*range));
    } else if (type == ElementType::Int64 || type == ElementType::Int32) {
      if (auto range = contents(name)) out.contents.emplace(name, std::move(*range));
    }
  }
  return out;
}

}  // namespace acuate
