#include "export/preprocess_model.h"

#include <fmt/format.h>

#include "onnx_io/text_form.h"

namespace acuate {
namespace {

std::string triple(const std::array<double, 3>& values, size_t count) {
  std::string text;
  for (size_t c = 0; c < count; ++c)
    text += fmt::format("{}{:.9g}", c == 0 ? "" : ", ", static_cast<float>(values[c]));
  return text;
}

// From `batch`, float [1, 3, h, w], to `sized`, the pixels of the network's input.
std::string resizing(const Preprocess& preprocess, ImageSize size) {
  // Taps beyond the edge count for nothing, as in Pillow; ONNX would repeat the edge.
  const std::string resize =
      fmt::format("Resize <mode = \"linear\", coordinate_transformation_mode = \"half_pixel\"{}>",
                  preprocess.antialias ? ", antialias = 1, exclude_outside = 1" : "");
  const std::string round = "rounded = Round(scaled)  ";
  if (preprocess.resize == Preprocess::Resize::Stretch)
    return fmt::format(
        "sizes = Constant <value = int64[4] {{1, 3, {}, {}}}> ()  scaled = {} (batch, , , sizes)  "
        "{} sized = Identity(rounded)  ",
        size.height, size.width, resize, round);
  // In double, as preprocess_image() computes the size; halves round away from zero.
  const bool is_centred = preprocess.resize == Preprocess::Resize::Letterbox;
  return fmt::format(
      "network = Constant <value = int64[2] {{{}, {}}}> ()  "
      "wanted = Cast <to = 11> (network)  "
      "shape = Shape <start = 2, end = 4> (batch)  "
      "found = Cast <to = 11> (shape)  "
      "ratios = Div(wanted, found)  ratio = ReduceMin <keepdims = 1> (ratios)  "
      "exact = Mul(found, ratio)  half = Constant <value = double[1] {{0.5}}> ()  "
      "above = Add(exact, half)  whole = Floor(above)  number = Cast <to = 7> (whole)  "
      "one = Constant <value = int64[1] {{1}}> ()  least = Max(number, one)  "
      "size = Min(least, network)  "
      "first = Constant <value = int64[2] {{1, 3}}> ()  sizes = Concat <axis = 0> (first, size)  "
      "scaled = {} (batch, , , sizes)  {} "
      "room = Sub(network, size)  two = Constant <value = int64[1] {{{}}}> ()  "
      "before = Div(room, two)  after = Sub(room, before)  "
      "none = Constant <value = int64[2] {{0, 0}}> ()  "
      "pads = Concat <axis = 0> (none, before, none, after)  "
      "fill = Constant <value = float {{{:.9g}}}> ()  sized = Pad(rounded, pads, fill)  ",
      size.height, size.width, resize, round, is_centred ? 2 : 1 << 20,
      static_cast<float>(preprocess.pad_value));
}

}  // namespace

Result<std::unique_ptr<Model>> preprocess_model(const Preprocess& preprocess,
                                                const Shape& input_shape,
                                                const std::string& output) {
  const auto size = network_image_size(preprocess, input_shape);
  if (!size) return size.error();
  const bool is_gray = preprocess.channel_order == Preprocess::ChannelOrder::Gray;
  const bool is_planar = preprocess.layout == Preprocess::Layout::Nchw;
  const bool is_uint8 = preprocess.type == ElementType::Uint8;
  const size_t channels = is_gray ? 1 : 3;
  std::string body =
      "pixels = Cast <to = 1> (image)  planes = Transpose <perm = [2, 0, 1]> (pixels)  "
      "zero = Constant <value = int64[1] {0}> ()  batch = Unsqueeze(planes, zero)  ";
  body += resizing(preprocess, *size);
  if (preprocess.channel_order == Preprocess::ChannelOrder::Bgr)
    body +=
        "order = Constant <value = int64[3] {2, 1, 0}> ()  ordered = Gather <axis = 1> (sized, "
        "order)  ";
  else if (is_gray)
    body +=
        "luma = Constant <value = float[1,3,1,1] {0.299, 0.587, 0.114}> ()  grey = Conv(sized, "
        "luma)  ordered = Round(grey)  ";
  else
    body += "ordered = Identity(sized)  ";
  body += fmt::format(
      "scale = Constant <value = float {{{:.9g}}}> ()  mean = Constant <value = float[1,{},1,1] "
      "{{{}}}> ()  deviation = Constant <value = float[1,{},1,1] {{{}}}> ()  "
      "unit = Mul(ordered, scale)  centred = Sub(unit, mean)  normal = Div(centred, deviation)  ",
      static_cast<float>(preprocess.scale), channels, triple(preprocess.mean, channels), channels,
      triple(preprocess.std, channels));
  body +=
      is_planar ? "laid = Identity(normal)  " : "laid = Transpose <perm = [0, 2, 3, 1]> (normal)  ";
  if (is_uint8)
    body +=
        "low = Constant <value = float {0}> ()  high = Constant <value = float {255}> ()  "
        "near = Round(laid)  clipped = Clip(near, low, high)  result = Cast <to = 2> (clipped)";
  else
    body += "result = Identity(laid)";
  std::string dims;
  for (const int64_t dim : input_shape) dims += fmt::format("{}{}", dims.empty() ? "" : ",", dim);
  auto model = parse_text_model(
      fmt::format("<ir_version: 8, opset_import: [\"\" : 18], producer_name: \"acuate\">\n"
                  "preprocess (uint8[height, width, 3] image) => ({}[{}] result) {{ {} }}",
                  is_uint8 ? "uint8" : "float", dims, body));
  if (!model) return model.error();
  Graph& graph = (*model)->graph();
  if (output == "image") graph.rename(*graph.find("image"), "image_file");
  if (Value* taken = graph.find(output); taken != nullptr)
    graph.rename(*taken, graph.unused_name(output));
  graph.rename(*graph.find("result"), output);
  return model;
}

}  // namespace acuate
