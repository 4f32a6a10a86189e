#include "quantize/salient_positions.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace acuate {
namespace {

constexpr size_t kFewestPositions = 16;
constexpr float kAbsent = 0.1F, kAbsentLogit = -2.2F;  // of the same probability
constexpr double kAbsentShare = 0.9, kAbsentLogitShare = 0.5;
constexpr double kNothing = 1e-6;  // a score for which no position is worth more than another
constexpr double kPresent = 0.3, kPresentLogit = -0.85;

struct Layout {
  size_t channels = 0, positions = 0;
  bool channels_first = true;

  size_t channel(size_t element) const {
    return channels_first ? element / positions : element % channels;
  }
  size_t position(size_t element) const {
    return channels_first ? element % positions : element / channels;
  }
};

std::optional<Layout> layout_of(const Tensor& output) {
  const Shape& shape = output.shape();
  if (output.type() != ElementType::Float || shape.size() < 3 || shape.size() > 4 || shape[0] != 1)
    return std::nullopt;
  const int64_t inner = shape.size() == 3 ? shape[2] : std::min(shape[2], shape[3]);
  const bool first = shape[1] <= inner;
  const auto channels = static_cast<size_t>(first ? shape[1] : shape.back());
  if (channels == 0) return std::nullopt;
  const size_t positions = output.values<float>().size() / channels;
  if (positions < kFewestPositions) return std::nullopt;
  return Layout{channels, positions, first};
}

}  // namespace

void SalientPositions::add(std::span<const Tensor> outputs) {
  channels_.resize(outputs.size());
  positions_.resize(outputs.size(), 0);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto layout = layout_of(outputs[i]);
    if (!layout) continue;
    positions_[i] = layout->positions;
    channels_[i].resize(layout->channels);
    const auto values = outputs[i].values<float>();
    for (size_t e = 0; e < values.size(); ++e) {
      Channel& channel = channels_[i][layout->channel(e)];
      const double value = values[e];
      channel.least = channel.count == 0 ? value : std::min(channel.least, value);
      channel.greatest = channel.count == 0 ? value : std::max(channel.greatest, value);
      ++channel.count;
      channel.absent += values[e] < kAbsent;
      channel.absent_logits += values[e] < kAbsentLogit;
    }
  }
}

SalientPositions::Score SalientPositions::score_of(size_t output, size_t channel) const {
  const Channel& seen = channels_[output][channel];
  const auto count = static_cast<double>(seen.count);
  if (seen.least >= 0 && seen.greatest <= 1)
    return seen.greatest > kPresent && static_cast<double>(seen.absent) >= kAbsentShare * count
               ? Score::Probability
               : Score::None;
  // A box may have numbers that are far below zero, but not all of them.
  const auto is_logit = [&](const Channel& each) {
    return each.greatest > kPresentLogit &&
           static_cast<double>(each.absent_logits) >= kAbsentLogitShare * count;
  };
  return std::all_of(channels_[output].begin(), channels_[output].end(), is_logit) ? Score::Logit
                                                                                   : Score::None;
}

std::map<size_t, SalientPositions::Score> SalientPositions::kinds() const {
  std::map<size_t, Score> kinds;
  for (size_t i = 0; i < channels_.size(); ++i)
    for (size_t c = 0; c < channels_[i].size(); ++c)
      if (const Score kind = score_of(i, c); kind != Score::None) {
        Score& best = kinds.emplace(positions_[i], kind).first->second;
        if (kind == Score::Probability) best = kind;
      }
  return kinds;
}

bool SalientPositions::any() const {
  const auto known = kinds();
  for (size_t i = 0; i < channels_.size(); ++i)
    if (const auto kind = known.find(positions_[i]); kind != known.end())
      for (size_t c = 0; c < channels_[i].size(); ++c)
        if (score_of(i, c) != kind->second) return true;
  return false;
}

std::vector<std::vector<float>> SalientPositions::weights(std::span<const Tensor> outputs) const {
  const auto kinds = this->kinds();
  const auto is_score = [&](size_t output, size_t channel) {
    const auto kind = kinds.find(positions_[output]);
    return kind != kinds.end() && score_of(output, channel) == kind->second;
  };
  std::map<size_t, std::vector<double>> salience;
  std::vector<std::optional<Layout>> layouts(outputs.size());
  std::vector<std::vector<bool>> scores(outputs.size());
  for (size_t i = 0; i < std::min(outputs.size(), channels_.size()); ++i) {
    layouts[i] = layout_of(outputs[i]);
    if (!layouts[i] || layouts[i]->positions != positions_[i]) layouts[i].reset();
    if (!layouts[i] || layouts[i]->channels != channels_[i].size()) continue;
    for (size_t c = 0; c < channels_[i].size(); ++c) scores[i].push_back(is_score(i, c));
    auto& salient = salience[positions_[i]];
    salient.resize(positions_[i], 0);
    const auto values = outputs[i].values<float>();
    for (size_t e = 0; e < values.size(); ++e) {
      if (!scores[i][layouts[i]->channel(e)]) continue;
      const double value = values[e];
      const bool is_logit = kinds.at(positions_[i]) == Score::Logit;
      double& at = salient[layouts[i]->position(e)];
      at = std::max(at, is_logit ? 1 / (1 + std::exp(-value)) : value);
    }
  }
  std::vector<std::vector<float>> weights(outputs.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].empty() ||
        std::find(scores[i].begin(), scores[i].end(), false) == scores[i].end())
      continue;
    const std::vector<double>& salient = salience.at(positions_[i]);
    double sum = 0;
    for (const double each : salient) sum += each;
    const double mean = sum / static_cast<double>(salient.size());
    if (!(mean > kNothing)) continue;
    weights[i].resize(outputs[i].values<float>().size(), 1.0F);
    for (size_t e = 0; e < weights[i].size(); ++e)
      if (!scores[i][layouts[i]->channel(e)])
        weights[i][e] = static_cast<float>(salient[layouts[i]->position(e)] / mean);
  }
  return weights;
}

}  // namespace acuate
