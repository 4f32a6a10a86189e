#include <filesystem>
#include <fstream>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "base/file.h"
#include "graph/corpus_test_support.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

// Empty strings that were written out and the default domain's second name mean the same as
// nothing.
template <class Graph>
void drop_empty_texts(Graph& graph) {
  for (auto& node : *graph.mutable_node()) {
    if (node.domain() == "ai.onnx" || node.domain().empty()) node.clear_domain();
    if (node.name().empty()) node.clear_name();
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) drop_empty_texts(*attribute.mutable_g());
      for (auto& body : *attribute.mutable_graphs()) drop_empty_texts(body);
    }
  }
}

void touch_everything(const Model& model) {
  for (Graph* graph : model.all_graphs())
    for (Node* node = graph->first(); node != nullptr; node = node->next()) node->touch();
  const_cast<Model&>(model).graph().touch();
}

TEST(RoundTrip, UneditedModelsComeOutByteForByte) {
  const auto paths = models_below(kAllModels);
  ASSERT_GE(paths.size(), 1000U) << "libonnx-testdata is missing";
  const fs::path out = fs::path(testing::TempDir()) / "round_trip.onnx";
  for (const fs::path& path : paths) {
    auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    check_invariants(**model);
    ASSERT_TRUE(save_model(**model, out));
    EXPECT_EQ(read_text_file(path).value(), read_text_file(out).value()) << path;
  }
  std::printf("%zu models byte-identical\n", paths.size());
}

// With every node re-encoded the bytes may differ, the message may not.
TEST(RoundTrip, ReencodedModelsMeanTheSame) {
  for (const fs::path& path : models_below(kAllModels)) {
    auto model = import_model(path);
    ASSERT_TRUE(model);
    touch_everything(**model);
    onnx::ModelProto before, after;
    ASSERT_TRUE(before.ParseFromString(read_text_file(path).value()));
    ASSERT_TRUE(after.ParseFromString(encode_model(**model).flatten())) << path;
    std::string difference;
    google::protobuf::util::MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&difference);
    for (auto* proto : {&before, &after}) {
      drop_empty_texts(*proto->mutable_graph());
      for (auto& function : *proto->mutable_functions()) drop_empty_texts(function);
      for (auto& opset : *proto->mutable_opset_import())
        if (opset.domain() == "ai.onnx" || opset.domain().empty()) opset.clear_domain();
    }
    EXPECT_TRUE(differencer.Compare(before, after)) << path << "\n" << difference.substr(0, 2000);
    EXPECT_EQ(after.SerializeAsString().size(), after.ByteSizeLong());
  }
}

TEST(RoundTrip, ClonesEncodeTheSame) {
  for (const fs::path& path : models_below(kAllModels)) {
    auto model = import_model(path);
    ASSERT_TRUE(model);
    touch_everything(**model);
    auto copy = (*model)->clone();
    EXPECT_EQ(encode_model(**model).flatten(), encode_model(*copy).flatten()) << path;
  }
}

TEST(RoundTrip, CorpusIsValid) {
  for (const fs::path& path : models_below(kAllModels)) {
    auto model = import_model(path);
    ASSERT_TRUE(model);
    for (const ModelIssue& issue : verify(**model))
      EXPECT_EQ(issue.id, "duplicate_node_name") << path << ": " << issue.message;
    for (const ModelIssue& issue : check_operators(**model))
      ADD_FAILURE() << path << ": " << issue.id << ": " << issue.message;
  }
}

