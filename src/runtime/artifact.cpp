#include "runtime/artifact.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "onnx_io/import.h"
#include "shape/infer.h"

namespace acuate {
namespace fs = std::filesystem;

Result<Artifact> Artifact::open(const fs::path& folder, const EngineOptions& options,
                                const Note& note) {
  std::error_code code;
  if (!fs::exists(folder / kManifestName, code))
    return fail("{} is not an artifact: it has no {}; `acuate convert` writes one", folder.string(),
                kManifestName);
  auto text = read_text_file(folder / kManifestName, uint64_t{64} << 20);
  if (!text) return text.error();
  auto manifest = parse_manifest(*text, (folder / kManifestName).string());
  if (!manifest) return manifest.error();
  Artifact artifact;
  artifact.manifest_ = std::move(*manifest);
  for (const ManifestFile& listed : artifact.manifest_.files) {
    auto found = describe_file(folder, listed.file);
    if (!found) return found.error();
    if (found->size_bytes != listed.size_bytes || found->hash != listed.hash)
      return fail(
          "{} is not the file that the manifest describes ({} bytes, expected {}); convert the "
          "model again",
          (folder / listed.file).string(), found->size_bytes, listed.size_bytes);
  }
  renew_engines(folder, artifact.manifest_, note);
  for (const ManifestModule& module : artifact.manifest_.modules) {
    if (module.kind == "torch")
      return fail(
          "{}: parts of it stay in PyTorch ({}); open it in Python: acuate.load(folder, "
          "model=original)",
          folder.string(), module.file);
    if (module.kind != "onnx")
      return fail("{}: module '{}' is of kind '{}', which this version does not run",
                  folder.string(), module.file, module.kind);
    auto target = resolve_target(module.target);
    if (!target) return target.error();
    auto path = resolve_inside(folder, module.file);
    if (!path) return path.error();
    EngineOptions of_module = options;
    of_module.arithmetic = module.arithmetic;
    auto engine = target->load(ModelSource::file(*path), of_module);
    if (!engine) return fail("{}: {}", path->string(), engine.error().message);
    artifact.engines_.push_back(std::move(*engine));
  }
  if (auto planned = artifact.plan(); !planned)
    return fail("{}: {}", folder.string(), planned.error().message);
  return artifact;
}

// The adapters against the inputs and outputs that the modules have themselves.
Result<void> Artifact::check_adapters() const {
  if (manifest_.adapters.empty()) return {};
  std::vector<IoSpec> inputs;
  for (const auto& engine : engines_)
    inputs.insert(inputs.end(), engine->inputs().begin(), engine->inputs().end());
  for (const PadAdapter& adapter : manifest_.adapters)
    if (auto fits = adapter.check(inputs, manifest_.outputs); !fits) return fits;
  return {};
}

std::vector<IoSpec> Artifact::network_inputs() const {
  std::vector<IoSpec> specs = inputs();
  for (const PadAdapter& adapter : manifest_.adapters) adapter.close_sizes(specs);
  return specs;
}

Shape Artifact::image_shape(size_t input, ImageSize image) const {
  Shape shape = inputs()[input].shape;
  for (const PadAdapter& adapter : manifest_.adapters) {
    if (adapter.input != inputs()[input].name) continue;
    const size_t at = adapter.layout == Preprocess::Layout::Nchw ? 2 : 1;
    shape[at] = image.height;
    shape[at + 1] = image.width;
  }
  return shape;
}

Result<Tensor> Artifact::read_image(const fs::path& file) const {
  if (!manifest_.preprocess)
    return fail("the artifact stores no pre-processing for images; feed arrays");
  if (inputs().size() != 1)
    return fail("an image can be fed to a model with one input, this one has {}", inputs().size());
  auto image = acuate::read_image(file);
  if (!image) return image.error();
  return preprocess_image(*manifest_.preprocess, *image,
                          image_shape(0, {image->width, image->height}));
}

Result<void> Artifact::plan() {
  if (auto fits = check_adapters(); !fits) return fits;
  std::map<std::string, size_t> place;
  const auto define = [&](const std::string& name) {
    return place.insert_or_assign(name, places_++).first->second;
  };
  for (const IoSpec& input : manifest_.inputs) define(input.name);
  for (size_t m = 0; m < engines_.size(); ++m) {
    const ManifestModule& module = manifest_.modules[m];
    Step step;
    for (const IoSpec& spec : engines_[m]->inputs()) {
      const auto found = place.find(spec.name);
      if (found == place.end())
        return fail("module '{}' needs '{}', which no earlier module gives", module.file,
                    spec.name);
      step.arguments.push_back(found->second);
    }
    for (const std::string& output : module.outputs) step.results.push_back(define(output));
    steps_.push_back(std::move(step));
  }
  std::vector<bool> is_needed(places_);
  for (const IoSpec& spec : manifest_.outputs) {
    const auto found = place.find(spec.name);
    if (found == place.end()) return fail("no module gives the output '{}'", spec.name);
    output_places_.push_back(found->second);
    is_needed[found->second] = true;
  }
  for (size_t m = steps_.size(); m-- > 0;)
    for (const auto* places : {&steps_[m].arguments, &steps_[m].results})
      for (const size_t each : *places) {
        if (!is_needed[each]) steps_[m].last_read.push_back(each);
        is_needed[each] = true;
      }
  return {};
}

Result<std::vector<Tensor>> Artifact::run(std::span<const Tensor> inputs) {
  if (auto fits = check_inputs(manifest_.inputs, inputs); !fits) return fits.error();
  for (size_t i = 0; i < inputs.size(); ++i)
    if (const auto range = manifest_.shape_ranges.find(manifest_.inputs[i].name);
        range != manifest_.shape_ranges.end())
      if (auto fits = range->second.check(range->first, inputs[i].shape()); !fits)
        return fits.error();
  std::vector<Tensor> values(inputs.begin(), inputs.end());
  std::vector<AdaptedRun> adapted;
  for (const PadAdapter& adapter : manifest_.adapters) {
    auto run = AdaptedRun::begin(adapter, manifest_.inputs, values);
    if (!run) return run.error();
    adapted.push_back(std::move(*run));
  }
  values.resize(places_);
  for (size_t m = 0; m < engines_.size(); ++m) {
    const ManifestModule& module = manifest_.modules[m];
    const Step& step = steps_[m];
    std::vector<Tensor> arguments;
    for (const size_t place : step.arguments) arguments.push_back(values[place]);
    auto results = engines_[m]->run(arguments, module.outputs);
    if (!results) return fail("module '{}': {}", module.file, results.error().message);
    for (size_t i = 0; i < step.results.size(); ++i)
      values[step.results[i]] = std::move((*results)[i]);
    for (const size_t place : step.last_read) values[place] = Tensor();
  }
  std::vector<Tensor> outputs;
  for (const size_t place : output_places_) outputs.push_back(values[place]);
  for (const AdaptedRun& run : adapted)
    if (auto done = run.end(manifest_.outputs, outputs); !done) return done.error();
  return outputs;
}

Result<Profile> Artifact::profile() {
  Profile all;
  for (auto& engine : engines_) {
    auto profile = engine->profile();
    if (!profile) return profile.error();
    all.kernels.insert(all.kernels.end(), profile->kernels.begin(), profile->kernels.end());
    all.runs = profile->runs;
    all.time_us += profile->time_us;
    all.truncated |= profile->truncated;
  }
  return all;
}

Result<double> predict_artifact_us(const fs::path& folder, const Manifest& manifest,
                                   std::span<const CostTable> tables) {
  double us = 0;
  std::set<std::string> made;
  for (const ManifestModule& module : manifest.modules) {
    const auto table = std::find_if(tables.begin(), tables.end(), [&](const CostTable& each) {
      return each.target == module.target;
    });
    if (table == tables.end())
      return fail("module '{}' runs on {}, of which there is no cost table", module.file,
                  module.target);
    auto path = resolve_inside(folder, module.file);
    if (!path) return path.error();
    auto model = import_model(*path);
    if (!model) return model.error();
    infer_shapes(**model);
    us += predict_us(*table, **model);
    for (const Value* input : (*model)->graph().inputs())
      if (made.count(std::string(input->name)) > 0)
        us += table->border_us_per_mib * value_mib(*input);
    made.insert(module.outputs.begin(), module.outputs.end());
  }
  return us;
}

Result<Runnable> Runnable::open(const fs::path& path, const Target& target,
                                const EngineOptions& options, const Note& note) {
  Runnable runnable;
  std::error_code code;
  if (fs::is_directory(path, code)) {
    auto artifact = Artifact::open(path, options, note);
    if (!artifact) return artifact.error();
    runnable.artifact_ = std::move(*artifact);
    return runnable;
  }
  // Opened by us first: other formats and damaged files get our message.
  if (auto model = import_model(path); !model) return model.error();
  auto engine = target.load(ModelSource::file(path), options);
  if (!engine) return engine.error();
  runnable.engine_ = std::move(*engine);
  return runnable;
}

Runnable Runnable::of(std::unique_ptr<Engine> engine) {
  Runnable runnable;
  runnable.engine_ = std::move(engine);
  return runnable;
}

}  // namespace acuate
