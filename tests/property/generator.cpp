#include "property/generator.h"

#include "property/recipes.h"

namespace acuate::property {
namespace {

struct NamedDim {
  const char* name;
  int64_t size, other_size;
};
const std::vector<NamedDim> kDims = {{"batch", 2, 3}, {"N", 1, 2},   {"height", 6, 8},
                                     {"width", 5, 7}, {"seq", 4, 2}, {"?", 3, 4}};

}  // namespace

Case generate(uint64_t seed) {
  Random random(seed * 0x9E3779B97F4A7C15U + 1);
  Case made;
  made.seed = seed;
  made.tame = random.chance(0.5);
  const int64_t opset =
      random.of<int64_t>({11, 12, 13, 13, 14, 15, 16, 17, 17, 18, 19, 20, 21, 22, 23});
  const bool dynamic = random.chance(0.7);
  const bool zeros = random.chance(0.08);  // tensors without elements
  Builder builder(seed, opset, made.tame);
  for (int64_t i = random.between(1, 4); i > 0; --i) {
    const ElementType type = random.of<ElementType>(
        {ElementType::Float, ElementType::Float, ElementType::Float, ElementType::Float,
         ElementType::Int64, ElementType::Bool, ElementType::Int32});
    const int64_t rank =
        type == ElementType::Float ? random.of<int64_t>({4, 4, 3, 2, 1, 0}) : random.between(0, 1);
    Shape shape, other;
    std::vector<std::string> dims;
    for (int64_t axis = 0; axis < rank; ++axis) {
      if (dynamic && type == ElementType::Float && axis != 1 && random.chance(0.6)) {
        const NamedDim& dim = random.of(kDims);
        shape.push_back(dim.size);
        other.push_back(dim.other_size);
        dims.emplace_back(dim.name);
      } else {
        shape.push_back(zeros && random.chance(0.5) ? 0 : random.between(1, 4));
        other.push_back(shape.back());
        dims.emplace_back();
      }
    }
    const Tensor value = builder.random_tensor(type, shape);
    const Item* input = builder.graph_input(value, dims);
    made.inputs.emplace(input->name, value);
    made.other_inputs.emplace(input->name, builder.random_tensor(type, other));
  }
  const auto nodes = static_cast<size_t>(random.between(3, 24));
  for (int attempt = 0; attempt < 200 && builder.node_count() < nodes; ++attempt) grow(builder);
  made.model = builder.finish();
  made.largest = builder.largest();
  return made;
}

}  // namespace acuate::property
