#include "edit/graph_keys.h"

#include <algorithm>

#include "base/hash.h"
#include "edit/compare_tensors.h"

namespace acuate {
namespace {

uint64_t key_of(Bytes bytes, uint64_t seed) { return hash_key(bytes, seed); }

template <class T>
uint64_t key_of(const std::vector<T>& values, uint64_t seed) {
  return hash_key(std::as_bytes(std::span(values)), seed);
}

// The fields but the name, doc string and type, in order of appearance.
uint64_t wire_key(const Attribute& attribute) {
  constexpr uint32_t kAttributeDocString = 13;
  uint64_t key = 0;
  WireReader reader(attribute.wire);
  for (WireField field; reader.next(field);)
    if (field.number != kAttributeName && field.number != kAttributeDocString &&
        field.number != kAttributeType)
      key = hash_combine(key, hash_key(field.whole));
  return key;
}

// A key of a body: what its outputs are computed from and which nodes there are.
uint64_t body_key(const Graph& body, Likeness likeness, GraphKeysCache& bodies) {
  const GraphKeys& keys = bodies.of(body);
  std::vector<uint64_t> values(keys.view.values.size(), 0);
  for (size_t i = 0; i < body.inputs().size(); ++i)
    values[keys.view.index_of(body.inputs()[i])] = i + 1;
  for (size_t i = keys.view.own_values; i < values.size(); ++i)
    values[i] = hash_combine(1, i - keys.view.own_values);
  const auto upstream = keys.keys_upstream(likeness, values);
  uint64_t sum = 0;
  for (const uint64_t key : upstream) sum += hash_combine(2, key);
  uint64_t out = hash_combine(body.inputs().size(), sum);
  for (const Value* output : body.outputs()) {
    const uint32_t index = keys.view.index_of(output);
    const uint32_t producer = index == kNoIndex ? kNoIndex : keys.view.producers[index];
    out = hash_combine(
        out, producer == kNoIndex
                 ? (index == kNoIndex ? 0 : keys.constant(index, likeness).value_or(values[index]))
                 : hash_combine(upstream[producer], keys.view.producer_slots[index]));
  }
  return out;
}

uint64_t attribute_key(const Model& model, const Attribute& attribute, Likeness likeness,
                       GraphKeysCache& bodies) {
  const auto seed = static_cast<uint64_t>(attribute.type);
  if (!attribute.ref_attr_name.empty()) return hash_key(attribute.ref_attr_name, seed + 1000);
  if (!attribute.graphs.empty()) {
    uint64_t key = seed;
    for (const auto& body : attribute.graphs)
      key = hash_combine(key, body_key(*body, likeness, bodies));
    return key;
  }
  if (const auto wire = attribute.as_tensor()) {
    if (const auto tensor = parse_tensor(*wire, model.folder())) {
      const WeightKeys keys = weight_keys(model, *tensor);
      return likeness == Likeness::Equal ? keys.content : keys.type;
    }
    return key_of(*wire, seed);
  }
  if (const auto value = attribute.as_int())
    return hash_combine(seed, static_cast<uint64_t>(*value));
  if (const auto value = attribute.as_float())
    return key_of(std::as_bytes(std::span(&*value, 1)), seed);
  if (const auto value = attribute.as_string()) return hash_key(*value, seed);
  if (const auto values = attribute.as_ints()) return key_of(*values, seed);
  if (const auto values = attribute.as_floats()) return key_of(*values, seed);
  if (const auto values = attribute.as_strings()) {
    uint64_t key = seed;
    for (const std::string_view text : *values) key = hash_combine(key, hash_key(text));
    return key;
  }
  return hash_combine(seed, wire_key(attribute));
}

uint64_t operator_key(const Node& node) {
  return hash_combine(hash_combine(hash_key(node.op_type()), hash_key(node.domain())),
                      hash_key(node.overload()));
}

// The order of attributes does not count.
uint64_t label_key(const Node& node, Likeness likeness, GraphKeysCache& bodies) {
  uint64_t sum = 0;
  if (likeness != Likeness::SameOperator)
    for (const Attribute& attribute : node.attributes())
      sum += hash_combine(hash_key(attribute.name),
                          attribute_key(node.graph().model(), attribute, likeness, bodies));
  return hash_combine(operator_key(node), sum);
}

// A scalar or row that a Constant node holds outside of a tensor.
template <class T>
TensorRef tensor_ref(Shape shape, std::span<const T> values) {
  TensorRef ref;
  ref.resident = std::make_shared<const Tensor>(Tensor::of<T>(std::move(shape), values));
  ref.type = ref.resident->type();
  ref.shape = ref.resident->shape();
  return ref;
}

}  // namespace

std::optional<TensorRef> constant_of(const Node& node) {
  if (!node.is_op("Constant") || node.attributes().size() != 1) return std::nullopt;
  const Attribute& held = node.attributes()[0];
  if (const auto wire = held.as_tensor(); wire && held.name == "value") {
    auto ref = parse_tensor(*wire, node.graph().model().folder());
    return ref ? std::optional(*std::move(ref)) : std::nullopt;
  }
  if (const auto value = held.as_int(); value && held.name == "value_int")
    return tensor_ref<int64_t>({}, std::span(&*value, 1));
  if (const auto value = held.as_float(); value && held.name == "value_float")
    return tensor_ref<float>({}, std::span(&*value, 1));
  if (const auto values = held.as_ints(); values && held.name == "value_ints")
    return tensor_ref<int64_t>({static_cast<int64_t>(values->size())}, *values);
  if (const auto values = held.as_floats(); values && held.name == "value_floats")
    return tensor_ref<float>({static_cast<int64_t>(values->size())}, *values);
  return std::nullopt;
}

bool is_equal_attribute(const Attribute& a, const Attribute& b) {
  if (a.type != b.type || a.ref_attr_name != b.ref_attr_name) return false;
  if (std::ranges::equal(a.wire, b.wire)) return true;
  const std::string text = a.value_text();
  if (text != b.value_text()) return false;
  return text != attribute_type_name(a.type) || wire_key(a) == wire_key(b);
}

GraphKeysCache::~GraphKeysCache() = default;

// Bodies nest no deeper than the importer allows.
const GraphKeys& GraphKeysCache::of(const Graph& graph) {
  if (const auto found = keys_.find(&graph); found != keys_.end()) return *found->second;
  auto made = std::make_unique<GraphKeys>(graph, *this);
  return *keys_.emplace(&graph, std::move(made)).first->second;
}

GraphKeys::GraphKeys(const Graph& given, GraphKeysCache& bodies) : view(given) {
  find_constants();
  add_labels(bodies);
}

void GraphKeys::find_constants() {
  const Model& model = view.graph->model();
  constants.resize(view.values.size());
  is_constant_node.assign(view.nodes.size(), false);
  for (size_t i = 0; i < view.values.size(); ++i)
    if (const auto& initializer = view.values[i]->initializer) {
      const WeightKeys keys = weight_keys(model, *initializer);
      constants[i] = {keys.type, keys.content};
    }
  for (size_t i = 0; i < view.nodes.size(); ++i)
    if (const auto constant = constant_of(*view.nodes[i]);
        constant && view.outputs[i].size() == 1 && view.outputs[i][0] != kNoIndex) {
      const WeightKeys keys = weight_keys(model, *constant);
      constants[view.outputs[i][0]] = {keys.type, keys.content};
      is_constant_node[i] = true;
    }
}

std::optional<uint64_t> GraphKeys::constant(uint32_t value, Likeness likeness) const {
  if (!constants[value]) return std::nullopt;
  switch (likeness) {
    case Likeness::Equal:
      return constants[value]->content;
    case Likeness::SameShapes:
      return constants[value]->type;
    case Likeness::SameOperator:
      break;
  }
  return 1;
}

void GraphKeys::add_labels(GraphKeysCache& bodies) {
  for (const Likeness likeness : kAllLikenesses) {
    auto& own = labels[static_cast<size_t>(likeness)];
    auto& all = nodes[static_cast<size_t>(likeness)];
    own.reserve(view.nodes.size());
    all.reserve(view.nodes.size());
    for (uint32_t i = 0; i < view.nodes.size(); ++i) {
      const bool is_plain = view.nodes[i]->attributes().empty() && likeness != Likeness::Equal;
      own.push_back(is_plain ? labels[0][i] : label_key(*view.nodes[i], likeness, bodies));
      uint64_t key = own.back();
      // How many constants an operator reads may differ where no more than the operator counts.
      if (likeness != Likeness::SameOperator)
        for (const uint32_t value : view.operands[i])
          key = hash_combine(key, value == kNoIndex ? 0 : constant(value, likeness).value_or(2));
      all.push_back(key);
    }
  }
}

std::vector<uint64_t> GraphKeys::keys_upstream(Likeness likeness,
                                               const std::vector<uint64_t>& values) const {
  std::vector<uint64_t> out(view.nodes.size(), 0);
  for (const uint32_t index : view.order) {
    uint64_t key = label(index, likeness);
    for (const uint32_t value : view.operands[index]) {
      uint64_t operand = 3;
      if (value != kNoIndex) {
        const auto fixed = constant(value, likeness);
        const uint32_t producer = view.producers[value];
        operand = fixed                  ? *fixed
                  : producer != kNoIndex ? hash_combine(out[producer], view.producer_slots[value])
                                         : values[value];
      }
      key = hash_combine(key, operand);
    }
    out[index] = key;
  }
  return out;
}

std::vector<uint64_t> GraphKeys::keys_downstream(Likeness likeness,
                                                 const std::vector<uint64_t>& values) const {
  std::vector<uint64_t> out(view.nodes.size(), 0);
  for (auto place = view.order.rbegin(); place != view.order.rend(); ++place) {
    uint64_t key = node(*place, likeness);
    for (const uint32_t value : view.outputs[*place]) {
      uint64_t sum = value == kNoIndex ? 4 : values[value];
      if (value != kNoIndex)
        for (const GraphView::ValueUse& use : view.uses[value])
          sum += hash_combine(out[use.node], use.slot);
      key = hash_combine(key, sum);
    }
    out[*place] = key;
  }
  return out;
}

}  // namespace acuate
