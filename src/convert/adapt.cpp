#include "convert/adapt.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"

namespace acuate {
namespace {

bool is_image(const IoSpec& port) {
  constexpr int64_t kMost = 1 << 15;
  return port.shape.size() == 4 &&
         std::ranges::all_of(port.shape, [](int64_t d) { return d > 0 && d <= kMost; });
}

struct Asked {
  std::string input;  // empty: the only image
  std::optional<double> fill;
};

Result<Asked> parse_adapter(std::string_view text) {
  Asked asked;
  const size_t mark = text.rfind('=');
  if (mark != text.npos) asked.input = text.substr(0, mark);
  const std::string_view what = mark == text.npos ? text : text.substr(mark + 1);
  const size_t colon = what.find(':');
  if (colon != what.npos) asked.fill = parse_double(what.substr(colon + 1));
  if (what.substr(0, colon) != "pad" || (colon != what.npos && !asked.fill))
    return fail("found the adapter '{}'; expected pad, pad:FILL or INPUT=pad:FILL, such as pad:0.5",
                text);
  return asked;
}

Result<const IoSpec*> image_input(std::span<const IoSpec> inputs, const std::string& name) {
  std::vector<std::string> images;
  for (const IoSpec& port : inputs)
    if (is_image(port)) images.push_back(port.name);
  for (const IoSpec& port : inputs) {
    const bool is_meant =
        name.empty() ? images.size() == 1 && port.name == images[0] : port.name == name;
    if (!is_meant) continue;
    if (is_image(port)) return &port;
    return fail("--adapter: input '{}' is {}; expected four fixed dimensions, give --shape", name,
                port.text());
  }
  if (!name.empty())
    return fail("--adapter: there is no input '{}'; images are: {}", name, join(images, ", "));
  if (images.empty())
    return fail("--adapter: no input has four fixed dimensions; give --shape for the image");
  return fail("--adapter: which of the inputs {} is the image? Say INPUT=pad", join(images, ", "));
}

// By the pre-processing where there is one, else where the number of channels stands.
Result<Preprocess::Layout> layout_of(const IoSpec& image, const Preprocess* preprocess) {
  const auto is_channels = [](int64_t dim) { return dim == 1 || dim == 3 || dim == 4; };
  if (preprocess != nullptr && is_channels(image.shape[1]) == is_channels(image.shape[3]))
    return preprocess->layout;
  if (is_channels(image.shape[1]) && !is_channels(image.shape[3])) return Preprocess::Layout::Nchw;
  if (is_channels(image.shape[3]) && !is_channels(image.shape[1])) return Preprocess::Layout::Nhwc;
  return fail("--adapter: input '{}' is {}, which tells no layout; give --preprocess with one",
              image.name, image.text());
}

// `NAME` or `NAME=valid`: 1 where the image is; `NAME=padding`: 1 where it is not.
Result<PadAdapter::Mask> parse_mask(const std::string& text) {
  const size_t mark = text.rfind('=');
  const std::string meaning = mark == text.npos ? "valid" : text.substr(mark + 1);
  if (meaning != "valid" && meaning != "padding")
    return fail(
        "--mask-input '{}': expected NAME=valid (1 where the image is) or NAME=padding (1 "
        "where it is not)",
        text);
  return PadAdapter::Mask{text.substr(0, mark), meaning == "padding" ? 1.0 : 0.0};
}

}  // namespace

Result<std::optional<PadAdapter>> adapter_for(const ConvertOptions& options,
                                              std::span<const IoSpec> inputs,
                                              std::span<const IoSpec> outputs,
                                              const Preprocess* declared) {
  if (options.adapter.empty()) {
    if (!options.mask_inputs.empty() || !options.output_kinds.empty())
      return fail("--mask-input and --output-kind belong to --adapter pad, which is not given");
    return std::optional<PadAdapter>();
  }
  auto asked = parse_adapter(options.adapter);
  if (!asked) return asked.error();
  auto image = image_input(inputs, asked->input);
  if (!image) return image.error();
  auto layout = layout_of(**image, declared);
  if (!layout) return layout.error();
  PadAdapter adapter;
  adapter.input = (*image)->name;
  adapter.layout = *layout;
  const bool planar = *layout == Preprocess::Layout::Nchw;
  adapter.size = {static_cast<int>((*image)->shape[planar ? 3 : 2]),
                  static_cast<int>((*image)->shape[planar ? 2 : 1])};
  const auto channels = static_cast<size_t>((*image)->shape[planar ? 1 : 3]);
  for (size_t c = 0; c < channels; ++c) {
    double fill = 0;
    if (declared != nullptr && c < 3)
      fill = (declared->pad_value * declared->scale - declared->mean[c]) / declared->std[c];
    adapter.fill.push_back(asked->fill.value_or(fill));
  }
  for (const std::string& text : options.mask_inputs) {
    auto mask = parse_mask(text);
    if (!mask) return mask.error();
    adapter.masks.push_back(std::move(*mask));
  }
  for (const IoSpec& port : inputs) {
    const size_t rank = port.shape.size();
    const bool has_size = rank >= 2 && rank <= 4 && port.shape[rank - 1] == adapter.size.width &&
                          port.shape[rank - 2] == adapter.size.height;
    if (port.name == adapter.input || !has_size ||
        std::ranges::any_of(adapter.masks, [&](auto& mask) { return mask.input == port.name; }))
      continue;
    return fail(
        "input '{}' is {}, of the image's size: if it is a mask, say --mask-input {}=valid (1 "
        "where the image is) or {}=padding",
        port.name, port.text(), port.name, port.name);
  }
  for (const std::string& text : options.output_kinds) {
    auto kind = parse_output_kind(text);
    if (!kind) return kind.error();
    if (std::ranges::any_of(adapter.outputs, [&](auto& o) { return o.first == kind->first; }))
      return fail("--output-kind is given twice for '{}'", kind->first);
    adapter.outputs.push_back(std::move(*kind));
  }
  if (auto fits = adapter.check(inputs, outputs); !fits) return fits.error();
  return std::optional(std::move(adapter));
}

std::vector<std::string> undeclared_outputs(const PadAdapter& adapter,
                                            std::span<const IoSpec> outputs) {
  std::vector<std::string> names;
  for (const IoSpec& port : outputs)
    if (std::ranges::none_of(adapter.outputs, [&](auto& o) { return o.first == port.name; }))
      names.push_back(port.name);
  return names;
}

Finding unknown_kinds_finding(const std::vector<std::string>& names,
                              const std::vector<KindProposal>& proposals) {
  Finding finding = new_finding("output_kind_unknown");
  finding.stage = "fix";
  finding.cause = fmt::format(
      "The network's images are padded, and nobody said what '{}' of its outputs mean: they are "
      "not "
      "told in the coordinates of the image that came.",
      join(names, "', '"));
  std::vector<std::string> flags, reasons;
  std::map<std::string, std::vector<std::string>> untold;  // by reason
  for (const KindProposal& proposal : proposals) {
    if (!proposal.kind) {
      untold[proposal.reason].push_back(proposal.output);
      continue;
    }
    flags.push_back(fmt::format("--output-kind {}={}", proposal.output, proposal.kind->text()));
    reasons.push_back(fmt::format("{}: {}", proposal.output, proposal.reason));
  }
  for (const auto& [reason, outputs] : untold)
    reasons.push_back(fmt::format("{}: {}", join(outputs, ", "), reason));
  finding.evidence = join(reasons, "; ");
  if (!flags.empty()) finding.evidence += "; if that is right, repeat with " + join(flags, " ");
  return finding;
}

}  // namespace acuate
