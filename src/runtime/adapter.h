#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/preprocess.h"
#include "targets/engine.h"

namespace acuate {

// What the numbers of an output mean in the image, so that they can be told in another one's
// coordinates.
struct OutputKind {
  enum class Form {
    None,    // nothing that depends on the image's size; stays as it is
    Xyxy,    // boxes: left, top, right, bottom
    Xywh,    // boxes: left, top, width, height
    Cxcywh,  // boxes: centre, width, height
    Points,  // x, y, x, y, … to the end of the axis
    Mask,    // a map of the image, at any stride
  };
  Form form = Form::None;
  bool is_normalized = false;  // boxes and points: 1 is the network's width or height; else pixels
  // Boxes and points: along which the coordinates stand, from the place `first`. Mask: that of the
  // height, which the width follows. Negative: from the end.
  int64_t axis = -1;
  int64_t first = 0;

  // `cxcywh-normalized@1:2`: axis 1, from place 2.
  std::string text() const;
  static Result<OutputKind> parse(std::string_view text);
};

// `--output-kind NAME=KIND`, split at the last `=`.
Result<std::pair<std::string, OutputKind>> parse_output_kind(std::string_view text);

// Lets a network of one fixed image size take images of other sizes. An image that is larger is
// scaled down, aspect kept, bilinear with antialiasing; one that is smaller stays as it is. It
// lies at the left and the top, and the rest is filled up. Outputs are told in the coordinates of
// the image that came; boxes and points are clipped to it, and none is dropped, so that rows stay
// beside their scores: a box in the padding has no area. At the fixed size nothing happens.
struct PadAdapter {
  struct Mask {
    std::string input;   // [N, H, W] or [N, 1, H, W], of the image's own size when it is given
    double padding = 0;  // what says `nothing here`
  };
  std::string input;  // of rank 4
  Preprocess::Layout layout = Preprocess::Layout::Nchw;
  ImageSize size;
  std::vector<double> fill;  // for each channel, in the input's own values
  std::vector<Mask> masks;
  std::vector<std::pair<std::string, OutputKind>> outputs;

  // What does not fit the network: names that are not there, sizes, types, axes. `inputs` have the
  // network's own, fixed shapes.
  Result<void> check(std::span<const IoSpec> inputs, std::span<const IoSpec> outputs) const;
  // The same inputs as the artifact declares them: height and width are open.
  void open_sizes(std::vector<IoSpec>& inputs) const;
  // And back.
  void close_sizes(std::vector<IoSpec>& inputs) const;

 private:
  void set_sizes(std::vector<IoSpec>& inputs, int64_t height, int64_t width) const;
};

// One run through an adapter: how its image lies in the network's input.
class AdaptedRun {
 public:
  // Replaces the image and its masks by what the network takes. Errors: sizes of masks that are not
  // the image's.
  static Result<AdaptedRun> begin(const PadAdapter& adapter, std::span<const IoSpec> specs,
                                  std::vector<Tensor>& inputs);
  // Tells outputs in the image's coordinates.
  Result<void> end(std::span<const IoSpec> specs, std::vector<Tensor>& outputs) const;

 private:
  explicit AdaptedRun(const PadAdapter& adapter) : adapter_(&adapter) {}
  Tensor told(const OutputKind& kind, const Tensor& output) const;
  Tensor unpadded(const OutputKind& kind, const Tensor& output) const;

  const PadAdapter* adapter_;
  ImageSize image_, resized_;
};

}  // namespace acuate
