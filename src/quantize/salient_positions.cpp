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

void SalientPositions::find_kinds() {
  for (size_t i = 0; i < channels_.size(); ++i)
    for (size_t c = 0; c < channels_[i].size(); ++c)
      if (const Score kind = score_of(i, c); kind != Score::None) {
        Score& best = kinds_.emplace(positions_[i], kind).first->second;
        if (kind == Score::Probability) best = kind;
      }
}

bool SalientPositions::is_score(size_t output, size_t channel) const {
  const auto kind = kinds_.find(positions_[output]);
  return kind != kinds_.end() && score_of(output, channel) == kind->second;
}

SalientPositions SalientPositions::of(std::span<const std::vector<Tensor>> samples) {
  SalientPositions positions;
  for (const auto& outputs : samples) positions.add(outputs);
  positions.find_kinds();
  for (const auto& outputs : samples)
    for (const auto& [count, salient] : positions.salience(outputs))
      for (const double each : salient)
        positions.means_[count] += each / static_cast<double>(count * samples.size());
  return positions;
}

bool SalientPositions::any() const {
  for (size_t i = 0; i < channels_.size(); ++i)
    if (kinds_.count(positions_[i]) > 0)
      for (size_t c = 0; c < channels_[i].size(); ++c)
        if (!is_score(i, c)) return true;
  return false;
}

std::map<size_t, std::vector<double>> SalientPositions::salience(
    std::span<const Tensor> outputs) const {
  std::map<size_t, std::vector<double>> salience;
  for (size_t i = 0; i < std::min(outputs.size(), channels_.size()); ++i) {
    const auto layout = layout_of(outputs[i]);
    const auto kind = kinds_.find(positions_[i]);
    if (!layout || layout->positions != positions_[i] || kind == kinds_.end() ||
        layout->channels != channels_[i].size())
      continue;
    auto& salient = salience[positions_[i]];
    salient.resize(positions_[i], 0);
    std::vector<bool> scores;
    for (size_t c = 0; c < channels_[i].size(); ++c) scores.push_back(is_score(i, c));
    const auto values = outputs[i].values<float>();
    for (size_t e = 0; e < values.size(); ++e) {
      if (!scores[layout->channel(e)]) continue;
      const double value = values[e];
      double& at = salient[layout->position(e)];
      at = std::max(at, kind->second == Score::Logit ? 1 / (1 + std::exp(-value)) : value);
    }
  }
  return salience;
}

std::vector<std::vector<float>> SalientPositions::weights(std::span<const Tensor> outputs) const {
  const auto salience = this->salience(outputs);
  std::vector<std::vector<float>> weights(outputs.size());
  for (size_t i = 0; i < std::min(outputs.size(), channels_.size()); ++i) {
    const auto layout = layout_of(outputs[i]);
    const auto salient = salience.find(positions_[i]);
    if (!layout || salient == salience.end() || layout->channels != channels_[i].size()) continue;
    std::vector<bool> scores;
    for (size_t c = 0; c < channels_[i].size(); ++c) scores.push_back(is_score(i, c));
    const double mean = means_.at(positions_[i]);
    if (!(mean > kNothing) || std::find(scores.begin(), scores.end(), false) == scores.end())
      continue;
    weights[i].resize(outputs[i].values<float>().size(), 1.0F);
    for (size_t e = 0; e < weights[i].size(); ++e)
      if (!scores[layout->channel(e)])
        weights[i][e] = static_cast<float>(salient->second[layout->position(e)] / mean);
  }
  return weights;
}

}  // namespace acuate
