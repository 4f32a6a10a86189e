#include "convert/choose.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "convert/partition_costs.h"
#include "report/writer.h"
#include "runtime/artifact.h"
#include "runtime/timing.h"
#include "targets/target.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

// Candidates lie here in the folder of the artifact until one of them becomes it.
constexpr const char* kCandidates = ".candidates";

struct Candidate {
  ReportCandidate row;
  fs::path folder;
  std::optional<Conversion> conversion;  // where it converts and meets the conditions
  std::optional<Runnable> runnable;
};

std::vector<Target> targets_that_run(const std::string& wanted, std::string& missing) {
  std::vector<Target> out;
  for (const Target& target : targets().all()) {
    if (wanted != "auto" && target.id != to_snake_case(wanted)) continue;
    const TargetStatus status = target.status();
    if (status.build.available && status.run.available)
      out.push_back(target);
    else
      missing += fmt::format("\n  {}: {}", target.id, status.run.reason);
  }
  return out;
}

std::vector<std::string> precisions_for(const Target& target, const ConvertOptions& options) {
  if (options.precision != "auto") return {options.precision};
  std::vector<std::string> out = {"fp32"};
  if (target.computes_in_bfloat16) out.emplace_back("bf16");
  if (options.data || options.encodings || !options.weights_only.empty()) out.emplace_back("int8");
  return out;
}

class Chooser {
 public:
  explicit Chooser(const ConvertOptions& options) : options_(options) {}