// A function that declares everything that one can.
onnx::ModelProto model_with_function() {
  const auto model = parse_text_model(R"(
    <ir_version: 10, opset_import: ["" : 17, "local" : 1]>
    agraph (float[N] x) => (float[N] y) { y = local.f <alpha = 1.0> (x) }
    <domain: "local", opset_import: ["" : 17]>
    f (a) => (b) { t = Elu <alpha = 2.0> (a)  b = Relu (t) })");
  EXPECT_TRUE(model) << model.error().message;
  onnx::ModelProto proto;
  EXPECT_TRUE(proto.ParseFromString(encode_model(**model).flatten()));
  onnx::FunctionProto& f = *proto.mutable_functions(0);
  f.add_attribute("alpha");
  auto* beta = f.add_attribute_proto();
  beta->set_name("beta");
  beta->set_type(onnx::AttributeProto::FLOAT);
  beta->set_f(0.5F);
  auto* forwarded = f.mutable_node(0)->mutable_attribute(0);
  forwarded->clear_f();
  forwarded->set_ref_attr_name("alpha");
  f.set_doc_string("what it does");
  f.set_overload("second");
  auto* info = f.add_value_info();
  info->set_name("t");
  info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  auto* entry = f.add_metadata_props();
  entry->set_key("k");
  entry->set_value("v");
  f.GetReflection()->MutableUnknownFields(&f)->AddVarint(999, 7);
  proto.add_functions()->set_name("untouched");
  return proto;
}

TEST(RoundTrip, AnEditedFunctionKeepsWhatItDeclares) {
  onnx::ModelProto before = model_with_function();
  const auto bytes = std::make_shared<const std::string>(before.SerializeAsString());
  auto model = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(model) << model.error().message;
  Graph& body = *(*model)->functions().front().body;
  EXPECT_EQ(body.opset_version(), 17);
  EXPECT_EQ(body.find("t")->type.text(), "float32[*]");
  EXPECT_EQ(encode_model(**model).flatten(), *bytes);
  body.rename(*body.find("t"), "inner");
  body.rename(*body.find("a"), "input");
  const auto copy = (*model)->clone();
  EXPECT_EQ(encode_model(**model).flatten(), encode_model(*copy).flatten());

  onnx::FunctionProto& f = *before.mutable_functions(0);
  f.set_input(0, "input");
  f.mutable_node(0)->set_input(0, "input");
  f.mutable_node(0)->set_output(0, "inner");
  f.mutable_node(1)->set_input(0, "inner");
  f.mutable_value_info(0)->set_name("inner");
  onnx::ModelProto after;
  ASSERT_TRUE(after.ParseFromString(encode_model(**model).flatten()));
  for (auto* proto : {&before, &after}) drop_empty_texts(*proto->mutable_functions(0));
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(before, after)) << difference;
}

TEST(RoundTrip, AConstantOfAFunctionIsANode) {
  const onnx::ModelProto proto = model_with_function();
  const auto bytes = std::make_shared<const std::string>(proto.SerializeAsString());
  auto model = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(model);
  Graph& body = *(*model)->functions().front().body;
  Value* weight = body.add_value("weight");
  body.set_initializer(*weight, Tensor::of<float>({2}, {1.0F, 2.0F}));
  body.first()->set_input(0, weight);
  const auto written = std::make_shared<const std::string>(encode_model(**model).flatten());
  const auto again = import_model(as_bytes(*written), written, {});
  ASSERT_TRUE(again) << again.error().message;
  const Node* constant = (*again)->functions().front().body->find("weight")->producer;
  ASSERT_TRUE(constant && constant->is_op("Constant"));
  const auto ref = parse_tensor(*constant->attribute("value")->as_tensor(), {});
  ASSERT_TRUE(ref);
  EXPECT_EQ((*again)->load(*ref)->values<float>()[1], 2.0F);
}

TEST(RoundTrip, FunctionsComeAndGo) {
  const onnx::ModelProto proto = model_with_function();
  const auto bytes = std::make_shared<const std::string>(proto.SerializeAsString());
  auto model = import_model(as_bytes(*bytes), bytes, {});
  ASSERT_TRUE(model);
  (*model)->remove_function((*model)->functions().front());
  Function& added = (*model)->add_function("d", "g", "o", {{"", 17}});
  Value* in = added.body->add_value("in");
  added.body->set_inputs({in});
  Value* out = added.body->add_value("out");
  added.body->add_node("Abs", "", "", {in}, {out});
  added.body->set_outputs({out});
  onnx::ModelProto after;
  ASSERT_TRUE(after.ParseFromString(encode_model(**model).flatten()));
  ASSERT_EQ(after.functions_size(), 2);
  EXPECT_EQ(after.functions(0).name(), "untouched");
  const onnx::FunctionProto& g = after.functions(1);
  EXPECT_EQ(g.domain() + g.name() + g.overload(), "dgo");
  EXPECT_EQ(g.opset_import(0).version(), 17);
  EXPECT_EQ(g.input(0) + g.output(0) + g.node(0).op_type(), "inoutAbs");
}

