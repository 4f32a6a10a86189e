#include <random>

#include "cli/test_support.h"
#include "data/npy.h"

namespace acuate {
namespace {

class FixTest : public CommandTest {
 protected:
  std::string dynamic() {
    return model("m.onnx", "g (float[n, 4] x) => (float[n, 4] y) { y = Relu(x) }");
  }
};

TEST_F(FixTest, WritesModelAndScript) {
  const auto json = run_json({"fix", dynamic(), "-o", path("f.onnx"), "--dim", "n=3"});
  EXPECT_TRUE(json["still_dynamic"].empty());
  EXPECT_EQ(read("f.onnx.acu"),
            "# Edits that make f.onnx of m.onnx\n" + json["edits"][0].get<std::string>() + "\n");
  ASSERT_EQ(run({"edit", path("m.onnx"), path("f.onnx.acu"), "-o", path("again.onnx")}), 0);
  EXPECT_EQ(read("again.onnx"), read("f.onnx"));
  EXPECT_EQ(run_json({"inspect", path("f.onnx")})["inputs"][0]["shape"], (nlohmann::json{3, 4}));
}

TEST_F(FixTest, TellsWhatStaysDynamic) {
  const auto json = run_json({"fix", dynamic(), "-o", path("f.onnx"), "--script", path("own.acu")});
  EXPECT_EQ(json["still_dynamic"][0]["value"], "x");
  EXPECT_EQ(read("f.onnx"), read("m.onnx"));
  EXPECT_TRUE(exists("own.acu"));
  EXPECT_FALSE(exists("f.onnx.acu"));
}

TEST_F(FixTest, AnUnknownInputLeavesNothing) {
  EXPECT_EQ(run({"fix", dynamic(), "-o", path("f.onnx"), "--shape", "xx=1x4"}), 2);
  EXPECT_NE(err.find("'xx'"), std::string::npos) << err;
  EXPECT_FALSE(exists("f.onnx"));
  EXPECT_FALSE(exists("f.onnx.acu"));
}

constexpr const char* kTable = R"(id: toy
name: Toy
revision: "1"
static_shapes: true
data_dependent_shapes: false
sources: {own: made up for this test}
operators:
  Add: {source: own}
  Concat: {source: own}
  Conv: {source: own}
  MatMul: {source: own}
  Mul: {source: own}
  Relu: {source: own}
  Reshape: {source: own}
  Sigmoid: {source: own}
)";

// Boxes in pixels beside scores, and a tail whose size follows from data. The shapes of Reshape are
// computed from the input's, and fold with it.
constexpr const char* kDetector =
    R"(g (float[n, 2, h, 4] image) => (int64[3, k] picked, float[n, a, 2] raw)
  <float[4, 2, 1, 1] w = {1, -1, 0.5, 2, -0.25, 1, 1, 1}, float[1] stride = {64},
   int64[1] two = {2}, int64[1] minus = {-1}, int64[1] zero = {0}, int64[1] one = {1}> {
    ["conv"] f = Conv(image, w)
    shape = Shape(f)
    batch = Slice(shape, zero, one)
    dims = Concat <axis = 0> (batch, minus, two)
    rows = Reshape(f, dims)
    ["raw"] raw = Relu(rows)
    ["boxes"] boxes = Mul(rows, stride)
    ["scores"] scores = Sigmoid(rows)
    ["join"] joined = Concat <axis = 2> (boxes, scores)
    ["pick"] picked = NonZero(joined)
  })";

