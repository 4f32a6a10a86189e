// Any operator of the onnx library: inputs by its type constraints, its required attributes and
// some of the optional ones at random. The engine decides which of them make sense.
#include <onnx/defs/schema.h>

#include "property/recipes.h"

namespace acuate::property {
namespace {

// What has recipes of its own, is random, takes memory by its values, traps on zero, or hurts the
// engine when its inputs are nonsense.
bool is_left_out(const std::string& name) {
  static const std::set<std::string> names = {"If",
                                              "Loop",
                                              "Scan",
                                              "SequenceMap",
                                              "RandomNormal",
                                              "RandomUniform",
                                              "RandomNormalLike",
                                              "RandomUniformLike",
                                              "Multinomial",
                                              "Bernoulli",
                                              "Dropout",
                                              "Div",
                                              "Mod",
                                              "Range",
                                              "Expand",
                                              "ConstantOfShape",
                                              "Tile",
                                              "Resize",
                                              "Upsample",
                                              "OneHot",
                                              "Pad",
                                              "EyeLike",
                                              "MaxUnpool",
                                              "CenterCropPad",
                                              "Col2Im",
                                              "BlackmanWindow",
                                              "HannWindow",
                                              "HammingWindow",
                                              "MelWeightMatrix",
                                              "DFT",
                                              "STFT",
                                              "Constant",
                                              "Reshape",
                                              "BitShift",
                                              "Pow",
                                              "RoiAlign",
                                              "NonMaxSuppression",
                                              "AffineGrid",
                                              "ImageDecoder",
                                              "Attention",
                                              "RotaryEmbedding",
                                              "TensorScatter",
                                              "Swish"};
  return names.count(name) > 0;
}

bool is_tame(const std::string& name) {
  static const std::set<std::string> names = {"Relu",
                                              "LeakyRelu",
                                              "PRelu",
                                              "Sigmoid",
                                              "Tanh",
                                              "Elu",
                                              "Selu",
                                              "Celu",
                                              "Mish",
                                              "HardSwish",
                                              "Gelu",
                                              "Softsign",
                                              "Softplus",
                                              "Abs",
                                              "Neg",
                                              "Cos",
                                              "Sin",
                                              "Atan",
                                              "Max",
                                              "Min",
                                              "Sum",
                                              "Mean",
                                              "Identity",
                                              "Shape",
                                              "Size",
                                              "Transpose",
                                              "Where",
                                              "Not",
                                              "And",
                                              "Or",
                                              "Xor",
                                              "Concat",
                                              "Trilu",
                                              "CumSum",
                                              "GlobalAveragePool",
                                              "GlobalMaxPool",
                                              "ReverseSequence",
                                              "Einsum",
                                              "GatherElements"};
  return names.count(name) > 0;
}

const std::vector<onnx::OpSchema>& schemas(int64_t opset) {
  static std::map<int64_t, std::vector<onnx::OpSchema>> by_opset;
  auto& found = by_opset[opset];
  if (found.empty()) {
    std::set<std::string> names;
    for (const auto& schema : onnx::OpSchemaRegistry::get_all_schemas())
      if (schema.domain().empty()) names.insert(schema.Name());
    for (const std::string& name : names)
      if (const auto* schema = onnx::OpSchemaRegistry::Schema(name, static_cast<int>(opset), "");
          schema != nullptr && !schema->Deprecated() && !is_left_out(name))
        found.push_back(*schema);
  }
  return found;
}

std::string type_text(ElementType type) {
  const std::string name(element_type_name(type));
  return "tensor(" + (name == "float32" ? "float" : name == "float64" ? "double" : name) + ")";
}

std::optional<onnx::AttributeProto> random_attribute(Builder& b,
                                                     const onnx::OpSchema::Attribute& of) {
  const auto small = [&] { return b.random().between(-1, 2); };
  switch (of.type) {
    case onnx::AttributeProto::INT:
      return MakeAttribute(of.name, of.name == "keepdims" ? b.random().between(0, 1) : small());
    case onnx::AttributeProto::FLOAT:
      return MakeAttribute(of.name, static_cast<float>(b.random().real()));
    case onnx::AttributeProto::INTS:  // none twice: they may be axes
      return MakeAttribute(of.name, b.random().chance(0.5) ? std::vector<int64_t>{small()}
                                                           : std::vector<int64_t>{0, 1});
    default:
      return std::nullopt;
  }
}

void any_operator(Builder& b) {
  const auto& all = schemas(b.opset());
  const onnx::OpSchema& schema = b.random().of(all);
  if (b.tame() && !is_tame(schema.Name())) return;
  std::map<std::string, ElementType> bound;  // type parameters that an input has fixed
  Items inputs;
  for (const auto& formal : schema.inputs()) {
    const bool optional = formal.GetOption() == onnx::OpSchema::Optional;
    if (optional && b.random().chance(0.5)) {
      inputs.push_back(nullptr);
      continue;
    }
    const int64_t count =
        formal.GetOption() == onnx::OpSchema::Variadic ? b.random().between(1, 3) : 1;
    for (int64_t i = 0; i < count; ++i) {
      const auto fixed = bound.find(formal.GetTypeStr());
      const Item* like = inputs.empty() ? nullptr : inputs[0];
      const auto fits = [&](const Item& item) {
        if (fixed != bound.end()) return item.type() == fixed->second;
        for (const auto& type : formal.GetTypes())
          if (*type == type_text(item.type())) return true;
        return false;
      };
      // Often of the first one's shape, so that elementwise operators get what they want.
      const Item* item =
          like != nullptr && b.random().chance(0.5)
              ? b.pick([&](const Item& i2) { return fits(i2) && i2.shape() == like->shape(); })
              : b.pick(fits);
      if (item == nullptr && fixed != bound.end() && like != nullptr)
        item = b.constant(b.random_tensor(fixed->second, like->shape()));
      if (item == nullptr) return;
      if (formal.GetIsHomogeneous()) bound[formal.GetTypeStr()] = item->type();
      inputs.push_back(item);
    }
  }
  Attributes attributes;
  for (const auto& [name, attribute] : schema.attributes())
    if (attribute.required || (b.random().chance(0.2) && name != "noop_with_empty_axes"))
      if (auto made = random_attribute(b, attribute)) attributes.push_back(*made);
  b.nodes(schema.Name(), inputs, attributes, static_cast<size_t>(std::max(1, schema.min_output())));
}

}  // namespace

std::vector<Recipe> schema_recipes() { return {{"any_operator", 25, any_operator}}; }

}  // namespace acuate::property