constexpr const char* kIfModel = R"(
  <ir_version: 8, opset_import: ["" : 17]>
  agraph (float[N] x, bool c) => (float[N] y) <float[1] w = {2.0}> {
    y = If (c) <then_branch = t () => (float[N] a) { a = Mul(x, w) }, else_branch = e () => (float[N] b) { b = Identity(x) }>
  })";

TEST(Import, OuterNamesInBodiesAreUses) {
  auto model = parse_text_model(kIfModel);
  ASSERT_TRUE(model) << model.error().message;
  const Value* w = (*model)->graph().find("w");
  ASSERT_EQ(w->uses().size(), 1U);
  EXPECT_EQ(w->uses()[0].node->op_type(), "Mul");
  EXPECT_EQ(w->uses()[0].node->graph().owner()->op_type(), "If");
  (*model)->graph().rename(*(*model)->graph().find("w"), "weight");
  auto again = encode_model(**model).flatten();
  auto reread = import_model(as_bytes(again), std::make_shared<std::string>(again), {});
  ASSERT_TRUE(reread);
  EXPECT_EQ((*reread)->graph().find("weight")->uses().size(), 1U);
  EXPECT_TRUE(verify(**reread).empty());
}

TEST(Export, OneEditLeavesTheRestAsItCame) {
  auto model = parse_text_model(
      R"(<ir_version: 8, opset_import: ["" : 17], producer_name: "p", doc_string: "d">
    g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}> { a = Add(x, w)  y = Relu(a) })");
  ASSERT_TRUE(model);
  const std::string before = encode_model(**model).flatten();
  (*model)->graph().last()->set_name("last");
  const std::string after = encode_model(**model).flatten();
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(after));
  EXPECT_EQ(proto.graph().node(1).name(), "last");
  proto.mutable_graph()->mutable_node(1)->clear_name();
  onnx::ModelProto original;
  ASSERT_TRUE(original.ParseFromString(before));
  original.mutable_graph()->mutable_node(1)->clear_name();
  drop_empty_texts(*proto.mutable_graph());
  drop_empty_texts(*original.mutable_graph());
  EXPECT_EQ(proto.SerializeAsString(), original.SerializeAsString());
}

TEST(Export, UnknownFieldsSurviveAnEdit) {
  auto model = parse_text_model(kIfModel);
  ASSERT_TRUE(model);
  std::string bytes = encode_model(**model).flatten();
  WireRope unknown;
  unknown.text_field(1234, "kept");
  bytes += unknown.flatten();
  auto reread = import_model(as_bytes(bytes), nullptr, {});
  ASSERT_TRUE(reread);
  (*reread)->graph().first()->set_name("renamed");
  EXPECT_NE(encode_model(**reread).flatten().find("kept"), std::string::npos);
}

// --- external data
// --------------------------------------------------------------------------------------------------

class ExternalData : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("external_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "out");
    std::string data(4096, '\0');
    for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i % 251);
    ASSERT_TRUE(write_text_file(folder_ / "w.data", data));
  }
  fs::path write_model(const std::string& location, int64_t offset, int64_t length) {
    onnx::ModelProto proto;
    proto.set_ir_version(8);
    proto.add_opset_import()->set_version(17);
    auto* graph = proto.mutable_graph();
    graph->set_name("g");
    auto* tensor = graph->add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(1);
    tensor->add_dims(256);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    const auto entry = [&](const std::string& key, const std::string& value) {
      auto* e = tensor->add_external_data();
      e->set_key(key);
      e->set_value(value);
    };
    entry("location", location);
    entry("offset", std::to_string(offset));
    entry("length", std::to_string(length));
    auto* node = graph->add_node();
    node->set_op_type("Identity");
    node->add_input("w");
    node->add_output("y");
    graph->add_output()->set_name("y");
    const fs::path path = folder_ / "m.onnx";
    EXPECT_TRUE(write_text_file(path, proto.SerializeAsString()));
    return path;
  }
  fs::path folder_;
};

