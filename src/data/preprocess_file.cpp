#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "data/preprocess.h"
#include "data/strict_yaml.h"

namespace acuate {
namespace {

const std::vector<std::string> kResizes = {"stretch", "letterbox", "letterbox_top_left"};
const std::vector<std::string> kLayouts = {"nchw", "nhwc"};
const std::vector<std::string> kChannelOrders = {"rgb", "bgr", "gray"};
const std::vector<std::string> kTypes = {"float32", "uint8"};
const std::vector<std::string> kKeys = {"preset", "resize",        "antialias", "pad_value",
                                        "layout", "channel_order", "scale",     "mean",
                                        "std",    "type"};
constexpr uint64_t kMaxFileBytes = 1 << 20;

template <class Enum>
Enum enum_of(const std::string& word, const std::vector<std::string>& words) {
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) - words.begin());
}
template <class Enum>
std::string word_of(Enum value, const std::vector<std::string>& words) {
  return words.at(static_cast<size_t>(value));
}

Preprocess preset(const char* name) {
  Preprocess preprocess;
  preprocess.name = name;
  return preprocess;
}

std::vector<PreprocessPreset> make_presets() {
  // torchvision's classification transforms; Pillow's bilinear antialiases.
  Preprocess imagenet = preset("imagenet");
  imagenet.antialias = true;
  imagenet.scale = 1.0 / 255;
  imagenet.mean = {0.485, 0.456, 0.406};
  imagenet.std = {0.229, 0.224, 0.225};

  Preprocess unit = preset("unit");
  unit.scale = 1.0 / 255;

  // The YOLO family: grey 114 around the image.
  Preprocess letterbox = unit;
  letterbox.name = "letterbox";
  letterbox.resize = Preprocess::Resize::Letterbox;
  letterbox.pad_value = 114;

  // PaddleOCR det: DecodeImage(BGR), NormalizeImage(1/255, mean, std, hwc), which applies the
  // ImageNet numbers to the channels as they lie, so mean[0] = 0.485 meets blue; pads with black
  // pixels before normalisation (operators.py).
  Preprocess ppocr_det = imagenet;
  ppocr_det.name = "ppocr_det";
  ppocr_det.antialias = false;
  ppocr_det.resize = Preprocess::Resize::LetterboxTopLeft;
  ppocr_det.channel_order = Preprocess::ChannelOrder::Bgr;

  return {{"imagenet", "RGB, stretched, antialiased, /255, ImageNet mean and std", imagenet},
          {"letterbox", "RGB, aspect kept, grey 114 around, 0 to 1 (YOLO)", letterbox},
          {"ppocr_det", "BGR, aspect kept, black at right and bottom, /255, ImageNet mean and std",
           ppocr_det},
          {"raw", "RGB, stretched, 0 to 255", preset("raw")},
          {"unit", "RGB, stretched, 0 to 1", unit}};
}

std::optional<std::string> out_of_range(const Preprocess& preprocess) {
  if (preprocess.pad_value < 0 || preprocess.pad_value > 255)
    return "pad_value: expected a pixel value from 0 to 255";
  if (preprocess.scale == 0) return "scale: expected another number than 0";
  for (double deviation : preprocess.std)
    if (deviation <= 0) return "std: expected numbers above 0";
  return std::nullopt;
}

// One number stands for all channels.
Result<void> read_triple(const StrictYaml& yaml, const std::string& key,
                         std::array<double, 3>& out) {
  if (auto one = yaml.number(key); one && *one) {
    out = {**one, **one, **one};
    return {};
  }
  auto list = yaml.numbers(key);
  if (!list) return list.error();
  if (!*list) return {};
  if ((*list)->size() != 3)
    return fail("{}{}: expected 3 numbers, one per channel, found {}", yaml.where(key), key,
                (*list)->size());
  std::copy((*list)->begin(), (*list)->end(), out.begin());
  return {};
}

template <class T>
Result<void> assign(const Result<std::optional<T>>& found, T& out) {
  if (!found) return found.error();
  if (*found) out = **found;
  return {};
}

template <class Enum>
Result<void> read_enum(const StrictYaml& yaml, const std::string& key,
                       const std::vector<std::string>& words, Enum& out) {
  const auto word = yaml.choice(key, words);
  if (!word) return word.error();
  if (*word) out = enum_of<Enum>(**word, words);
  return {};
}

const PreprocessPreset* find_preset(std::string_view id) {
  const std::string key = to_snake_case(id);
  for (const PreprocessPreset& known : preprocess_presets())
    if (known.id == key) return &known;
  return nullptr;
}

