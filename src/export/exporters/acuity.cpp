#include <algorithm>

#include "base/file.h"
#include "export/acuity_trial.h"
#include "export/exporter.h"
#include "onnx_io/import.h"
#include "quantize/import_qdq.h"
#include "shape/infer.h"
#include "targets/vsi_npu/toolchain.h"

namespace acuate {
namespace {

// The one module of the artifact's target, taken apart into float graph and ranges.
Result<void> write_handover(const ExportRequest& request) {
  std::vector<const ManifestModule*> modules;
  for (const ManifestModule& module : request.manifest.modules)
    if (module.target == request.manifest.target) modules.push_back(&module);
  if (modules.size() != 1)
    return fail(
        "{} has {} modules on {}, and a network binary is one; convert with --max-engines 1",
        request.artifact.string(), modules.size(), request.manifest.target);
  auto path = resolve_inside(request.artifact, modules[0]->file);
  if (!path) return path.error();
  auto model = import_model(*path);
  if (!model) return model.error();
  infer_shapes(**model);
  auto parts = import_qdq(**model);
  if (!parts) return parts.error();
  if (parts->encodings.tensors.empty())
    return fail("{} is not quantized; convert with --precision int8", path->string());
  const auto& preprocess = request.manifest.preprocess;
  const AcuityHandover handover{*parts->float_model, parts->encodings,
                                preprocess ? &*preprocess : nullptr};
  if (auto written = write_acuity_handover(handover, request.output); !written) return written;
  if (const Availability toolkit = AcuityToolchain::here(); !toolkit.available) {
    if (request.note)
      request.note("Not tried on the toolkit: to import, compare and export, " + toolkit.reason);
    return {};
  }
  return try_acuity_handover({handover, *path, request.data, request.note}, request.output);
}

}  // namespace

// For VeriSilicon's NPUs; docs/acuity.md says which facts of the formats come from where.
void register_export_acuity(ExporterRegistry& registry) {
  registry.add({.id = "acuity",
                .summary = "model, ranges and commands for VeriSilicon's Acuity toolkit",
                .write = write_handover,
                .compares_on_data = true});
}

}  // namespace acuate
