#include "property/builder.h"

#include <cmath>

#include <fmt/format.h>

#include "property/functions.h"

namespace acuate::property {
namespace {

constexpr int64_t kMaxElements = 4096;
constexpr double kTameLimit = 100;

// Small differences of the inputs make no jump in the outputs.
bool is_continuous(const onnx::NodeProto& node) {
  static const std::set<std::string> jumps = {"Cast",
                                              "Ceil",
                                              "Floor",
                                              "Round",
                                              "Sign",
                                              "ArgMax",
                                              "ArgMin",
                                              "Equal",
                                              "Greater",
                                              "Less",
                                              "IsInf",
                                              "IsNaN",
                                              "TopK",
                                              "NonZero",
                                              "GreaterOrEqual",
                                              "Unique",
                                              "ThresholdedRelu",
                                              "Hardmax",
                                              "QuantizeLinear",
                                              "LessOrEqual",
                                              "Shrink",
                                              "Mod",
                                              "DynamicQuantizeLinear"};
  return jumps.count(node.op_type()) == 0;
}

bool is_float(ElementType type) { return is_floating_point(type); }

}  // namespace

std::vector<int64_t> Item::integers() const {
  const auto values = value.values<int64_t>();
  return {values.begin(), values.end()};
}

Builder::Builder(uint64_t seed, int64_t opset, bool tame)
    : random_(seed),
      opset_(opset),
      tame_(tame),
      name_style_(static_cast<int>(random_.between(0, 5))) {
  scopes_.emplace_back();
}

std::string Builder::fresh_name(const std::string& stem) {
  // Bodies beside each other use the same names; no body hides a name that it can see.
  Scope& scope = scopes_.back();
  const std::string id = depth() == 0 ? fmt::format("{}{}", stem, scope.names++)
                                      : fmt::format("b{}_{}{}", depth(), stem, scope.names++);
  switch (name_style_) {
    case 0:
      return fmt::format("/model/layers.{}/{}_output_0", scope.names, id);
    case 1:
      return fmt::format("{}{:03}", depth() + 1, scope.names);
    case 2:
      return scope.names % 3 == 0 ? "\"" + id + "\" \\ 'q'::x\n\tй" : id;
    default:
      return id;
  }
}

const Item* Builder::add_item(const std::string& name, Tensor value) {
  if (value.type() == ElementType::Float)
    for (const float x : value.values<float>())
      if (std::isfinite(x)) largest_ = std::max(largest_, std::abs(static_cast<double>(x)));
  scopes_.back().items.push_back({name, std::move(value)});
  return &scopes_.back().items.back();
}

const Item* Builder::visible(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    for (const Item& item : scope->items)
      if (item.name == name) return &item;
  return nullptr;
}

bool Builder::is_inner(const Item& item) const {
  for (const Item& own : scopes_.back().items)
    if (&own == &item) return true;
  return false;
}

const Item* Builder::pick(const std::function<bool(const Item&)>& fits) {
  Items found;
  for (const Scope& scope : scopes_)
    for (const Item& item : scope.items)
      if (fits(item)) found.push_back(&item);
  if (found.empty()) return nullptr;
  const auto last = static_cast<int64_t>(found.size()) - 1;
  const int64_t a = random_.between(0, last), b = random_.between(0, last);
  return found[static_cast<size_t>(random_.chance(0.7) ? std::max(a, b) : a)];
}

const Item* Builder::pick_float(int64_t min_rank, int64_t max_rank) {
  return pick([&](const Item& item) {
    return item.type() == ElementType::Float && item.rank() >= min_rank && item.rank() <= max_rank;
  });
}

Tensor Builder::random_tensor(ElementType type, const Shape& shape) {
  Tensor tensor = Tensor::allocate(type, shape);
  const double kind = random_.real();
  const auto real = [&]() -> double {
    if (kind < 0.08) return 0;
    if (kind < 0.16) return 1;
    if (!tame_ && random_.chance(0.02))
      return random_.of<double>({-0.0, INFINITY, NAN, 1e30, -1e-40});
    if (kind < 0.3) return static_cast<double>(random_.between(-3, 3));
    return random_.real() * 4 - 2;
  };
  const auto fill = [&]<class T>(T) {
    for (T& x : tensor.mutable_values<T>()) x = static_cast<T>(real());
  };
  const auto fill_integers = [&]<class T>(T, int64_t low) {
    for (T& x : tensor.mutable_values<T>()) x = static_cast<T>(random_.between(low, 5));
  };
  switch (type) {
    case ElementType::Float:
      fill(float{});
      break;
    case ElementType::Double:
      fill(double{});
      break;
    case ElementType::Int64:
      fill_integers(int64_t{}, -3);
      break;
    case ElementType::Int32:
      fill_integers(int32_t{}, -3);
      break;
    case ElementType::Int8:
      fill_integers(int8_t{}, -3);
      break;
    case ElementType::Uint8:
      fill_integers(uint8_t{}, 0);
      break;
    case ElementType::Bool:
      for (std::byte& x : tensor.mutable_bytes()) x = std::byte(random_.between(0, 1));
      break;
    default:
      break;  // zeros
  }
  return tensor;
}

const Item* Builder::constant(const Tensor& value) {
  Scope& scope = scopes_.back();
  const std::string name = fresh_name("c");
  onnx::TensorProto proto = to_proto(value, name);
  if (value.type() == ElementType::Float && random_.chance(0.3)) {
    proto.clear_raw_data();
    for (const float x : value.values<float>()) proto.add_float_data(x);
  } else if (value.type() == ElementType::Int64 && random_.chance(0.3)) {
    proto.clear_raw_data();
    for (const int64_t x : value.values<int64_t>()) proto.add_int64_data(x);
  }
  if (random_.chance(0.25)) {
    onnx::NodeProto& node = *scope.graph.add_node();
    node.set_op_type("Constant");
    node.add_output(name);
    if (opset_ >= 13 && value.type() == ElementType::Int64 && value.shape().size() == 1 &&
        value.size() > 0 && random_.chance(0.5)) {
      const auto values = value.values<int64_t>();
      *node.add_attribute() =
          MakeAttribute("value_ints", std::vector<int64_t>(values.begin(), values.end()));
    } else {
      proto.clear_name();
      *node.add_attribute() = MakeAttribute("value", proto);
    }
  } else {
    *scope.graph.add_initializer() = proto;
  }
  add_item(name, value);
  scope.items.back().is_constant = true;
  return &scope.items.back();
}

onnx::ModelProto Builder::empty_model() const {
  onnx::ModelProto model;
  model.set_ir_version(opset_ >= 19 ? 9 : 8);
  model.set_producer_name("generator");
  auto* import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset_);
  add_functions(model, opset_);
  model.mutable_graph()->set_name("g");
  return model;
}

