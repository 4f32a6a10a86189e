#include "runtime/engine_file.h"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "onnx_io/import.h"
#include "shape/infer.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

// Held by one process at a time; the others wait.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ >= 0) (void)::flock(descriptor_, LOCK_EX);
  }
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

// As it was built before; a range that leaves a size open bounds nothing that a builder could use.
BuildOptions options_of(const Manifest& manifest, const ManifestEngine& engine) {
  BuildOptions options{.shapes = {}, .devices = engine.devices};
  for (const auto& [input, range] : manifest.shape_ranges)
    if (std::count(range.min.begin(), range.min.end(), -1) == 0)
      options.shapes[input] = {range.min, range.opt, range.max};
  return options;
}

// The manifest with the engine of one module built anew, as it then stands in the folder. The old
// file is there until the manifest no longer names it.
Result<Manifest> renew(const fs::path& folder, size_t place, const Target& target,
                       const std::string& maker) {
  const fs::path path = folder / kManifestName;
  const FolderLock lock(folder);
  auto text = read_text_file(path);
  if (!text) return text.error();
  auto manifest = parse_manifest(*text, path.string());
  if (!manifest) return manifest.error();
  if (place >= manifest->modules.size() || !manifest->modules[place].engine)
    return fail("{} was changed meanwhile", path.string());
  ManifestModule& module = manifest->modules[place];
  const ManifestEngine old = *module.engine;
  if (old.made_by == maker) return manifest;  // another process was first
  auto file = AtomicFile::create(path);       // where nothing can be written nothing is built
  if (!file) return file.error();
  auto built = build_engine(folder, module, target, options_of(*manifest, old));
  if (!built) return built.error();
  if (!*built) return fail("{} made no engine file", maker);
  auto described = describe_file(folder, (*built)->file);
  if (!described) return described.error();
  module.engine = std::move(**built);
  std::erase_if(manifest->files, [&](const ManifestFile& each) { return each.file == old.file; });
  manifest->files.push_back(std::move(*described));
  auto written = file->write(write_manifest(*manifest));
  if (written) written = file->commit();
  std::error_code code;
  fs::remove(folder / (written ? old.file : module.engine->file), code);
  if (!written) return written.error();
  return manifest;
}

// engines/NAME.TARGET, or with a number between where a file is there.
std::string unused_name(const fs::path& folder, const std::string& name,
                        const std::string& target) {
  std::error_code code;
  std::string file = fmt::format("engines/{}.{}", name, target);
  for (int number = 1; fs::exists(folder / file, code); ++number)
    file = fmt::format("engines/{}.{}.{}", name, number, target);
  return file;
}

}  // namespace

Result<std::optional<ManifestEngine>> build_engine(const fs::path& folder,
                                                   const ManifestModule& module,
                                                   const Target& target,
                                                   const BuildOptions& options) {
  auto path = resolve_inside(folder, module.file);
  if (!path) return path.error();
  auto model = import_model(*path);
  if (!model) return model.error();
  infer_shapes(**model);
  BuildOptions of_module = options;
  std::erase_if(of_module.shapes, [&](const auto& entry) {
    const Value* input = (*model)->graph().find(entry.first);
    return input == nullptr || input->type.is_static();
  });
  auto built = target.backend->build(**model, of_module);
  if (!built) return built.error();
  if (!*built) return std::optional<ManifestEngine>();
  ManifestEngine engine{
      .file = unused_name(folder, fs::path(module.file).stem().string(), target.id),
      .target = target.id,
      .made_by = (*built)->made_by,
      .devices = options.devices};
  std::error_code code;
  fs::create_directories(folder / "engines", code);
  if (code) return fail("cannot create {}: {}", (folder / "engines").string(), code.message());
  auto file = AtomicFile::create(folder / engine.file);
  if (!file) return file.error();
  if (auto written = file->write(*(*built)->bytes); !written) return written.error();
  if (auto done = file->commit(); !done) return done.error();
  return std::optional(std::move(engine));
}

void renew_engines(const fs::path& folder, Manifest& manifest, const Note& note) {
  const auto tell = [&](const std::string& line) {
    if (note) note(line);
  };
  for (size_t i = 0; i < manifest.modules.size(); ++i) {
    if (!manifest.modules[i].engine) continue;
    const ManifestEngine old = *manifest.modules[i].engine;
    const Target* target = targets().lookup(old.target);
    const auto maker =
        target == nullptr ? Result<std::string>("") : target->backend->engine_maker();
    if (!maker || *maker == old.made_by) continue;
    const std::string file = (folder / old.file).string();
    if (maker->empty()) {
      tell(
          fmt::format("{} is refused: it was made by {}, and '{}' is no target that opens engine "
                      "files; {} runs without it",
                      file, old.made_by, old.target, manifest.modules[i].file));
      manifest.modules[i].engine.reset();
      continue;
    }
    tell(fmt::format("{} was made by {}, and {} is here, which does not open it: it is built anew",
                     file, old.made_by, *maker));
    if (auto renewed = renew(folder, i, *target, *maker)) {
      manifest.modules[i].engine = renewed->modules[i].engine;
      manifest.files = std::move(renewed->files);
    } else {
      tell(
          fmt::format("{} is refused, since it could not be built anew: {}; install {}, or "
                      "convert the model again; {} runs without it",
                      file, renewed.error().message, old.made_by, manifest.modules[i].file));
      manifest.modules[i].engine.reset();
    }
  }
}

}  // namespace acuate
