#include "export/exporter.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "evaluate/eval_spec.h"

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

Result<void> read_decoder(const fs::path& eval, ExportRequest& request) {
  DecoderRegistry decoders;
  register_all_decoders(decoders);
  MetricRegistry metrics;
  register_all_metrics(metrics);
  auto spec = read_eval_spec(eval, decoders, metrics);
  if (!spec) return spec.error();
  if (spec->decoder.empty())
    return fail("{}: it names no decoder, which is what the outputs are to be served through",
                eval.string());
  request.decoder = std::move(spec->decoder);
  request.decoder_options = std::move(spec->decoder_options);
  return {};
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
                             const fs::path& output, const ExportOptions& options) {
  const std::string& name = options.name;
  const fs::path& eval = options.eval;
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
  ExportRequest request{artifact, std::move(*manifest), name.empty() ? name_of(artifact) : name,
                        folder->path()};
  if (!options.data.empty() && !exporter.compares_on_data)
    return fail("--{} compares nothing on data: leave --data out", to_kebab_case(exporter.id));
  request.data = options.data;
  request.note = options.note;
  if (!eval.empty()) {
    if (!exporter.serves_decoders)
      return fail("--{} has no networks behind the artifact's: leave --eval out",
                  to_kebab_case(exporter.id));
    if (auto read = read_decoder(eval, request); !read) return read;
  }
  if (auto written = exporter.write(request); !written) return written;
  return folder->commit();
}

}  // namespace acuate
