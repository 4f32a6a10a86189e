// Every operator model of libonnx-testdata against the outputs stored with it, which the onnx
// project computed with numpy: as it stands, and with every dimension of its inputs a symbol, where
// each named dimension must have the true value when the symbols get theirs.
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/file.h"
#include "graph/corpus_test_support.h"
#include "onnx_io/import.h"
#include "shape/inference.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kSmall = 64;  // inputs of up to so many elements may steer a shape

// The TensorProtos of a stored output: itself, or those of a SequenceProto or OptionalProto, which
// both have tensors in field 3 and sequences in field 5.
Result<std::vector<TensorRef>> read_refs(const fs::path& path, const SymbolicType& type,
                                         std::vector<std::shared_ptr<const MappedFile>>& files) {
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  files.push_back(*file);
  std::vector<TensorRef> refs;
  const std::function<Result<void>(Bytes, const SymbolicType&)> read =
      [&](Bytes bytes, const SymbolicType& of) -> Result<void> {
    if (of.is_tensor()) {
      auto ref = parse_tensor(bytes, path.parent_path());
      if (!ref) return ref.error();
      refs.push_back(*std::move(ref));
      return {};
    }
    WireReader reader(bytes);
    for (WireField field; reader.next(field);)
      if (field.number == 3 || field.number == 5)
        if (auto done = read(field.payload, *of.item); !done) return done;
    return {};
  };
  if (auto done = read((*file)->bytes(), type); !done) return done.error();
  return refs;
}

fs::path stored(const fs::path& model, const char* kind, size_t index) {
  return model.parent_path() / "test_data_set_0" / fmt::format("{}_{}.pb", kind, index);
}

struct Count {
  size_t outputs = 0, containers = 0, strings = 0, unknown_rank = 0, dims = 0, anonymous = 0;
  std::map<std::string, size_t> open;  // anonymous dimensions and unknown ranks by operator
};

void check_tensor(const std::string& where, const std::string& op, const SymbolicType& type,
                  const TensorRef& truth, const Expr::Binding& binding, Count& count) {
  // numpy has no bfloat16; its bits are stored as uint16.
  if (type.element != ElementType::Undefined && type.element != ElementType::Bfloat16) {
    EXPECT_EQ(element_type_name(type.element), element_type_name(truth.type)) << where;
  }
  count.strings += type.element == ElementType::String ? 1 : 0;
  if (!type.shape) {
    ++count.unknown_rank;
    ++count.open[op + " (rank)"];
    return;
  }
  ASSERT_EQ(type.shape->size(), truth.shape.size()) << where << ": " << type.text();
  for (size_t axis = 0; axis < type.shape->size(); ++axis) {
    const Expr& dim = (*type.shape)[axis];
    ++count.dims;
    if (dim.is_anonymous()) {
      ++count.anonymous;
      ++count.open[op];
      continue;
    }
    EXPECT_EQ(dim.evaluate(binding), truth.shape[axis])
        << where << ": " << type.text() << " against " << format_shape(truth.shape);
  }
}

// What inference says of the outputs, under `binding`, against what is stored.
void check_outputs(const fs::path& path, const Model& model, const ShapeInference& inference,
                   const Expr::Binding& binding, Count& count) {
  const std::string where = path.parent_path().filename().string();
  for (size_t i = 0; i < model.graph().outputs().size(); ++i) {
    const Value& output = *model.graph().outputs()[i];
    const SymbolicType* type = inference.type(output);
    const std::string op(output.producer ? output.producer->op_type() : "input");
    if (type == nullptr) {
      ++count.unknown_rank;
      ++count.open[op + " (rank)"];
      continue;
    }
    const SymbolicType* item = type;
    while (!item->is_tensor() && item->item) item = item->item.get();
    if (!item->is_tensor()) continue;  // a map
    std::vector<std::shared_ptr<const MappedFile>> files;
    const auto refs = read_refs(stored(path, "output", i), *type, files);
    ASSERT_TRUE(refs) << where << ": " << refs.error().message;
    ++count.outputs;
    count.containers += type->is_tensor() ? 0 : 1;
    for (const TensorRef& truth : *refs) check_tensor(where, op, *item, truth, binding, count);
  }
}

void print(const char* title, const Count& count) {
  std::string open;
  for (const auto& [op, number] : count.open) open += fmt::format(" {} {};", op, number);
  fmt::print(
      "{}: {} outputs, {} of them sequences or optionals, {} of strings, {} of unknown rank; {} "
      "dimensions, {} of them anonymous:{}\n",
      title, count.outputs, count.containers, count.strings, count.unknown_rank, count.dims,
      count.anonymous, open);
}

std::optional<int64_t> no_binding(std::string_view) { return std::nullopt; }

TEST(ShapeCorpus, AgreesWithStoredOutputs) {
  const std::vector<fs::path> paths = models_below({kOperatorModels});
  ASSERT_GE(paths.size(), 1000U);
  Count count;
  for (const fs::path& path : paths) {
    auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    const ShapeInference inference(**model);
    for (const ModelIssue& issue : inference.issues()) ADD_FAILURE() << path << issue.message;
    check_outputs(path, **model, inference, no_binding, count);
  }
  print("as it stands", count);
  EXPECT_GT(count.outputs, 1000U);
  EXPECT_GT(count.containers, 10U);
  EXPECT_GT(count.strings, 10U);
}

// Inputs that are small lists are constants here, as they are in real models: they may be axes,
// sizes, scales or pads. The first input stays one, and so does everything with two dimensions.
void make_open(const fs::path& path, Model& model, std::map<std::string, int64_t>& binding) {
  Graph& graph = model.graph();
  std::vector<Value*> inputs;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    Value& input = *graph.inputs()[i];
    inputs.push_back(&input);
    if (input.type.kind != ValueType::Kind::Tensor || !input.type.shape) continue;
    const auto truth = read_stored_tensor(stored(path, "input", i));
    if (!truth) continue;
    if (i > 0 && truth->shape().size() <= 1 && truth->size() <= kSmall) {
      inputs.pop_back();
      graph.set_initializer(input, *truth);
      continue;
    }
    ValueType type = input.type;
    type.wire = {};
    for (size_t axis = 0; axis < type.shape->size(); ++axis) {
      const std::string name = fmt::format("i{}d{}", i, axis);
      binding[name] = truth->shape()[axis];
      (*type.shape)[axis] = Dim{-1, model.intern(name)};
    }
    graph.set_type(input, std::move(type));
  }
  graph.set_inputs(inputs);
  graph.clear_inferred_types();
  for (Value* output : graph.outputs()) graph.set_type(*output, {});
}

TEST(ShapeCorpus, SymbolsHaveTheTrueValues) {
  Count count;
  for (const fs::path& path : models_below({kOperatorModels})) {
    auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    std::map<std::string, int64_t> binding;
    make_open(path, **model, binding);
    const ShapeInference inference(**model);
    for (const ModelIssue& issue : inference.issues()) ADD_FAILURE() << path << issue.message;
    check_outputs(
        path, **model, inference,
        [&](std::string_view name) -> std::optional<int64_t> {
          const auto found = binding.find(std::string(name));
          return found == binding.end() ? std::nullopt : std::optional(found->second);
        },
        count);
  }
  print("with symbols", count);
  EXPECT_GT(count.outputs, 900U);
}

}  // namespace
}  // namespace acuate
