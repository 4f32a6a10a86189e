#include "export/exporter.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/file.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

std::string name_of(const fs::path& artifact) {
  std::error_code code;
  std::string name = fs::weakly_canonical(artifact, code).filename().string();
  if (name.ends_with(".acuate")) name.resize(name.size() - 7);
  for (char& c : name)
    if (!is_name({&c, 1})) c = '_';
  return name.empty() ? "model" : name;
}

}  // namespace

const ExporterRegistry& exporters() {
  static const ExporterRegistry registry = [] {
    ExporterRegistry all;
    register_all_exporters(all);
    return all;
  }();
  return registry;
}

Result<void> export_artifact(const fs::path& artifact, const Exporter& exporter,
                             const std::string& name, const fs::path& output) {
  if (!name.empty() && !is_name(name))
    return fail("--name '{}': letters, digits, _ and - make a model's name", name);
  const fs::path file = artifact / kManifestName;
  auto text = read_text_file(file);
  if (!text)
    return fail("{} is no artifact of `acuate convert`: {}", artifact.string(),
                text.error().message);
  auto manifest = parse_manifest(*text, file.string());
  if (!manifest) return manifest.error();
  std::error_code code;
  if (fs::exists(output, code))
    return fail("{} exists already; an export does not write over it", output.string());
  auto folder = AtomicFolder::create(output, false, {});
  if (!folder) return folder.error();
  const ExportRequest request{artifact, std::move(*manifest),
                              name.empty() ? name_of(artifact) : name, folder->path()};
  if (auto written = exporter.write(request); !written) return written;
  return folder->commit();
}

}  // namespace acuate
