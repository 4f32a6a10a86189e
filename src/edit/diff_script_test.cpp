#include "edit/diff_script.h"

#include <algorithm>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "edit/test_support.h"
#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

class DiffScriptTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "acuate_diff_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    context.folder = name;
    context.infer = true;
  }
  void TearDown() override { fs::remove_all(context.folder); }

  DiffScript script(const Model& a, const Model& b) {
    auto made = write_diff_script(a, b, context, "weights");
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : DiffScript();
  }

  // The script, which must leave nothing.
  std::string between(std::string_view a, std::string_view b) {
    const DiffScript made = script(*text_model(a), *text_model(b));
    EXPECT_THAT(made.left, testing::IsEmpty()) << made.text;
    return made.text;
  }

  EditContext context;
};

TEST_F(DiffScriptTest, OfEqualModelsIsEmpty) {
  const char* graph = "g (float[2] x) => (float[2] y) { [a] y = Neg(x) }";
  EXPECT_EQ(between(graph, graph), "");
}

TEST_F(DiffScriptTest, NamesThatChangePlaces) {
  EXPECT_EQ(
      between("g (float[2] x) => (float[2] y) { [a] p = Neg(x) [b] q = Exp(p) [c] y = Abs(q) }",
              "g (float[2] x) => (float[2] y) { [b] q = Neg(x) [a] p = Exp(q) [c] y = Abs(p) }"),
      "rename-value q diff~1\nrename-value p q\nrename-value diff~1 p\n"
      "rename-node b diff~2\nrename-node a b\nrename-node diff~2 a\n");
}

TEST_F(DiffScriptTest, NodesWeightsAttributesAndMetadata) {
  EXPECT_EQ(
      between("g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}>"
              " { [a] p = Mul(x, w) [b] y = Elu<alpha = 0.5>(p) }",
              "g (float[2] x) => (float[2] y) <float[2] w = {1.0, 3.0}, float[2] v = {0.5, 0.25}>"
              " { [a] p = Mul(x, w) [n] q = Add(p, v) [b] y = Elu<alpha = 0.25>(q) }"),
      "set-initializer w float32:[1, 3]\nadd-initializer v float32:[0.5, 0.25]\n"
      "add-node Add p v -> q --name n\nset-input b 0 q\nset-attr b alpha float:0.25\n");
  EXPECT_EQ(between("g (float[2] x) => (float[2] y) { [a] p = Neg(x) [b] y = Abs(p) }",
                    "g (float[2] x) => (float[2] y) { [b] y = Abs(x) }"),
            "set-input b 0 x\ndelete-node a\n");
}

// Neither as the first model declares them nor as they are inferred.
TEST_F(DiffScriptTest, DeclaredTypesOfOutputsBodiesAndInnerValues) {
  const char* a = R"(g (bool c, float[n, 4] x) => (float[n, 4] y, float[n, 4] z) {
    [old] o = Identity (x)
    [pick] y = If (c) <then_branch = t () => (float[n, 4] p) { r = Neg (o)  p = Abs (r) },
                       else_branch = e () => (float[n, 4] q) { q = Exp (o) }>
    z = Sin (y) })";
  const char* b = R"(g (bool c, float[n, 4] x) => (float[?, 4] y, float[m, ?] z) {
    [pick] y = If (c) <
        then_branch = t () => (float[rows, 4] p) <float[?, 4] r> { r = Neg (x)  p = Abs (r) },
        else_branch = e () => (float[?, ?] q) { q = Exp (x) }>
    z = Sin (y) })";
  const auto first = text_model(a), second = text_model(b);
  const DiffScript made = script(*first, *second);
  EXPECT_THAT(made.left, testing::IsEmpty());
  EXPECT_THAT(made.notes, testing::IsEmpty()) << made.text;
  const auto applied = apply_script(*first, made.text, context);
  ASSERT_TRUE(applied) << applied.error().message;
  const auto bytes = std::make_shared<const std::string>(bytes_of(**applied));
  const auto read = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(diff_models(**read, *second).empty()) << to_text(diff_models(**read, *second));
}

TEST_F(DiffScriptTest, InputsOutputsAndTheirTypes) {
  between("g (float[n] x) => (float[n] y) { [a] p = Neg(x) [b] y = Abs(p) }",
          "g (float[4] x) => (float[4] y) { [a] p = Neg(x) [b] y = Abs(p) }");
  between("g (float[2] x) => (float[2] y) { [a] p = Neg(x) [b] y = Abs(p) }",
          "g (float[2] x, float[2] z) => (float[2] p, float[2] y)"
          " { [a] p = Neg(x) [b] y = Add(p, z) }");
}

TEST_F(DiffScriptTest, NamesThatGo) {
  EXPECT_EQ(between("g (float[2] x) => (float[2] y) { [a] p = Neg(x) [b] y = Abs(p) }",
                    "g (float[2] x) => (float[2] y) { p = Neg(x) y = Abs(p) }"),
            "rename-node a \"\"\nrename-node b \"\"\n");
}

