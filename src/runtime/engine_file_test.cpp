#include "runtime/engine_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "runtime/artifact.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOther = "Another Compiler 0.0.1";

// An artifact of one module with an engine file that another version of a target's library made.
class EngineFile : public testing::Test {
 protected:
  void make(const std::string& target, const std::string& size = "2") {
    folder_ = fs::path(testing::TempDir()) / ("acuate_engine_file_" + target);
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "modules");
    fs::create_directories(folder_ / "engines");
    auto model = parse_text_model(fmt::format(
        "<ir_version: 8, opset_import: [\"\" : 17]> g (float[{0}] x) => (float[{0}] y) {{ y = "
        "Neg(x) }}",
        size));
    ASSERT_TRUE(model && save_model(**model, folder_ / "modules/a.onnx"));
    old_ = fmt::format("engines/a.{}", target);
    ASSERT_TRUE(write_text_file(folder_ / old_, "compiled long ago"));
    Manifest manifest;
    manifest.acuate = "test";
    manifest.target = target;
    const int64_t dim = size == "2" ? 2 : -1;
    manifest.inputs = {{"x", ElementType::Float, {dim}, {dim < 0 ? size : ""}}};
    manifest.outputs = {{"y", ElementType::Float, {dim}, {dim < 0 ? size : ""}}};
    manifest.modules = {{"onnx", "modules/a.onnx", "onnxruntime", {"x"}, {"y"}}};
    manifest.modules[0].engine = {.file = old_, .target = target, .made_by = kOther, .devices = {}};
    manifest.files = {*describe_file(folder_, "modules/a.onnx"), *describe_file(folder_, old_)};
    text_ = write_manifest(manifest);
    ASSERT_TRUE(write_text_file(folder_ / kManifestName, text_));
  }
  // The engine that is left; the artifact answers in any case.
  std::optional<ManifestEngine> open() {
    notes_.clear();
    auto artifact =
        Artifact::open(folder_, {}, [&](const std::string& note) { notes_.push_back(note); });
    EXPECT_TRUE(artifact) << (artifact ? "" : artifact.error().message);
    if (!artifact) return std::nullopt;
    const auto results = artifact->run(std::vector{Tensor::of<float>({2}, {1, -2})});
    EXPECT_TRUE(results);
    EXPECT_EQ((*results)[0].values<float>()[1], 2.F);
    return artifact->manifest().modules[0].engine;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
  std::string old_, text_;
  std::vector<std::string> notes_;
};

class EngineFileOf : public EngineFile, public testing::WithParamInterface<std::string> {};

std::vector<std::string> all() {
  std::vector<std::string> ids;
  for (const Target& target : targets().all()) ids.push_back(target.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Targets, EngineFileOf, testing::ValuesIn(all()),
                         [](const auto& instance) { return instance.param; });

TEST_P(EngineFileOf, OfAnotherVersionIsBuiltAnewOrRefused) {
  make(GetParam());
  const auto maker = targets().lookup(GetParam())->backend->engine_maker();
  const auto engine = open();
  if (!maker) {  // nothing that could open it is here
    EXPECT_THAT(notes_, ElementsAre());
    ASSERT_TRUE(engine);
    EXPECT_EQ(engine->made_by, kOther);
    return;
  }
  if (maker->empty()) {
    EXPECT_FALSE(engine);
    EXPECT_THAT(notes_, ElementsAre(AllOf(HasSubstr(old_ + " is refused"), HasSubstr(kOther),
                                          HasSubstr("opens engine files"))));
    EXPECT_EQ(*read_text_file(folder_ / kManifestName), text_);
    return;
  }
  EXPECT_THAT(notes_, ElementsAre(AllOf(HasSubstr(old_), HasSubstr(kOther), HasSubstr(*maker),
                                        HasSubstr("built anew"))));
  ASSERT_TRUE(engine);
  EXPECT_EQ(engine->made_by, *maker);
  EXPECT_GT(fs::file_size(folder_ / engine->file), 1000U);
  EXPECT_FALSE(fs::exists(folder_ / old_)) << "nothing lies in it that nobody names";
  const auto again = open();
  EXPECT_THAT(notes_, ElementsAre()) << "once";
  ASSERT_TRUE(again);
  EXPECT_EQ(again->file, engine->file);
}

// TensorRT cannot build a module whose sizes nobody bounds, which the artifact then does without.
TEST_F(EngineFile, ThatCannotBeBuiltAnewIsRefused) {
  make("tensorrt", "n");
  const auto maker = targets().lookup("tensorrt")->backend->engine_maker();
  ASSERT_TRUE(maker) << maker.error().message;
  EXPECT_FALSE(open());
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("is built anew"),
                                  AllOf(HasSubstr(old_ + " is refused"), HasSubstr("--shape-range"),
                                        HasSubstr(fmt::format("install {}", kOther)))));
  EXPECT_EQ(*read_text_file(folder_ / kManifestName), text_);
  EXPECT_TRUE(fs::exists(folder_ / old_));
}

TEST_F(EngineFile, WhoseMakerIsNotHereIsLeftAlone) {
  make("tensorrt");
  setenv("ACUATE_TENSORRT_HOME", "/nowhere", 1);
  const auto engine = open();
  unsetenv("ACUATE_TENSORRT_HOME");
  EXPECT_THAT(notes_, ElementsAre());
  ASSERT_TRUE(engine);
  EXPECT_EQ(engine->made_by, kOther);
}

}  // namespace
}  // namespace acuate