  Result<Conversion> run() {
    if (options_.precision == "auto" && options_.max_drop.empty())
      return fail(
          "--precision auto takes the fastest that is accurate enough: say how much may be lost, "
          "as "
          "--max-drop sqnr=20dB or --max-drop top1=0.5%");
    auto tables = read_cost_tables(options_.costs);
    if (!tables) return tables.error();
    cost_tables_ = std::move(*tables);
    auto folder = AtomicFolder::create(options_.output, options_.overwrite, kManifestName);
    if (!folder) return folder.error();
    if (auto converted = convert_all(folder->path()); !converted) return converted.error();
    if (auto timed = time_all(); !timed) return timed.error();
    const auto chosen = std::min_element(
        candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
          if (a.conversion.has_value() != b.conversion.has_value()) return a.conversion.has_value();
          return a.row.latency_ms.value_or(1e300) < b.row.latency_ms.value_or(1e300);
        });
    if (!chosen->conversion) return fail("no candidate is left:{}", reasons());
    chosen->row.status = "chosen";
    Conversion conversion = std::move(*chosen->conversion);
    for (Candidate& candidate : candidates_)
      conversion.report.candidates.push_back(std::move(candidate.row));
    if (auto moved = keep_files(chosen->folder, folder->path(), conversion.report); !moved)
      return moved.error();
    conversion.output = options_.output;
    if (auto done = folder->commit(); !done) return done.error();
    return conversion;
  }

 private:
  Result<void> convert_all(const fs::path& folder) {
    std::string missing;
    std::error_code code;
    fs::create_directories(folder / kCandidates, code);
    if (code) return fail("cannot create {}: {}", folder.string(), code.message());
    for (const Target& target : targets_that_run(options_.target, missing)) {
      const auto table = cost_table_of(cost_tables_, target.id);
      if (!table && !options_.costs.empty() && options_.note)
        options_.note(fmt::format("{}; its pieces are chosen without", table.error().message));
      for (const std::string& precision : precisions_for(target, options_)) {
        Candidate candidate;
        candidate.row.target = target.id;
        candidate.row.precision = precision;
        candidate.folder = folder / kCandidates / fmt::format("{}-{}", target.id, precision);
        if (options_.note) options_.note(fmt::format("Candidate: {} {}", target.id, precision));
        ConvertOptions own = options_;
        own.target = target.id;
        own.precision = precision;
        own.output = candidate.folder;
        own.overwrite = false;
        if (!table) own.costs.clear();
        if (precision != "int8") {
          own.encodings.reset();
          own.weights_only.clear();
          own.group.reset();
        }
        auto conversion = convert(own);
        if (stop_requested()) return fail("interrupted; nothing was written");
        if (!conversion) {
          candidate.row.status = "failed";
          candidate.row.reason = conversion.error().message;
        } else if (!conversion->unmet.empty()) {
          candidate.row.status = "refused";
          candidate.row.reason = join(conversion->unmet, "; ");
        } else {
          candidate.row.status = "slower";  // until the fastest is known
          candidate.conversion = std::move(*conversion);
        }
        candidates_.push_back(std::move(candidate));
      }
    }
    if (candidates_.empty())
      return fail("--target {}: nothing runs here:{}", options_.target, missing);
    return {};
  }

  // All that are left in turn, on zeros of the network's own sizes: time does not follow values.
  Result<void> time_all() {
    std::vector<std::function<Result<void>()>> contenders;
    std::vector<Candidate*> timed;
    std::vector<std::vector<Tensor>> inputs;
    for (Candidate& candidate : candidates_) {
      if (!candidate.conversion) continue;
      auto target = resolve_target(candidate.row.target);
      if (!target) return target.error();
      auto opened = Runnable::open(candidate.folder, *target,
                                   {.threads = options_.threads, .spinning = false});
      if (!opened) return opened.error();
      candidate.runnable.emplace(std::move(*opened));
      inputs.push_back(zeros(candidate.runnable->network_inputs()));
      timed.push_back(&candidate);
    }
    for (size_t i = 0; i < timed.size(); ++i)
      contenders.emplace_back([runnable = &*timed[i]->runnable, &in = inputs[i]]() -> Result<void> {
        auto outputs = runnable->run(in);
        return outputs ? Result<void>() : Result<void>(outputs.error());
      });
    if (timed.size() < 2 && options_.runs <= 0) return {};
    auto timings = time_interleaved(contenders, std::max(options_.runs, 5), 2, options_.progress);
    if (!timings) return timings.error();
    for (size_t i = 0; i < timed.size(); ++i) {
      timed[i]->row.latency_ms = (*timings)[i].median_ms();
      timed[i]->row.cpu_ms = (*timings)[i].median_cpu_ms();
      timed[i]->runnable.reset();
    }
    return {};
  }

  static std::vector<Tensor> zeros(const std::vector<IoSpec>& ports) {
    std::vector<Tensor> inputs;
    for (const IoSpec& port : ports) {
      Shape shape = port.shape;
      for (int64_t& dim : shape)
        if (dim < 0) dim = 1;
      inputs.push_back(Tensor::allocate(port.type, shape));
    }
    return inputs;
  }

  // The chosen candidate's files become the artifact's; its report is written anew, with all
  // candidates.
  static Result<void> keep_files(const fs::path& chosen, const fs::path& folder,
                                 const Report& report) {
    std::error_code code;
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(chosen, code)) entries.push_back(entry.path());
    for (const fs::path& entry : entries) {
      fs::rename(entry, folder / entry.filename(), code);
      if (code) return fail("cannot move {}: {}", entry.string(), code.message());
    }
    fs::remove_all(folder / kCandidates, code);
    if (code) return fail("cannot remove {}: {}", (folder / kCandidates).string(), code.message());
    if (auto written = write_text_file(folder / "report.json", render_json(report)); !written)
      return written;
    return write_text_file(folder / "report.html", render_html(report));
  }

  std::string reasons() const {
    std::string text;
    for (const Candidate& candidate : candidates_)
      text += fmt::format("\n  {} {}: {}", candidate.row.target, candidate.row.precision,
                          candidate.row.reason);
    return text;
  }

  const ConvertOptions& options_;
  std::vector<CostTable> cost_tables_;
  std::vector<Candidate> candidates_;
};

}  // namespace

Result<Conversion> convert_to_fastest(const ConvertOptions& options) {
  return Chooser(options).run();
}

}  // namespace acuate
