#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "data/image.h"
#include "graph/tensor.h"

namespace acuate {

class StrictYaml;

// How an image becomes the network's input. Height, width and channel count come from the input's
// shape. Steps, in order: resize to the input's size (letterbox modes keep the aspect ratio and
// fill up with `pad_value`), reorder the channels, then per element `(pixel * scale - mean[c]) /
// std[c]` in float32, c counted in the network's own channel order.
struct Preprocess {
  enum class Resize {
    Stretch,           // both axes to the input's size
    Letterbox,         // aspect kept, image in the middle
    LetterboxTopLeft,  // aspect kept, padding at the right and the bottom
  };
  enum class Layout { Nchw, Nhwc };
  enum class ChannelOrder { Rgb, Bgr, Gray };

  std::string name = "custom";  // the preset or the file that it came from
  bool assumed = false;         // nobody declared it: to be said as a finding
  Resize resize = Resize::Stretch;
  bool antialias = false;  // see resize() in image.h
  double pad_value = 0;    // a pixel value, 0 to 255, before normalisation
  Layout layout = Layout::Nchw;
  ChannelOrder channel_order = ChannelOrder::Rgb;  // Gray: ITU-R BT.601 luma, one channel
  double scale = 1;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
  ElementType type = ElementType::Float;  // Float or Uint8 (rounded half to even, clamped)
};

// From a position in the network's input to the image: `image = input * scale + offset`, in
// continuous coordinates where pixel i covers [i, i + 1).
struct CoordinateMap {
  double scale_x = 1, scale_y = 1, offset_x = 0, offset_y = 0;
};

struct PreprocessPreset {
  std::string id, summary;
  Preprocess preprocess;
};
// imagenet, letterbox, ppocr_det, raw, unit; sorted.
const std::vector<PreprocessPreset>& preprocess_presets();

// What is used where nothing is declared: `unit`, with `assumed` set.
Preprocess assumed_preprocess();

// `--preprocess`: a preset's id (`-` for `_`) or a YAML file, relative to `folder`. The YAML may
// start from a preset
// (`preset: imagenet`) and says the members of Preprocess by name.
Result<Preprocess> read_preprocess(const std::string& preset_or_file,
                                   const std::filesystem::path& folder = {});
Result<Preprocess> parse_preprocess(const StrictYaml& yaml);

// For the artifact's manifest; complete and strict in both directions.
nlohmann::json preprocess_to_json(const Preprocess& preprocess);
Result<Preprocess> preprocess_from_json(const nlohmann::json& json);

// The height and width that `input_shape` asks for, [1, C, H, W] or [1, H, W, C], all static; an
// Error says what of it does not fit the pre-processing.
Result<ImageSize> network_image_size(const Preprocess& preprocess, const Shape& input_shape);
Result<Tensor> preprocess_image(const Preprocess& preprocess, const Image& image,
                                const Shape& input_shape);
CoordinateMap coordinate_map(const Preprocess& preprocess, ImageSize image, ImageSize network);

}  // namespace acuate