TEST_F(ExternalData, IsReadWhereItLiesAndFollowsTheModel) {
  auto model = import_model(write_model("w.data", 1024, 1024));
  ASSERT_TRUE(model) << model.error().message;
  auto tensor = (*model)->load(*(*model)->graph().find("w")->initializer);
  ASSERT_TRUE(tensor);
  EXPECT_EQ(static_cast<int>(tensor->bytes()[0]), 1024 % 251);
  (*model)->graph().first()->set_name("edited");
  ASSERT_TRUE(save_model(**model, folder_ / "out" / "m.onnx"));
  EXPECT_EQ(read_text_file(folder_ / "w.data").value(),
            read_text_file(folder_ / "out" / "w.data").value());
  auto again = import_model(folder_ / "out" / "m.onnx");
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->graph().first()->name(), "edited");
  const auto bytes = model_bytes(**again);
  ASSERT_TRUE(bytes);
  EXPECT_GT(bytes->size(), 1024U);
}

TEST_F(ExternalData, RefusesWhatLiesOutside) {
  EXPECT_THAT(import_model(write_model("../w.data", 0, 1024)).error().message,
              testing::HasSubstr("leaves the folder"));
  EXPECT_THAT(import_model(write_model("/etc/passwd", 0, 1024)).error().message,
              testing::HasSubstr("absolute"));
  EXPECT_THAT(import_model(write_model("w.data", 4000, 1024)).error().message,
              testing::HasSubstr("ends outside"));
  EXPECT_THAT(import_model(write_model("w.data", -1, 1024)).error().message,
              testing::HasSubstr("offset"));
  EXPECT_THAT(import_model(write_model("w.data", 0, 1000)).error().message,
              testing::HasSubstr("need 1024"));
  EXPECT_THAT(import_model(write_model("none.data", 0, 1024)).error().message,
              testing::HasSubstr("none.data"));
  fs::create_symlink("/etc", folder_ / "link");
  EXPECT_THAT(import_model(write_model("link/passwd", 0, 1024)).error().message,
              testing::HasSubstr("out of the folder"));
}

// The second data file cannot be brought: the first must not stay behind either.
TEST_F(ExternalData, AFailureLeavesNoDataFileBehind) {
  const fs::path path = write_model("w.data", 0, 1024);
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(read_text_file(path).value()));
  auto* second = proto.mutable_graph()->add_initializer();
  *second = proto.graph().initializer(0);
  second->set_name("v");
  second->mutable_external_data(0)->set_value("v.data");
  ASSERT_TRUE(write_text_file(folder_ / "v.data", std::string(1024, 'v')));
  ASSERT_TRUE(write_text_file(folder_ / "out" / "v.data", "somebody else's"));
  ASSERT_TRUE(write_text_file(path, proto.SerializeAsString()));
  auto model = import_model(path);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_FALSE(save_model(**model, folder_ / "out" / "m.onnx"));
  EXPECT_FALSE(fs::exists(folder_ / "out" / "w.data"));
  EXPECT_FALSE(fs::exists(folder_ / "out" / "m.onnx"));
}

TEST_F(ExternalData, NeverOverwritesOtherData) {
  auto model = import_model(write_model("w.data", 0, 1024));
  ASSERT_TRUE(model);
  ASSERT_TRUE(write_text_file(folder_ / "out" / "w.data", "somebody else's"));
  EXPECT_FALSE(save_model(**model, folder_ / "out" / "m.onnx"));
  EXPECT_EQ(read_text_file(folder_ / "out" / "w.data").value(), "somebody else's");
  EXPECT_FALSE(fs::exists(folder_ / "out" / "m.onnx"));
}

// --- bad input
// ------------------------------------------------------------------------------------------------------

std::string import_error(const std::string& bytes, const std::string& name) {
  auto model = import_model(as_bytes(bytes), nullptr, name);
  return model ? "" : model.error().message;
}

