#include "base/text.h"
#include "base/version.h"
#include "convert/data_findings.h"
#include "convert/float_model.h"
#include "convert/pipeline.h"
#include "convert/report_parts.h"
#include "onnx_io/export.h"
#include "report/display.h"
#include "shape/infer.h"

namespace acuate {
namespace fs = std::filesystem;

Result<void> Pipeline::divide_model() {
  if (options_.precision == "int8")
    if (auto ready = prepare_quantization(float_); !ready) return ready;
  if (options_.precision != "fp32") name_nodes(*float_);
  auto division = divide_for(*float_, *original_, options_, target_, ranges_);
  if (!division) return division.error();
  division_ = std::move(*division);
  for (Finding& finding : division_.findings) report_.findings.push_back(std::move(finding));
  report_division(report_, division_);
  if (options_.note)
    for (const ReportOption& option : report_.coverage.options)
      options_.note(option_text(report_, option));
  return {};
}

Result<void> Pipeline::quantize() {
  if (options_.precision != "int8") return {};
  std::set<std::string, std::less<>> on_host;
  for (const auto& [node, label] : division_.labels)
    if (label == kHost) on_host.insert(node);
  on_host.insert(division_.in_float16.begin(), division_.in_float16.end());
  auto quantized = quantize_for(*original_, *float_, options_, target_, on_host, samples_);
  if (!quantized) return quantized.error();
  quantized_ = std::move(*quantized);
  if (quantized_->calibration.samples > 0)
    tell_calibration(*original_, *float_, quantized_->calibration, report_.findings);
  if (!options_.encodings) tell_range_needs(*quantized_, report_.findings);
  infer_shapes(*quantized_->model);  // of what quantization wrote, which may stand at a border
  return {};
}

// Into 16-bit floats: what the precision says, or a module's entry in the configuration.
Result<void> Pipeline::lower() {
  // Where the engine itself does it the network stays as it is.
  ConvertOptions options = options_;
  if (in_bfloat16()) options.precision = "fp32";
  auto lowered = lower_for(*original_, *float_, emitted_model(), options, target_, division_,
                           samples_.calibration ? &*samples_.calibration : nullptr);
  if (!lowered) return lowered.error();
  for (Finding& finding : lowered->findings) report_.findings.push_back(std::move(finding));
  if (options_.note)
    for (const std::string& line : lowered->notes) options_.note(line);
  lowered_ = std::move(lowered->model);
  // An engine that lacks the type computes in float32 and rounds, which serves where it stands in
  // for another and nobody who wants speed.
  if (lowered_ && options.precision == "bf16" && target_.stand_in.empty()) {
    auto refused = target_.backend->probe(*lowered_);
    if (!refused) return refused.error();
    for (const Refusal& refusal : *refused)
      if (refusal.reason.blocks)
        return fail("target {} does not compute in bfloat16, first '{}': {}{}", target_.id,
                    to_valid_utf8(refusal.node->address()), refusal.reason.message,
                    refusal.reason.evidence.empty() ? "" : " (" + refusal.reason.evidence + ")");
  }
  return {};
}

// The network as it goes into the artifact.
const Model& Pipeline::emitted_model() const {
  return lowered_ ? *lowered_ : quantized_ ? *quantized_->model : *float_;
}

bool Pipeline::in_bfloat16() const {
  return options_.precision == "bf16" && target_.computes_in_bfloat16;
}

Result<void> Pipeline::emit() {
  const fs::path& folder = folder_->path();
  std::error_code code;
  fs::create_directories(folder / "modules", code);
  if (code) return fail("cannot create {}: {}", (folder / "modules").string(), code.message());
  Target emitted_for = target_;
  if (is_simulated_) emitted_for.stand_in.clear();  // the modules are the target's own
  auto emitted = emit_modules(emitted_model(), division_, emitted_for, folder);
  if (!emitted) return emitted.error();
  emitted_ = std::move(*emitted);
  for (size_t i = 0; i < emitted_.modules.size(); ++i)
    if (in_bfloat16() && emitted_.on_target[i])
      emitted_.modules[i].arithmetic = Arithmetic::Bfloat16;
  std::string script = "# Edits that make the float network of this artifact out of " +
                       json_quote(options_.model.filename().string()) + "\n";
  for (const std::string& line : edits_) script += line + "\n";
  if (quantized_)
    script += fmt::format(
        "# modules/ has that network at opset {}, with names for all nodes, quantized by "
        "encodings.json\n",
        float_->opset_version());
  if (lowered_) script += "# modules/ computes in 16-bit floats where report.json says so\n";
  if (auto written = write_text_file(folder / "edits.acu", script); !written) return written;
  if (quantized_)
    if (auto written = write_text_file(folder / "encodings.json",
                                       write_encodings(quantized_->encodings, quantized_->changes));
        !written)
      return written;
  return {};
}

Result<void> Pipeline::compile() {
  const SizesWithin sizes(emitted_model(), ranges_);
  const auto built_for = build_engines(emitted_, target_, sizes, options_.devices, folder_->path());
  if (!built_for) return built_for.error();
  Manifest manifest;
  manifest.acuate = kVersion;
  manifest.target = target_.id;
  if (auto described =
          describe_ports(emitted_.modules, *float_, folder_->path(), engine_options(), manifest);
      !described)
    return described;
  if (const SampleSet* set = image_samples()) manifest.preprocess = set->preprocess;
  if (adapter_) {
    adapter_->open_sizes(manifest.inputs);
    manifest.adapters.push_back(*adapter_);
  }
  ShapeRanges ranges = ranges_;
  ranges.insert(built_for->begin(), built_for->end());
  for (const auto& [value, range] : ranges)
    manifest.shape_ranges[value] = {range.min, range.opt, range.max};
  manifest.modules = emitted_.modules;
  if (signature_)
    if (auto written = write_text_file(folder_->path() / kSignatureName, signature_->text);
        !written)
      return written;
  for (const auto& entry : fs::recursive_directory_iterator(folder_->path())) {
    const fs::path name = fs::relative(entry.path(), folder_->path());
    if (!entry.is_regular_file() || (!name.has_parent_path() && name != kSignatureName)) continue;
    auto file = describe_file(folder_->path(), name.generic_string());
    if (!file) return file.error();
    if (*name.begin() == "modules") converted_bytes_ += file->size_bytes;
    manifest.files.push_back(std::move(*file));
  }
  report_environment(report_, fmt::format("{} {}", target_.id, target_.status().run.version),
                     options_.threads, options_.seed);
  for (const auto& [key, value] : report_.environment) manifest.environment[key] = value;
  return write_text_file(folder_->path() / kManifestName, write_manifest(manifest));
}

}  // namespace acuate