class FixTarget : public FixTest {
 protected:
  void SetUp() override {
    FixTest::SetUp();
    write("toy.yaml", kTable);
    model("m.onnx", kDetector);
    auto images = Tensor::allocate(ElementType::Float, {6, 2, 3, 4});
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (float& value : images.mutable_values<float>()) value = normal(random);
    ASSERT_TRUE(write_npy(path("x.npy"), images));
  }
  std::vector<std::string> fix(std::vector<std::string> more) {
    std::vector<std::string> all = {"fix", path("m.onnx"), "-o", path("f.onnx")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // Both scripts give the same files again.
  void expect_replays() {
    for (const char* file : {"f.onnx", "f.tail.onnx"}) {
      ASSERT_EQ(
          run({"edit", path("m.onnx"), path(std::string(file) + ".acu"), "-o", path("again")}), 0)
          << err;
      EXPECT_EQ(read("again"), read(file)) << file;
    }
  }
};

TEST_F(FixTarget, ShapesThenSimplificationThenACutBeforeWhatMixes) {
  const auto json = run_json(fix({"--target", path("toy.yaml"), "--data", path("x.npy")}));
  EXPECT_EQ(json["edits"],
            (nlohmann::json{"set-shape image 1 2 3 4", "apply simplify", "cut-at boxes scores"}));
  EXPECT_TRUE(json["accepted"].get<bool>());
  EXPECT_EQ(json["tail"]["cuts"], (nlohmann::json{"boxes", "scores"}));
  EXPECT_EQ(json["tail"]["outputs"], (nlohmann::json{"picked"}));
  EXPECT_EQ(json["verified"]["samples"], 6);
  EXPECT_TRUE(json["verified"]["equal"].get<bool>()) << json["verified"];
  EXPECT_TRUE(json["findings"].empty()) << json["findings"];
  expect_replays();
}

TEST_F(FixTarget, CutsWhereItIsTold) {
  const auto json = run_json(fix({"--cut", "rows", "--data", path("x.npy")}));
  EXPECT_EQ(json["edits"], (nlohmann::json{"set-shape image 1 2 3 4", "cut-at rows"}));
  EXPECT_EQ(json["tail"]["outputs"], (nlohmann::json{"picked", "raw"}));
  EXPECT_TRUE(json["verified"]["equal"].get<bool>());
  expect_replays();
}

TEST_F(FixTarget, OutputsThatDoNotFollowFromTheCutGoToTheTailToo) {
  model("m.onnx",
        "g (float[4] x) => (float[4] a, int64[1, n] y) { b = Relu(x) c = Neg(x) d = Mul(b, c) "
        "y = NonZero(x) a = Erf(d) }");
  ASSERT_TRUE(write_npy(path("v.npy"), Tensor::of<float>({4}, {1, -2, 0, 3})));
  const auto again = run_json(
      fix({"--target", path("toy.yaml"), "--cut", "auto", "--input", "x=" + path("v.npy")}));
  EXPECT_EQ(again["edits"].back(), "extract x -> b");
  EXPECT_EQ(again["tail"]["outputs"], (nlohmann::json{"a", "y"}));
  EXPECT_TRUE(again["verified"]["equal"].get<bool>());
  expect_replays();
}

TEST_F(FixTarget, NothingIsCutWhereThatIsSaid) {
  const auto json =
      run_json(fix({"--target", path("toy.yaml"), "--cut", "none", "--shape", "image=1x2x3x4"}),
               kConditionFailed);
  EXPECT_TRUE(json["tail"].is_null());
  EXPECT_FALSE(json["accepted"].get<bool>());
  EXPECT_EQ(json["refused_nodes"], 1);
  EXPECT_TRUE(json["verified"].is_null());
  EXPECT_FALSE(exists("f.tail.onnx"));
}

TEST_F(FixTarget, BadCutsLeaveNothingBehind) {
  EXPECT_EQ(run(fix({"--cut", "score"})), 2);
  EXPECT_NE(err.find("did you mean 'scores'"), std::string::npos) << err;
  EXPECT_EQ(run(fix({"--cut", "picked"})), 2);
  EXPECT_NE(err.find("nothing follows from it"), std::string::npos) << err;
  EXPECT_EQ(run(fix({"--cut", "auto"})), 2);
  EXPECT_NE(err.find("--target"), std::string::npos) << err;
  EXPECT_EQ(run(fix({"--cut", "auto,boxes"})), 2);
  EXPECT_NE(err.find("'auto' beside 'boxes'"), std::string::npos) << err;
  EXPECT_EQ(run(fix({"--shape", "image=1x2x3x5"})), 2);
  EXPECT_FALSE(exists("f.onnx"));
  EXPECT_FALSE(exists("f.tail.onnx"));
}

TEST_F(FixTarget, SizesOfImagesAreProposedWithTheirShare) {
  model("m.onnx", "g (float[n, 3, h, w] x) => (float[n, 3, h, w] y) { y = Relu(x) }");
  std::filesystem::create_directory(path("images"));
  // 64x32 twice, 96x96 once: PNG of one colour.
  const auto png = [&](const std::string& name, int width, int height) {
    std::string bmp(static_cast<size_t>(54 + height * ((width * 3 + 3) / 4 * 4)), '\x40');
    const auto put = [&](size_t at, uint32_t value, int count) {
      for (int i = 0; i < count; ++i)
        bmp[at + static_cast<size_t>(i)] = static_cast<char>(value >> (8 * i));
    };
    bmp.replace(0, 2, "BM");
    put(2, static_cast<uint32_t>(bmp.size()), 4);
    put(6, 0, 4);
    put(10, 54, 4);
    put(14, 40, 4);
    put(18, static_cast<uint32_t>(width), 4);
    put(22, static_cast<uint32_t>(height), 4);
    put(26, 1, 2);
    put(28, 24, 2);
    for (size_t at = 30; at < 54; ++at) bmp[at] = 0;
    write("images/" + name, bmp);
  };
  png("a.bmp", 64, 32);
  png("b.bmp", 64, 32);
  png("c.bmp", 96, 96);
  const auto json = run_json(fix({"--data", path("images")}));
  const auto& sizes = json["proposals"][0]["candidates"];
  ASSERT_EQ(sizes.size(), 2) << json;
  EXPECT_EQ(sizes[0]["width"], 64);
  EXPECT_NEAR(sizes[0]["fits_fraction"].get<double>(), 2.0 / 3, 1e-9);
  EXPECT_EQ(sizes[1]["fits_fraction"], 1);
  EXPECT_EQ(json["edits"][0], "set-shape x 1 3 32 64");
}

}  // namespace
}  // namespace acuate