Items Builder::nodes(const std::string& op, const Items& inputs, const Attributes& attributes,
                     size_t outputs, const std::string& domain) {
  onnx::NodeProto node;
  node.set_op_type(op);
  node.set_domain(domain);
  bool smooth = true;
  for (const Item* input : inputs) {
    node.add_input(input ? input->name : "");
    smooth &= input == nullptr || input->is_smooth;
  }
  while (node.input_size() > 0 && node.input(node.input_size() - 1).empty())
    node.mutable_input()->RemoveLast();
  for (const auto& attribute : attributes) *node.add_attribute() = attribute;
  Scope& scope = scopes_.back();
  if (random_.chance(0.7)) node.set_name(fresh_name(op + "_"));
  for (size_t i = 0; i < outputs; ++i) node.add_output(fresh_name("v"));

  // Against the specification, the engine keeps an empty axis that it reduces and gives NonZero of
  // a scalar one row.
  if ((op.starts_with("Reduce") || op.starts_with("Arg")) && inputs[0]->value.size() == 0)
    return {};
  if (op == "NonZero" && inputs[0]->rank() == 0) return {};

  std::vector<std::string> read(node.input().begin(), node.input().end());
  for (const auto& attribute : attributes)
    if (attribute.has_g()) collect_outer_names(attribute.g(), read);
  onnx::ModelProto model = empty_model();
  Values fed;
  for (const std::string& name : read) {
    if (name.empty()) continue;
    const Item* item = visible(name);
    if (item == nullptr || !fed.emplace(name, item->value).second) continue;
    smooth &= item->is_smooth;
    auto* input = model.mutable_graph()->add_input();
    input->set_name(name);
    set_static_type(*input->mutable_type(), item->value);
  }
  *model.mutable_graph()->add_node() = node;
  for (const std::string& output : node.output())
    model.mutable_graph()->add_output()->set_name(output);
  auto results = run_model(model, fed);
  if (!results) return {};
  for (const auto& [name, value] : *results) {
    if (value.size() > kMaxElements || element_bits(value.type()) < 8) return {};
    if (!tame_ || value.type() != ElementType::Float) continue;
    for (const float x : value.values<float>())
      if (!(std::abs(x) <= kTameLimit)) return {};
  }
  bool reads_float = false;
  for (const auto& [name, value] : fed) reads_float |= is_float(value.type());
  if (reads_float && !is_continuous(node)) smooth = false;
  *scope.graph.add_node() = node;
  Items added;
  for (const std::string& output : node.output()) {
    add_item(output, results->at(output));
    scope.items.back().is_smooth = smooth;
    added.push_back(&scope.items.back());
  }
  return added;
}

