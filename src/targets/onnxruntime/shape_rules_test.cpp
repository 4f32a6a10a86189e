// The shapes that ONNX Runtime computes against those that inference states, with every dimension
// of the inputs a symbol: operators of Microsoft's domain and of ai.onnx.ml, for which the onnx
// project has no models, and corners of window arithmetic.
#include <map>

#include <gtest/gtest.h>

#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "shape/inference.h"
#include "targets/target.h"

namespace acuate {
namespace {

struct Case {
  const char *inputs, *node, *outputs = "y", *weights = "";
};

constexpr Case kCases[] = {
    // Products
    {"float[2,3,64] x, uint8[128,2,16] w, float[256] s",
     "y = com.microsoft.MatMulNBits<K=64,N=128,bits=4,block_size=32>(x,w,s)"},
    {"float[2,3,4] x, float[2,5,4] w", "y = com.microsoft.FusedMatMul<transB=1>(x,w)"},
    {"float[3,2,4] x, float[2,4,5] w", "y = com.microsoft.FusedMatMul<transBatchA=1>(x,w)"},
    {"float[4,2,3] x, float[2,4,5] w",
     "y = com.microsoft.FusedMatMul<transBatchA=1,transA=1>(x,w)"},
    {"float[2,3,4] x, float[5,2,4] w",
     "y = com.microsoft.FusedMatMul<transBatchB=1,transB=1>(x,w)"},
    {"float[7,2,3,4] x, float[2,3,4,5] w", "y = com.microsoft.FusedMatMul<transBatchA=1>(x,w)"},
    {"float[4,3] x, float[4,5] w", "y = com.microsoft.TransposeMatMul<transA=1>(x,w)"},
    {"uint8[3,4] a, float s, uint8 z, uint8[5,4] b",
     "y = com.microsoft.QGemm<transB=1>(a,s,z,b,s,z)"},
    {"uint8[3,4] a, float s, uint8 z, uint8[4,5] b", "y = com.microsoft.QGemm(a,s,z,b,s,z,,s,z)"},
    {"uint8[2,3,4] a, uint8[4,5] b, float s", "y = com.microsoft.MatMulIntegerToFloat(a,b,s,s)"},
    {"float[2,3,4] a, uint8[4,5] b, float s", "y = com.microsoft.DynamicQuantizeMatMul(a,b,s)"},
    {"int16[3,4] a, int16[4,5] b", "y = com.microsoft.MatMulInteger16(a,b)"},
    {"float[3,4] a, float[4,5] b", "y = com.microsoft.FusedGemm<activation=\"Relu\">(a,b)"},
    // Windows
    {"float[1,3,9,8] x, float[4,3,3,3] w",
     "y = com.microsoft.FusedConv<activation=\"Relu\",strides=[2,2],pads=[1,0,1,0]>(x,w)"},
    {"uint8[1,9,8,3] x, float s, uint8 z, uint8[4,3,3,3] w",
     "y = com.microsoft.QLinearConv<channels_last=1,strides=[2,1]>(x,s,z,w,s,z,s,z)"},
    {"uint8[1,9,8,3] x", "y = com.microsoft.NhwcMaxPool<kernel_shape=[2,3],strides=[2,2]>(x)"},
    {"uint8[1,3,9,8] x, float s, uint8 z",
     "y = com.microsoft.QLinearAveragePool<kernel_shape=[2,3],strides=[2,2],ceil_mode=1>"
     "(x,s,z,s,z)"},
    {"uint8[1,9,8,3] x, float s, uint8 z",
     "y = com.microsoft.QLinearGlobalAveragePool<channels_last=1>(x,s,z,s,z)"},
    {"float[1,3,5,4] x, float[3,2,3,3] w",
     "y = com.microsoft.ConvTransposeWithDynamicPads<strides=[2,2]>(x,w,p)", "y",
     "int64[4] p = {1, 0, 1, 2}"},
    {"float[1,1,7,6] x", "y = MaxPool<kernel_shape=[1,1],strides=[3,4],ceil_mode=1>(x)"},
    {"float[1,1,7,6] x",
     "y = AveragePool<kernel_shape=[3,3],strides=[2,2],pads=[1,1,1,1],ceil_mode=1>(x)"},
    {"float[1,1,8,9] x",
     "y = MaxPool<kernel_shape=[2,3],strides=[3,4],pads=[0,1,1,2],ceil_mode=1>(x)"},
    {"float[1,1,8,9] x",
     "y = MaxPool<kernel_shape=[2,3],strides=[3,4],auto_pad=\"SAME_LOWER\">(x)"},
    {"float[1,3,9,7] x, float[2,3,3,2] w", "y = Conv<strides=[2,3],auto_pad=\"SAME_LOWER\">(x,w)"},
    {"float[1,3,5,4] x, float[3,2,3,3] w",
     "y = ConvTranspose<strides=[3,2],dilations=[2,1],pads=[1,0,2,1],output_padding=[1,1]>(x,w)"},
    {"float[1,3,5,4] x, float[3,2,3,3] w",
     "y = ConvTranspose<strides=[3,2],auto_pad=\"SAME_UPPER\">(x,w)"},
    {"float[1,3,5,4] x, float[3,2,3,3] w",
     "y = ConvTranspose<strides=[2,2],auto_pad=\"VALID\">(x,w)"},
    {"float[1,3,5,4] x, float[3,2,3,3] w",
     "y = ConvTranspose<strides=[2,2],output_shape=[11,9]>(x,w)"},
    // Quantized
    {"uint8[2,1,4] a, float s, uint8 z, uint8[3,1] b",
     "y = com.microsoft.QLinearAdd(a,s,z,b,s,z,s,z)"},
    {"int8[2,1,4] a, float s, int8 z, int8[3,1] b",
     "y = com.microsoft.QLinearMul(a,s,z,b,s,z,s,z)"},
    {"uint8[2,3] a, float s, uint8 z, uint8[2,5] b",
     "y = com.microsoft.QLinearConcat<axis=1>(s,z,a,s,z,b,s,z)"},
    {"bool[2,1] c, uint8[4] a, float s, uint8 z, uint8 b",
     "y = com.microsoft.QLinearWhere(c,a,s,z,b,s,z,s,z)"},
    {"uint8[2,3] a, float s, uint8 z", "y = com.microsoft.QLinearSigmoid(a,s,z,s,z)"},
    {"uint8[2,3] a, float s, uint8 z",
     "y = com.microsoft.QLinearSoftmax<opset=13,axis=-1>(a,s,z,s,z)"},
    {"uint8[7,32] d, int64[2,3] i, float[7,2] s",
     "y = com.microsoft.GatherBlockQuantized<bits=4,block_size=32,gather_axis=0,quantize_axis=1>"
     "(d,i,s)"},
    // Attention and normalization
    {"float[2,3,4] a, float[4] g", "y, m, i, s = com.microsoft.SkipLayerNormalization(a,a,g,g,g)",
     "y s"},
    {"float[2,3,4] a, float[4] g",
     "y, m, i, s = com.microsoft.SkipSimplifiedLayerNormalization(a,a,g)", "y s"},
    {"float[2,3,4] a, float[4] g", "y = SimplifiedLayerNormalization<axis=-1>(a,g)"},
    {"int32[2,3] a, int32[2,3] b, float[9,4] w, float[8,4] p, float[2,4] q, float[4] g",
     "y, m = com.microsoft.EmbedLayerNormalization(a,b,w,p,q,g,g)", "y m"},
    {"float[2,3,8] x, float[8,24] w, float[24] b, float[2,2,2,5,4] c",
     "y, p = com.microsoft.Attention<num_heads=2,unidirectional=1>(x,w,b,,c)", "y p"},
    {"float[2,3,8] x, float[8,28] w, float[28] b",
     "y = com.microsoft.Attention<num_heads=2,qkv_hidden_sizes=[8,8,12]>(x,w,b)"},
    {"uint8[2,3,8] x, uint8[8,24] w, float[24] b, float s, uint8 z",
     "y = com.microsoft.QAttention<num_heads=2>(x,w,b,s,s,,z,z)"},
    {"float[2,3,8] q, float[2,5,8] k, float[2,5,12] v",
     "y = com.microsoft.MultiHeadAttention<num_heads=2>(q,k,v)"},
    {"float[2,3,8] q, float[2,5,8] k, float[2,2,4,4] c",
     "y, a, b = com.microsoft.MultiHeadAttention<num_heads=2>(q,k,k,,,,c,c)", "y a b"},
    {"float[2,3,8] q, float[2,2,5,4] k",
     "y = com.microsoft.MultiHeadAttention<num_heads=2>(q,k,k)"},
    {"float[2,1,64] q, float[2,2,6,8] c",
     "y, a, b = com.microsoft.GroupQueryAttention<num_heads=4,kv_num_heads=2>(q,,,c,c,l,t)",
     "y a b", "int32[2] l = {5, 5}, int32 t = {6}"},
    {"float[2,3,16] x, float[9,4] c", "y = com.microsoft.RotaryEmbedding<num_heads=2>(x,i,c,c)",
     "y", "int64[2,3] i = {0, 1, 2, 0, 1, 2}"},
    {"float[5,2,3] x, uint8[1,3,16] w, uint8[1,4,16] r, float[1] s, uint8[1] z",
     "y, h, c = com.microsoft.DynamicQuantizeLSTM<hidden_size=4>(x,w,r,,,,,,s,z,s,z)", "y h c"},
    // Others of Microsoft's domain
    {"float[2,3] a, float[3] b", "y = com.microsoft.FastGelu(a,b)"},
    {"float[1,2,5,4] x, float[1,3,6,2] g", "y = com.microsoft.GridSample(x,g)"},
    {"float[1,2,5,4] x, float[3,4] r", "y = com.microsoft.CropAndResize(x,r,i,s)", "y",
     "int32[3] i = {0, 0, 0}, int32[2] s = {3, 2}"},
    {"float[6] x", "y, i, c = com.microsoft.Unique(x)", "y i c"},
    {"float[3,4] x, float[5,4] z", "y = com.microsoft.CDist<metric=\"euclidean\">(x,z)"},
    {"float[3,4] x", "y = com.microsoft.ExpandDims(x,a)", "y", "int32 a = {-1}"},
    {"float[3,9] x", "y = com.microsoft.UnfoldTensor<dim=1,size=3,step=2>(x)"},
    {"int64[2,5] i, float[2,7] s", "y = com.microsoft.NGramRepeatBlock<ngram_size=2>(i,s)"},
    {"int32[3,2] x", "y = com.microsoft.MurmurHash3(x)"},
    {"float[3,2] x", "n = Size(x)  y = com.microsoft.Range(a,n,b)", "y",
     "int64 a = {1}, int64 b = {2}"},
    {"float[3,4] x", "y = com.microsoft.DynamicTimeWarping(x)"},
    // ai.onnx.ml
    {"float[3,2] x",
     "y = ai.onnx.ml.LinearRegressor<targets=2,coefficients=[1.0,2.0,3.0,4.0],"
     "intercepts=[0.0,1.0]>(x)"},
    {"float[2] x",
     "y = ai.onnx.ml.LinearRegressor<targets=1,coefficients=[1.0,2.0],intercepts=[0.0]>(x)"},
    {"float[3,2] x",
     "y, s = ai.onnx.ml.LinearClassifier<classlabels_ints=[0,1,2],"
     "coefficients=[1.0,2.0,3.0,4.0,5.0,6.0],intercepts=[0.0,1.0,2.0]>(x)",
     "y s"},
    {"int64[3,2] x", "y = ai.onnx.ml.Scaler<offset=[0.0,0.0],scale=[1.0,1.0]>(x)"},
    {"float[3,2] x, float[3,3] z", "y = ai.onnx.ml.FeatureVectorizer<inputdimensions=[2,3]>(x,z)"},
    {"float[3,4] x", "y = ai.onnx.ml.ArrayFeatureExtractor(x,i)", "y", "int64[2] i = {0, 2}"},
    {"int64[3,2] x", "y = ai.onnx.ml.OneHotEncoder<cats_int64s=[0,1,2]>(x)"},
    {"float[3,2] x",
     "y, s = ai.onnx.ml.TreeEnsembleClassifier<classlabels_int64s=[0,1,2],nodes_treeids=[0,0,0],"
     "nodes_nodeids=[0,1,2],nodes_featureids=[0,0,0],nodes_modes=[\"BRANCH_LEQ\",\"LEAF\",\"LEAF\"]"
     ","
     "nodes_values=[0.5,0.0,0.0],nodes_truenodeids=[1,0,0],nodes_falsenodeids=[2,0,0],"
     "class_treeids=[0,0,0],class_nodeids=[1,2,2],class_ids=[0,1,2],class_weights=[1.0,2.0,1.0]>"
     "(x)",
     "y s"},
    {"float[3,2] x",
     "y = ai.onnx.ml.SVMRegressor<kernel_type=\"LINEAR\",kernel_params=[0.0,0.0,0.0],n_supports=0,"
     "coefficients=[1.0,2.0],rho=[0.5]>(x)"},
};

std::unique_ptr<Model> model_of(const Case& c) {
  std::string outputs;
  for (const char name : std::string_view(c.outputs))
    if (name != ' ') outputs += fmt::format("{}float[] {}", outputs.empty() ? "" : ", ", name);
  auto model = parse_text_model(fmt::format(
      R"(<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1, "ai.onnx.ml" : 1]>
      g ({}) => ({}) <{}> {{ {} }})",
      c.inputs, outputs, c.weights, c.node));
  EXPECT_TRUE(model) << c.node << (model ? "" : model.error().message);
  if (!model) return nullptr;
  for (Value* output : (*model)->graph().outputs()) (*model)->graph().set_type(*output, {});
  return std::move(*model);
}

// Ones of every type, so that no scale is 0 and no index is out of range.
Tensor ones(const IoSpec& spec) {
  Tensor tensor = Tensor::allocate(spec.type, spec.shape);
  if (spec.type == ElementType::Float) {
    std::ranges::fill(tensor.mutable_values<float>(), 1.0F);
    return tensor;
  }
  const size_t width = static_cast<size_t>(element_bits(spec.type)) / 8;
  for (size_t i = 0; i < tensor.bytes().size(); i += width)
    tensor.mutable_bytes()[i] = std::byte{1};
  return tensor;
}

TEST(ShapeRules, StateWhatOnnxRuntimeComputes) {
  const Target target = *resolve_target("onnxruntime");
  size_t dims = 0, open = 0;
  for (const Case& c : kCases) {
    // The engine checks the types that inference gives to the outputs when it loads the model.
    auto model = model_of(c);
    ASSERT_NE(model, nullptr);
    { const ShapeInference types(*model); }
    const auto bytes = model_bytes(*model);
    ASSERT_TRUE(bytes);
    const auto engine =
        target.load(ModelSource::memory(as_bytes(*bytes)), {.threads = 1, .spinning = false});
    ASSERT_TRUE(engine) << c.node << ": " << engine.error().message;
    std::vector<Tensor> inputs;
    for (const IoSpec& spec : (*engine)->inputs()) inputs.push_back(ones(spec));
    const auto truth = (*engine)->run(std::span<const Tensor>(inputs));
    ASSERT_TRUE(truth) << c.node << ": " << truth.error().message;

    auto symbolic = model_of(c);
    std::map<std::string, int64_t, std::less<>> binding;
    for (Value* input : symbolic->graph().inputs()) {
      ValueType type = input->type;
      type.wire = {};
      for (size_t axis = 0; axis < type.shape->size(); ++axis) {
        const std::string name = fmt::format("{}{}", input->name, axis);
        binding[name] = (*type.shape)[axis].value;
        (*type.shape)[axis] = Dim{-1, symbolic->intern(name)};
      }
      symbolic->graph().set_type(*input, std::move(type));
    }
    const ShapeInference inference(*symbolic);
    for (const ModelIssue& issue : inference.issues()) ADD_FAILURE() << issue.message;
    for (size_t i = 0; i < truth->size(); ++i) {
      const Value& output = *symbolic->graph().outputs()[i];
      const Dims* shape = inference.shape(output);
      ASSERT_NE(shape, nullptr) << c.node;
      const std::string text = inference.type(output)->text();
      EXPECT_EQ(inference.type(output)->element, (*truth)[i].type()) << c.node << text;
      ASSERT_EQ(shape->size(), (*truth)[i].shape().size()) << c.node << text;
      for (size_t axis = 0; axis < shape->size(); ++axis) {
        ++dims;
        if ((*shape)[axis].is_anonymous()) {
          ++open;
          continue;
        }
        EXPECT_EQ((*shape)[axis].evaluate([&](std::string_view name) -> std::optional<int64_t> {
          const auto found = binding.find(name);
          return found == binding.end() ? std::nullopt : std::optional(found->second);
        }),
                  (*truth)[i].shape()[axis])
            << c.node << ": " << text;
      }
    }
  }
  std::cout << fmt::format("{} models, {} dimensions, {} of them open\n", std::size(kCases), dims,
                           open);
  EXPECT_LE(open, 5U);  // lengths that depend on data, caches that may be buffers
}

}  // namespace
}  // namespace acuate