TEST_F(DiffScriptTest, Opsets) {
  const auto a = text_model("g (float[2] x) => (float[2] y) { y = Neg(x) }");
  const auto b = a->clone();
  b->set_opset("", 18);
  b->set_opset("com.example", 3);
  const DiffScript made = script(*a, *b);
  EXPECT_EQ(made.text, "set-opset 18\nset-opset 3 com.example\n");
  EXPECT_THAT(made.left, testing::IsEmpty());
}

TEST_F(DiffScriptTest, BodiesOfFunctions) {
  const auto model = [](const char* body) {
    auto parsed = parse_text_model(std::string(R"(
<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
g (float[2] x) => (float[2] y) { y = local.twice(x) }
<domain: "local", opset_import: ["" : 17]>
twice (p) => (q) )") + body);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return *std::move(parsed);
  };
  const DiffScript made =
      script(*model("{ [add] q = Add(p, p) }"), *model("{ [neg] r = Neg(p) [add] q = Add(r, p) }"));
  EXPECT_EQ(made.text,
            "add-node Neg function:local:twice::p -> function:local:twice::r --name neg\n"
            "set-input function:local:twice::add 0 function:local:twice::r\n");
  EXPECT_THAT(made.left, testing::IsEmpty());
}

TEST_F(DiffScriptTest, LargeWeightsAreFiles) {
  std::string zeros = "0.5";
  for (int i = 1; i < 40; ++i) zeros += ", 0.5";
  const std::string made =
      between("g (float[40] x) => (float[40] y) { y = Neg(x) }",
              "g (float[40] x) => (float[40] y) <float[40] w = {" + zeros + "}> { y = Add(x, w) }");
  EXPECT_THAT(made, testing::HasSubstr("add-initializer w raw:float32[40]:weights/0.bin\n"));
  EXPECT_EQ(fs::file_size(context.folder / "weights/0.bin"), 160U);
}

// Bodies of new nodes, and those whose interface differs, come from files beside the script.
TEST_F(DiffScriptTest, NodesWithBodies) {
  const char* plain = "g (float[2] x, bool c) => (float[2] y) { y = Neg(x) }";
  const auto branches = [](const std::string& then) {
    return "g (float[2] x, bool c) => (float[2] y) { [choose] y = If(c) <then_branch = t () => "
           "(float[2] p) { " +
           then + " }, else_branch = e () => (float[2] q) { q = Abs(x) }> }";
  };
  EXPECT_THAT(between(plain, branches("p = Neg(x)")),
              testing::HasSubstr("then_branch=graph:weights/0.onnx"));
  EXPECT_EQ(between(branches("[n] p = Neg(x)"), branches("[m] p = Neg(x)")),
            "rename-node choose::then_branch::n m\n");
  between(branches("p = Neg(x)"), plain);
}

TEST_F(DiffScriptTest, WithoutFilesBodiesAreLeft) {
  const auto a = text_model("g (float[2] x, bool c) => (float[2] y) { y = Neg(x) }");
  const auto b = text_model(
      "g (float[2] x, bool c) => (float[2] y) { y = If(c) <then_branch = t () => (float[2] p)"
      " { p = Neg(x) }, else_branch = e () => (float[2] q) { q = Abs(x) }> }");
  const auto made = write_diff_script(*a, *b, context, "");
  ASSERT_TRUE(made);
  EXPECT_THAT(made->left, testing::Contains(testing::HasSubstr("(If)")));
}

TEST_F(DiffScriptTest, VersionsProducerAndDocumentation) {
  const auto a = text_model("g (float[2] x) => (float[2] y) { [n] y = Neg(x) }");
  const auto b = a->clone();
  b->set_ir_version(10);
  b->set_opset("com.example", 3);
  const auto made =
      apply_script(*b, "set-producer tool 2\nset-doc \"a model\"\nset-doc \"a node\" n", context);
  ASSERT_TRUE(made);
  const DiffScript there = script(*a, **made);
  EXPECT_EQ(there.text,
            "set-opset 3 com.example\nset-ir-version 10\nset-producer tool 2\n"
            "set-doc \"a model\"\nset-doc \"a node\" n\n");
  EXPECT_THAT(there.left, testing::IsEmpty());
  const DiffScript back = script(**made, *a);
  EXPECT_THAT(back.text, testing::HasSubstr("remove-opset com.example\n"));
  EXPECT_THAT(back.left, testing::IsEmpty());
}

TEST_F(DiffScriptTest, Functions) {
  const auto model = [](const char* graph, const char* function) {
    auto parsed = parse_text_model(
        std::string("<ir_version: 8, opset_import: [\"\" : 17, \"local\" : 1]>\n") + graph +
        "\n<domain: \"local\", opset_import: [\"\" : 17]>\n" + function);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return *std::move(parsed);
  };
  const char* calls = "g (float[2] x) => (float[2] y) { y = local.f(x) }";
  const auto a = model(calls, "f (p) => (q) { q = Add(p, p) }");
  const auto wider = model(calls, "f (p, r) => (q) { q = Add(p, r) }");
  const auto other =
      model("g (float[2] x) => (float[2] y) { y = local.h(x) }", "h (p) => (q) { q = Exp(p) }");
  for (const Model* from : {a.get(), wider.get(), other.get()})
    for (const Model* to : {a.get(), wider.get(), other.get()}) {
      const DiffScript made = script(*from, *to);
      EXPECT_THAT(made.left, testing::IsEmpty()) << made.text;
    }
}

TEST_F(DiffScriptTest, TextsAndConstantOutputs) {
  EXPECT_THAT(between("g (float[2] x) => (float[2] y) { y = Neg(x) }",
                      "g (float[2] x) => (float[2] y) <string[2] s = {\"a b\", \"c\"}>"
                      " { y = Neg(x) t = Identity(s) }"),
              testing::HasSubstr("add-initializer s string:[\"a b\", \"c\"]\n"));
  between("g (float[2] x) => (float[2] y, float[2] z) { y = Neg(x) z = Exp(x) }",
          "g (float[2] x) => (float[2] y, float[2] z) <float[2] y = {1.0, 2.0}> { z = Exp(x) }");
}

TEST_F(DiffScriptTest, OutputsOfANodeComeAndGo) {
  const char* one =
      "g (float[1,1,4,4] x) => (float[1,1,3,3] y)"
      " { [n] y = MaxPool<kernel_shape = [2, 2]>(x) }";
  const char* two =
      "g (float[1,1,4,4] x) => (float[1,1,3,3] y, int64[1,1,3,3] i)"
      " { [n] y, i = MaxPool<kernel_shape = [2, 2]>(x) }";
  EXPECT_THAT(between(one, two), testing::HasSubstr("set-output n 1 i\n"));
  EXPECT_THAT(between(two, one), testing::HasSubstr("set-output n 1 \"\"\n"));
}

TEST_F(DiffScriptTest, NodesThatChangePlaces) {
  between("g (float[2] x) => (float[2] y) { [a] p = Neg(x) [b] y = Abs(p) }",
          "g (float[2] x) => (float[2] p) { [b] y = Abs(x) [a] p = Neg(y) }");
}

TEST_F(DiffScriptTest, MetadataOfNodes) {
  const auto a = text_model("g (float[2] x) => (float[2] y) { [n] y = Neg(x) }");
  const auto b = a->clone();
  b->graph().first()->set_metadata("key", "value");
  const DiffScript made = script(*a, *b);
  EXPECT_EQ(made.text, "set-metadata key value n\n");
  EXPECT_THAT(made.left, testing::IsEmpty());
  EXPECT_EQ(script(*b, *a).text, "remove-metadata key n\n");
}

Value* first_weight(const Node& node) {
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    Value* input = node.input(slot);
    if (input != nullptr && input->initializer && input->initializer->type == ElementType::Float)
      return input;
  }
  return nullptr;
}

