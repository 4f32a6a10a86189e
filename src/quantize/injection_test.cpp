#include "quantize/injection.h"

#include "graph/verify.h"
#include "numeric/quantize_values.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "targets/target.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::unique_ptr<Model> model_of(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

std::vector<float> run(const Model& model, const Tensor& x) {
  const auto bytes = model_bytes(model);
  const auto engine = targets()
                          .lookup("onnxruntime")
                          ->load(ModelSource::memory(as_bytes(*bytes)),
                                 {.threads = 1, .optimization = Optimization::None});
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  const auto y = (*engine)->run(std::vector<Tensor>{x});
  EXPECT_TRUE(y);
  return {(*y)[0].values<float>().begin(), (*y)[0].values<float>().end()};
}

const Tensor kInput = Tensor::of<float>({6}, {-3.0F, -0.3F, 0.0F, 0.125F, 0.9F, 7.0F});

TEST(Injection, AnActivationStandsOnItsGrid) {
  const auto model = model_of("g (float[6] x) => (float[6] y) { y = Identity(x) }");
  for (const std::string scheme : {"s8", "u8", "s16"})
    for (const std::string tensor : {"x", "y"}) {
      const Quantization grid = schemes().lookup(scheme)->from_range(-1.3, 2.9);
      const auto injected = with_injected_noise(*model, tensor, grid);
      ASSERT_TRUE(injected) << injected.error().message;
      EXPECT_TRUE(verify(**injected).empty());
      EXPECT_EQ((*injected)->graph().outputs()[0]->name, "y");
      Tensor expected = Tensor::of<float>({6}, kInput.values<float>());
      ASSERT_TRUE(fake_quantize(expected, grid));
      const auto values = expected.values<float>();
      EXPECT_EQ(run(**injected, kInput), std::vector<float>(values.begin(), values.end()));
    }
}

TEST(Injection, AConstantIsRounded) {
  const auto model = model_of(
      "g (float[6] x) => (float[6] y) <float[6] w = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}> { y = Mul(x, "
      "w) }");
  const auto injected =
      with_injected_noise(*model, "w", schemes().lookup("s8")->from_range(-127, 127));
  ASSERT_TRUE(injected);
  EXPECT_EQ(run(**injected, kInput), (std::vector<float>{0, 0, 0, 0, 0, 7}));
  EXPECT_NE(run(*model, kInput)[0], 0);  // the model itself stays
}

TEST(Injection, RefusesWhatHasNoGrid) {
  const auto model = model_of("g (float[6] x) => (float[6] y) { y = Identity(x) }");
  const Quantization grid = schemes().lookup("s8")->from_range(-1, 1);
  EXPECT_THAT(with_injected_noise(*model, "z", grid).error().message, HasSubstr("no tensor 'z'"));
  Quantization several = grid;
  several.scale = {1, 2};
  EXPECT_THAT(with_injected_noise(*model, "x", several).error().message, HasSubstr("per-channel"));
}

}  // namespace
}  // namespace acuate
