#include "convert/convert.h"

#include "base/stop.h"
#include "convert/choose.h"
#include "convert/judging.h"
#include "convert/pipeline.h"

namespace acuate {

Pipeline::Pipeline(const ConvertOptions& options) : options_(options) {}
Pipeline::~Pipeline() = default;

Result<Conversion> Pipeline::run() {
  using Stage = Result<void> (Pipeline::*)();
  constexpr std::pair<const char*, Stage> kStages[] = {
      {"import", &Pipeline::import},
      {"fix", &Pipeline::fix_shapes},
      {"simplify", &Pipeline::simplify_model},
      {"diagnose", &Pipeline::diagnose_model},
      {"partition", &Pipeline::divide_model},
      {"quantize", &Pipeline::quantize},
      {"lower", &Pipeline::lower},
      {"emit", &Pipeline::emit},
      {"compile", &Pipeline::compile},
      {"evaluate", &Pipeline::evaluate},
      {"time", &Pipeline::time},
      {"profile", &Pipeline::profile},
      {"report", &Pipeline::write_report},
  };
  for (const auto& [name, stage] : kStages) {
    if (stop_requested()) return fail("interrupted before stage '{}'; nothing was written", name);
    const Stopwatch watch;
    if (auto done = (this->*stage)(); !done) return done.error();
    if (std::string_view(name) != "report")
      report_.stages.push_back(
          {name, watch.seconds(), Measure(static_cast<double>(peak_rss_bytes()))});
  }
  Conversion done{std::move(report_), options_.output, std::move(unmet_), {}};
  for (const ManifestModule& module : emitted_.modules) {
    done.files.push_back(module.file);
    if (module.engine) done.files.push_back(module.engine->file);
  }
  return done;
}

Result<Conversion> convert(const ConvertOptions& options) {
  const bool chooses = options.target == "auto" || options.precision == "auto";
  if (chooses && options.plots)
    return fail(
        "--plots shows one conversion, and auto makes several; draw what it keeps with `acuate "
        "report "
        "DIR --plots`");
  if (chooses) return convert_to_fastest(options);
  return Pipeline(options).run();
}

}  // namespace acuate