std::vector<std::string> preset_ids() {
  std::vector<std::string> ids;
  for (const PreprocessPreset& known : preprocess_presets()) ids.push_back(known.id);
  return ids;
}

}  // namespace

const std::vector<PreprocessPreset>& preprocess_presets() {
  static const std::vector<PreprocessPreset> kPresets = make_presets();
  return kPresets;
}

Preprocess assumed_preprocess() {
  Preprocess preprocess = find_preset("unit")->preprocess;
  preprocess.assumed = true;
  return preprocess;
}

Result<Preprocess> parse_preprocess(const StrictYaml& yaml) {
  if (auto allowed = yaml.allow_only(kKeys); !allowed) return allowed.error();
  Preprocess preprocess;
  const auto base = yaml.text("preset");
  if (!base) return base.error();
  if (*base) {
    const PreprocessPreset* known = find_preset(**base);
    if (known == nullptr)
      return fail("{}there is no preset '{}'; there are: {}", yaml.where("preset"),
                  to_valid_utf8(**base), join(preset_ids(), ", "));
    preprocess = known->preprocess;
  }
  preprocess.name = yaml.source();
  int type = preprocess.type == ElementType::Uint8;
  for (const Result<void>& step : {
           read_enum(yaml, "resize", kResizes, preprocess.resize),
           assign(yaml.boolean("antialias"), preprocess.antialias),
           assign(yaml.number("pad_value"), preprocess.pad_value),
           read_enum(yaml, "layout", kLayouts, preprocess.layout),
           read_enum(yaml, "channel_order", kChannelOrders, preprocess.channel_order),
           assign(yaml.number("scale"), preprocess.scale),
           read_triple(yaml, "mean", preprocess.mean),
           read_triple(yaml, "std", preprocess.std),
           read_enum(yaml, "type", kTypes, type),
       })
    if (!step) return step.error();
  preprocess.type = type == 0 ? ElementType::Float : ElementType::Uint8;
  if (const auto wrong = out_of_range(preprocess))
    return Error{yaml.where(wrong->substr(0, wrong->find(':'))) + *wrong};
  return preprocess;
}

Result<Preprocess> read_preprocess(const std::string& preset_or_file,
                                   const std::filesystem::path& folder) {
  if (const PreprocessPreset* known = find_preset(preset_or_file)) return known->preprocess;
  const std::filesystem::path path = folder / preset_or_file;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    const std::vector<std::string> ids = preset_ids();
    const auto nearest = closest_match(preset_or_file, ids);
    return fail("pre-processing '{}' is neither a file nor a preset{}; presets: {}", preset_or_file,
                nearest ? ", did you mean '" + *nearest + "'?" : "", join(ids, ", "));
  }
  const auto text = read_text_file(path, kMaxFileBytes);
  if (!text) return text.error();
  auto yaml = StrictYaml::parse(*text, path.string());
  if (!yaml) return yaml.error();
  auto preprocess = parse_preprocess(*yaml);
  if (preprocess) preprocess->name = path.filename().string();
  return preprocess;
}

nlohmann::json preprocess_to_json(const Preprocess& preprocess) {
  return {{"name", to_valid_utf8(preprocess.name)},
          {"assumed", preprocess.assumed},
          {"resize", word_of(preprocess.resize, kResizes)},
          {"antialias", preprocess.antialias},
          {"pad_value", preprocess.pad_value},
          {"layout", word_of(preprocess.layout, kLayouts)},
          {"channel_order", word_of(preprocess.channel_order, kChannelOrders)},
          {"scale", preprocess.scale},
          {"mean", preprocess.mean},
          {"std", preprocess.std},
          {"type", element_type_name(preprocess.type)}};
}

Result<Preprocess> preprocess_from_json(const nlohmann::json& json) {
  if (!json.is_object()) return fail("preprocess: expected an object");
  // JSON is YAML: one strict reader serves both. The two members that no user writes are taken off
  // first.
  nlohmann::json rest = json;
  Preprocess preprocess;
  if (!json.contains("name") || !json["name"].is_string() || !json.contains("assumed") ||
      !json["assumed"].is_boolean())
    return fail("preprocess: expected name (text) and assumed (true or false)");
  rest.erase("name");
  rest.erase("assumed");
  for (const std::string& key : kKeys)
    if (key != "preset" && !rest.contains(key)) return fail("preprocess: '{}' is missing", key);
  auto yaml = StrictYaml::parse(rest.dump(), "preprocess");
  if (!yaml) return yaml.error();
  auto parsed = parse_preprocess(*yaml);
  if (!parsed) return parsed.error();
  parsed->name = json["name"];
  parsed->assumed = json["assumed"];
  return parsed;
}

}  // namespace acuate