void Builder::begin_body() { scopes_.emplace_back(); }

const Item* Builder::body_input(const Tensor& example) {
  const std::string name = fresh_name("in");
  auto* input = scopes_.back().graph.add_input();
  input->set_name(name);
  set_tensor_type(*input->mutable_type(), example.type());
  return add_item(name, example);
}

onnx::GraphProto Builder::end_body(const Items& outputs) {
  onnx::GraphProto graph = std::move(scopes_.back().graph);
  graph.set_name(fmt::format("body{}", depth()));
  for (const Item* item : outputs) {
    auto* output = graph.add_output();
    output->set_name(item->name);
    set_tensor_type(*output->mutable_type(), item->type());
  }
  scopes_.pop_back();
  return graph;
}

const Item* Builder::graph_input(const Tensor& value, const std::vector<std::string>& dims) {
  const std::string name = fresh_name("x");
  auto* input = scopes_[0].graph.add_input();
  input->set_name(name);
  set_tensor_type(*input->mutable_type(), value.type());
  auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (size_t i = 0; i < dims.size(); ++i) {
    auto* dim = shape->add_dim();
    if (dims[i].empty())
      dim->set_dim_value(value.shape()[i]);
    else if (dims[i] != "?")
      dim->set_dim_param(dims[i]);
  }
  return add_item(name, value);
}

// In tame graphs only what has no jump before it can be compared with a tolerance; there the rest
// stays inside.
void Builder::add_outputs(onnx::GraphProto& graph) {
  std::set<std::string> read, produced;
  for (const auto& node : graph.node()) {
    std::vector<std::string> names(node.input().begin(), node.input().end());
    for (const auto& attribute : node.attribute())
      if (attribute.has_g()) collect_outer_names(attribute.g(), names);
    read.insert(names.begin(), names.end());
    if (node.op_type() != "Constant") produced.insert(node.output().begin(), node.output().end());
  }
  const double middle = random_.of<double>({0.05, 0.05, 0.4});
  std::vector<const Item*> chosen, possible;
  for (const Item& item : scopes_[0].items) {
    if (tame_ && !item.is_smooth) continue;
    if (produced.count(item.name) == 0) {
      // An input or constant is an output now and then.
      if (random_.chance(0.01)) chosen.push_back(&item);
      continue;
    }
    possible.push_back(&item);
    if (random_.chance(read.count(item.name) == 0 ? 0.8 : middle)) chosen.push_back(&item);
  }
  if (chosen.empty() && !possible.empty()) chosen.push_back(possible.back());
  for (const Item* item : chosen) {
    auto* output = graph.add_output();
    output->set_name(item->name);
    set_tensor_type(*output->mutable_type(), item->type());
    if (random_.chance(0.5)) {
      auto* shape = output->mutable_type()->mutable_tensor_type()->mutable_shape();
      for (int64_t i = 0; i < item->rank(); ++i) shape->add_dim();
    }
  }
}

onnx::ModelProto Builder::finish() {
  onnx::ModelProto model = empty_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  graph = std::move(scopes_[0].graph);
  graph.set_name("g");
  add_outputs(graph);
  // Initializers that callers may override are inputs too.
  if (random_.chance(0.15))
    for (const auto& initializer : graph.initializer())
      if (random_.chance(0.3)) {
        auto* input = graph.add_input();
        input->set_name(initializer.name());
        set_tensor_type(*input->mutable_type(), static_cast<ElementType>(initializer.data_type()));
        auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
        for (const int64_t dim : initializer.dims()) shape->add_dim()->set_dim_value(dim);
      }
  return model;
}

}  // namespace acuate::property
