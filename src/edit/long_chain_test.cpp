// Nothing recurses over the depth of a graph: whatever reads or changes models takes a chain of
// 100,000 nodes, and bodies within bodies as deep as they can be opened.
#include <gtest/gtest.h>

#include "base/file.h"
#include "edit/command.h"
#include "edit/diff.h"
#include "graph/module_tree.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "rewrite/pass.h"
#include "shape/infer.h"

namespace acuate {
namespace {

constexpr int kLength = 100'000;

WireRope float_value(const std::string& name) {
  WireRope dim, shape, tensor, type, info;
  dim.text_field(2, "N");
  shape.message_field(1, std::move(dim));
  tensor.varint_field(1, 1);
  tensor.message_field(2, std::move(shape));
  type.message_field(1, std::move(tensor));
  info.text_field(1, name);
  info.message_field(2, std::move(type));
  return info;
}

WireRope node(const char* op, const std::string& input, const std::string& output) {
  WireRope proto;
  proto.text_field(1, input);
  proto.text_field(2, output);
  proto.text_field(3, "/layer" + output + "/" + op);
  proto.text_field(4, op);
  return proto;
}

std::string model_of(WireRope graph) {
  WireRope model, opset;
  opset.varint_field(2, 17);
  model.varint_field(1, 8);
  model.message_field(7, std::move(graph));
  model.message_field(8, std::move(opset));
  return model.flatten();
}

// Sigmoid, Identity, Sigmoid, Identity, …; `reversed`: the last node stands first.
std::string chain(bool reversed) {
  WireRope graph;
  for (int k = 0; k < kLength; ++k) {
    const int i = reversed ? kLength - 1 - k : k;
    graph.message_field(1, node(i % 2 == 0 ? "Sigmoid" : "Identity", "v" + std::to_string(i),
                                "v" + std::to_string(i + 1)));
  }
  graph.text_field(2, "chain");
  graph.message_field(11, float_value("v0"));
  graph.message_field(12, float_value("v" + std::to_string(kLength)));
  return model_of(std::move(graph));
}

std::unique_ptr<Model> opened(std::string bytes) {
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  auto model = import_model(as_bytes(*owner), owner, {});
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

class LongChain : public testing::Test {
 protected:
  const std::unique_ptr<Model> model = opened(chain(false));
};

TEST_F(LongChain, IsVerifiedClonedAndWritten) {
  ASSERT_EQ(model->graph().node_count(), static_cast<size_t>(kLength));
  check_invariants(*model);
  EXPECT_TRUE(verify(*model).empty());
  EXPECT_TRUE(check_operators(*model).empty());
  const auto copy = model->clone();
  copy->graph().first()->touch();
  const auto path = std::filesystem::path(testing::TempDir()) / "long_chain.onnx";
  ASSERT_TRUE(save_model(*copy, path));
  EXPECT_EQ((*import_model(path))->graph().node_count(), static_cast<size_t>(kLength));
  std::filesystem::remove(path);
}

TEST_F(LongChain, IsSorted) {
  const auto reversed = opened(chain(true));
  ASSERT_EQ(verify(*reversed).size(), 1U);
  EXPECT_EQ(verify(*reversed)[0].id, "unsorted_nodes");
  ASSERT_TRUE(reversed->graph().sort_topologically());
  EXPECT_TRUE(verify(*reversed).empty());
  EXPECT_EQ(reversed->graph().first()->input(0)->name, "v0");
}

TEST_F(LongChain, HasAModuleTree) {
  const ModelModuleTree tree = ModelModuleTree::of(*model);
  EXPECT_EQ(tree.modules().size(), static_cast<size_t>(kLength) + 1);
}

TEST_F(LongChain, IsInferred) {
  EXPECT_TRUE(infer_shapes(*model).issues.empty());
  EXPECT_EQ(model->graph().last()->input(0)->type.text(), "float32[N]");
}

TEST_F(LongChain, IsSimplified) {
  ASSERT_TRUE(simplify(*model, {}));
  EXPECT_EQ(model->graph().node_count(), static_cast<size_t>(kLength) / 2);
  check_invariants(*model);
}

TEST_F(LongChain, IsEdited) {
  EditContext context;
  context.infer = true;
  const auto edited = apply_script(*model, "rename-node @v50000 middle\nset-dim N 4\n", context);
  ASSERT_TRUE(edited) << edited.error().message;
  EXPECT_EQ((*edited)->graph().last()->output()->type.text(), "float32[4]");
  // From its middle on, all of it goes.
  const auto cut =
      apply_script(*model, "add-output v50000\ndelete-node @v50001 --with-children\n", context);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ((*cut)->graph().node_count(), 50'000U);
  EXPECT_TRUE(verify(**cut).empty());
}

TEST_F(LongChain, IsDiffed) {
  const auto edited = apply_script(*model, "rename-node @v50000 middle\n", {});
  ASSERT_TRUE(edited) << edited.error().message;
  const ModelDiff diff = diff_models(*model, **edited);
  EXPECT_EQ(diff.nodes_changed.size(), 0U);
  ASSERT_EQ(diff.nodes_renamed.size(), 1U);
  EXPECT_EQ(diff.nodes_renamed[0].after, "middle");
}

// Each body holds the next; the innermost one reads the input of the model. Grown from the inside,
// what stands before and behind kept apart, so that building is linear.
std::string nested(int depth) {
  std::vector<std::string> before, behind;
  WireRope core;
  core.message_field(1, node("Identity", "v0", "y"));
  std::string innermost = core.flatten();
  size_t size = innermost.size();
  const auto enclose = [&](uint32_t field) {
    WireRope length;
    length.varint_field(field, size);
    std::string header = length.flatten();
    header[0] = static_cast<char>(field << 3 | 2);
    size += header.size();
    before.push_back(header);
  };
  const auto add = [&](std::vector<std::string>& where, WireRope&& fields) {
    where.push_back(fields.flatten());
    size += where.back().size();
  };
  for (int i = 0; i < depth; ++i) {
    WireRope body, head, tail;
    body.text_field(2, "body");
    body.message_field(12, float_value("y"));
    add(behind, std::move(body));
    enclose(6);
    head.text_field(1, "then_branch");
    add(before, std::move(head));
    tail.varint_field(20, 5);
    add(behind, std::move(tail));
    enclose(5);
    add(before, node("If", "c", "y"));
    enclose(1);
  }
  std::string text;
  for (auto part = before.rbegin(); part != before.rend(); ++part) text += *part;
  text += innermost;
  for (const std::string& part : behind) text += part;
  WireRope graph;
  graph.append_view(as_bytes(text));
  graph.message_field(11, float_value("v0"));
  graph.message_field(12, float_value("y"));
  return model_of(std::move(graph));
}

TEST(NestedBodies, AreOpenedOrRefusedWithAMessage) {
  for (const int depth : {10, 60, 1000, 20'000}) {
    const auto owner = std::make_shared<const std::string>(nested(depth));
    auto model = import_model(as_bytes(*owner), owner, {});
    if (!model) {
      EXPECT_GT(depth, 10) << model.error().message;
      EXPECT_FALSE(model.error().message.empty());
      continue;
    }
    check_invariants(**model);
    verify(**model);
    infer_shapes(**model);
    (*model)->graph().first()->touch();
    const auto copy = (*model)->clone();
    EXPECT_EQ(encode_model(*copy).flatten(), encode_model(**model).flatten()) << depth;
    EXPECT_TRUE(diff_models(**model, *copy).empty());
  }
}

}  // namespace
}  // namespace acuate