Tensor noisy(const Model& model, const Value& weight) {
  const auto old = model.load(*weight.initializer);
  EXPECT_TRUE(old);
  Tensor tensor = Tensor::allocate(old->type(), old->shape());
  std::ranges::copy(old->values<float>(), tensor.mutable_values<float>().begin());
  for (float& x : tensor.mutable_values<float>()) x += 0.25F;
  return tensor;
}

// Random edits of the fixtures, both ways.
TEST_F(DiffScriptTest, RandomEditsAreReplayed) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(ACUATE_FIXTURES))
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  size_t scripts = 0;
  for (const auto& path : paths) {
    const auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    std::mt19937 random(static_cast<uint32_t>(scripts));
    const auto other = (*model)->clone();
    Graph& graph = other->graph();
    std::vector<Node*> nodes = graph.nodes();
    for (int edit = 0; edit < 4; ++edit) {
      Node& node = *nodes[random() % nodes.size()];
      Value* value = node.output();
      if (value == nullptr || value->is_output() || node.is_op("Constant")) continue;
      const std::string name = "new" + std::to_string(edit);
      switch (random() % 4) {
        case 0:
          node.set_name(name);
          break;
        case 1:
          graph.rename(*value, name);
          break;
        case 2:
          if (Value* weight = first_weight(node))
            weight->graph->set_initializer(*weight, noisy(*other, *weight));
          break;
        default: {
          Value* fresh = graph.add_value(name);
          graph.replace_uses(*value, *fresh);
          graph.add_node("Identity", "", name, {value}, {fresh}, node.next());
        }
      }
    }
    for (const bool back : {false, true}) {
      const Model &from = back ? *other : **model, &to = back ? **model : *other;
      const DiffScript made = script(from, to);
      EXPECT_THAT(made.left, testing::IsEmpty()) << path << " " << back << "\n" << made.text;
      ++scripts;
    }
  }
  EXPECT_GE(scripts, 10U);
}

}  // namespace
}  // namespace acuate