TEST(BadInput, OtherFormatsAreNamedWithTheirConverter) {
  EXPECT_THAT(import_error(std::string("\x1c\0\0\0TFL3", 8) + std::string(100, 'x'), "m.bin"),
              testing::HasSubstr("--tflite"));
  EXPECT_THAT(import_error("\x89HDF\r\n\x1a\n", "m"), testing::HasSubstr("Keras"));
  EXPECT_THAT(import_error(std::string("PK\x03\x04", 4) + "xx/data.pkl", "m"),
              testing::HasSubstr("torch.onnx.export"));
  EXPECT_THAT(import_error("\x80\x02}q", "m.pth"), testing::HasSubstr("PyTorch"));
  EXPECT_THAT(import_error("name: \"n\"\nlayer {\n bottom: \"x\"", "m"),
              testing::HasSubstr("caffe2onnx"));
  EXPECT_THAT(import_error("\n\x0b\n\x01x\x12\x0bPlaceholder", "frozen.pb"),
              testing::HasSubstr("tf2onnx"));
  EXPECT_THAT(import_error("", "m.onnx"), testing::HasSubstr("is empty"));
  EXPECT_THAT(import_error("hello world, this is a text file", "m.onnx"),
              testing::HasSubstr("not an ONNX model"));
}

TEST(BadInput, EveryTruncationIsRefusedOrStillWhole) {
  const std::string bytes = encode_model(**parse_text_model(kIfModel)).flatten();
  size_t refused = 0;
  for (size_t length = 0; length < bytes.size(); ++length)
    refused += import_error(bytes.substr(0, length), "m.onnx").empty() ? 0 : 1;
  EXPECT_GT(refused, bytes.size() * 8 / 10);
  EXPECT_THAT(import_error(bytes.substr(0, bytes.size() / 2), "m.onnx"),
              testing::HasSubstr("cut off or damaged"));
}

// A file of nothing but different unknown fields: linear, in and out.
TEST(BadInput, AMillionKindsOfUnknownFieldsAreNoQuadraticWork) {
  WireRope unknown;
  for (uint32_t number = 100; number < 1'000'100; ++number) unknown.varint_field(number, 1);
  std::string bytes = encode_model(**parse_text_model(kIfModel)).flatten() + unknown.flatten();
  auto model = import_model(as_bytes(bytes), nullptr, "m.onnx");
  ASSERT_TRUE(model) << model.error().message;
  (*model)->graph().first()->set_name("renamed");
  (*model)->set_metadata("a", "b");
  EXPECT_GT(encode_model(**model).size_bytes(), unknown.size_bytes());
}

TEST(BadInput, FlippedBytesNeverCrash) {
  const std::string bytes = encode_model(**parse_text_model(kIfModel)).flatten();
  for (size_t i = 0; i < bytes.size(); ++i)
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string copy = bytes;
      copy[i] = static_cast<char>(copy[i] ^ flip);
      auto model = import_model(as_bytes(copy), nullptr, "m.onnx");
      if (!model) continue;
      check_invariants(**model);
      (void)verify(**model);
      (void)check_operators(**model);
      touch_everything(**model);
      (void)encode_model(**model).flatten();
      (void)(*model)->clone();
    }
}

TEST(BadInput, DuplicatesAndDanglingNamesOpenWithIssues) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[2] x) => (float[2] y) { a = Relu(x)  a = Neg(x)  y = Add(a, ghost) })");
  ASSERT_TRUE(model);
  std::vector<std::string> ids;
  for (const ModelIssue& issue : verify(**model)) ids.push_back(issue.id);
  EXPECT_THAT(ids, testing::UnorderedElementsAre("duplicate_name", "undefined_input"));
}

TEST(BadInput, UnknownOperatorsAndDomainsAreIssues) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "my.ops" : 1]>
    g (float[2] x) => (float[2] y) { a = Reluu(x)  b = my.ops.Thing(a)  y = Relu(b, b) })");
  ASSERT_TRUE(model) << model.error().message;
  std::vector<std::string> ids;
  for (const ModelIssue& issue : check_operators(**model)) ids.push_back(issue.id);
  EXPECT_THAT(ids, testing::ElementsAre("unknown_operator", "unknown_domain", "invalid_node"));
}

}  // namespace
}  // namespace acuate
