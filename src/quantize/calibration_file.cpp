#include "quantize/calibration_file.h"

#include "base/text.h"

// The file, version 1; integers little-endian:
//
//   "ACCA"  u32 version  u64 samples  u32 tensors
//   { u32 size  name  u32 size  histogram }…   ascending by name; histograms as Histogram::save()
//
// Every histogram tells its range for each of the samples 0 to samples - 1.
namespace acuate {

namespace {

constexpr std::string_view kMagic = "ACCA";
constexpr uint32_t kVersion = 1;

void put(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 4);
  out += text;
}

// Reads past the end set `failed` and give zeros.
struct Reader {
  std::string_view rest;
  bool failed = false;

  uint64_t number(size_t bytes) {
    const std::string_view text = take(bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < text.size(); ++i)
      value |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
    return value;
  }
  std::string_view take(uint64_t size) {
    failed = failed || size > rest.size();
    if (failed) return {};
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }
};

bool has_samples(const Histogram& histogram, uint64_t samples) {
  const auto& ranges = histogram.sample_ranges();  // ascending by number
  return ranges.size() == samples && (samples == 0 || ranges.back().sample == samples - 1);
}

}  // namespace

std::string save_calibration(const Calibration& calibration) {
  std::string out(kMagic);
  put(out, kVersion, 4);
  put(out, calibration.samples, 8);
  put(out, calibration.histograms.size(), 4);
  for (const auto& [name, histogram] : calibration.histograms) {
    put_text(out, name);
    put_text(out, histogram.save());
  }
  return out;
}

Result<Calibration> load_calibration(std::string_view bytes, std::string_view name) {
  if (!bytes.starts_with(kMagic))
    return fail("{}: not a file of calibration histograms: it does not begin with '{}'", name,
                kMagic);
  Reader reader{bytes.substr(kMagic.size())};
  const uint64_t version = reader.number(4);
  if (!reader.failed && version != kVersion)
    return fail("{}: version {} of calibration histograms; this program reads version {}", name,
                version, kVersion);
  Calibration calibration;
  calibration.samples = reader.number(8);
  const uint64_t tensors = reader.number(4);
  std::string last;
  for (uint64_t i = 0; i < tensors && !reader.failed; ++i) {
    std::string tensor(reader.take(reader.number(4)));
    const std::string_view saved = reader.take(reader.number(4));
    if (reader.failed) break;
    const std::string where = fmt::format("{}: tensor '{}'", name, to_valid_utf8(tensor));
    if (i > 0 && tensor <= last) return fail("{} is out of order; make the file again", where);
    auto histogram = Histogram::load(saved, where);
    if (!histogram) return histogram.error();
    if (!has_samples(*histogram, calibration.samples))
      return fail("{} has not the {} samples of the file; make it again", where,
                  calibration.samples);
    if (histogram->total() != histogram->finite_count())
      calibration.non_finite.push_back({tensor, 0});
    calibration.histograms.emplace(tensor, std::move(*histogram));
    last = std::move(tensor);
  }
  if (reader.failed) return fail("{}: the file is cut off", name);
  if (!reader.rest.empty())
    return fail("{}: {} bytes follow the histograms", name, reader.rest.size());
  return calibration;
}

Result<void> merge_calibration(Calibration& into, const Calibration& other) {
  auto mine = into.histograms.begin();
  auto theirs = other.histograms.begin();
  for (; mine != into.histograms.end() && theirs != other.histograms.end(); ++mine, ++theirs)
    if (mine->first != theirs->first) break;
  if (mine != into.histograms.end() || theirs != other.histograms.end())
    return fail(
        "the calibrations are of different tensors: '{}' is in one only",
        to_valid_utf8(mine == into.histograms.end()      ? theirs->first
                      : theirs == other.histograms.end() ? mine->first
                                                         : std::min(mine->first, theirs->first)));
  for (const auto& [name, histogram] : other.histograms) {
    Histogram moved = histogram;
    moved.number_samples_from(into.samples);
    into.histograms.find(name)->second.merge(moved);
  }
  for (const NonFinite& found : other.non_finite)
    into.non_finite.push_back({found.tensor, found.sample + into.samples});
  into.samples += other.samples;
  return {};
}

Result<Calibration> calibration_for(const Model& model, const std::vector<std::string>& tensors,
                                    const Calibration& measured) {
  Calibration wanted;
  wanted.samples = measured.samples;
  for (const std::string& name : tensors) {
    const auto found = measured.histograms.find(name);
    if (found == measured.histograms.end())
      return fail(
          "the histograms hold nothing of '{}': they are of another model, or of other settings; "
          "calibrate with --data",
          to_valid_utf8(name));
    const Value* value = model.graph().find(name);
    const auto shape = value == nullptr ? std::nullopt : value->type.static_shape();
    uint64_t size = 1;
    if (shape)
      for (const int64_t dim : *shape) size *= static_cast<uint64_t>(dim);
    if (shape && found->second.total() != size * measured.samples)
      return fail(
          "the histogram of '{}' is of {} values in {} samples, found {} values a sample in the "
          "model; calibrate with --data",
          to_valid_utf8(name), found->second.total(), measured.samples, size);
    wanted.histograms.emplace(name, found->second);
  }
  for (const NonFinite& found : measured.non_finite)
    if (wanted.histograms.count(found.tensor) > 0) wanted.non_finite.push_back(found);
  return wanted;
}

}  // namespace acuate
