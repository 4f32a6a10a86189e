#include "quantize/hybrid.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "quantize/hybrid_damage.h"
#include "quantize/hybrid_forms.h"
#include "quantize/output_noise.h"
#include "shape/macs.h"

namespace acuate {
namespace {

// Of the order, at which the curve is measured; the accepted point comes in addition.
constexpr double kMeasuredShares[] = {0, 0.02, 0.05, 0.1, 0.2, 0.4, 1};

// What one tensor's converters weigh beside the share of work, where work alone is limited. Work
// weighs as much where the number of tensors is limited: PicoDet with 20 % of them promoted by
// damage alone is 0.5 dB better by prediction, and moves 19 % of the multiply-accumulates, not 7 %.
constexpr double kConverterUnderBudget = 0.05;

double macs_of(const Node& node) {
  return static_cast<double>(multiply_accumulates(node).value_or(0));
}

class HybridSearch {
 public:
  HybridSearch(const Quantizer& quantizer, const Prepared& prepared,
               const std::vector<const Recovery*>& used, size_t samples, const SampleLoader& load,
               const HybridRequest& request)
      : quantizer_(quantizer),
        prepared_(prepared),
        used_(used),
        samples_(samples),
        load_(load),
        request_(request),
        layers_(HybridLayers::of(prepared.plan)) {}

  Result<HybridChoice> run() {
    for (const Node* anchor : prepared_.plan.anchors) {
      total_macs_ += macs_of(*anchor);
      total_work_ += work_of(*anchor);
    }
    hybrid_.scheme = request_.scheme;
    hybrid_.activations = prepared_.plan.activations.size();
    auto wide = wide_encodings(prepared_, request_.scheme);
    if (!wide) return wide.error();
    auto forms =
        HybridForms::of(quantizer_, prepared_, layers_, used_, samples_, load_, std::move(*wide));
    if (!forms) return forms.error();
    forms_.emplace(std::move(*forms));
    if (auto ordered = order(); !ordered) return ordered.error();
    if (auto chosen = choose(); !chosen) return chosen.error();
    if (auto measured = measure_curve(); !measured) return measured.error();
    auto chosen = quantized(hybrid_.promoted);
    if (!chosen) return chosen.error();
    HybridChoice choice{std::move(hybrid_), std::move(*chosen)};
    return choice;
  }

 private:
  double work_of(const Node& layer) const {
    return request_.work_of ? request_.work_of(layer) : macs_of(layer);
  }

  double work_with(const std::string& tensor) const {
    double work = 0;
    if (const auto found = layers_.readers.find(tensor); found != layers_.readers.end())
      for (const Node* reader : found->second) work += work_of(*reader);
    return work;
  }

  // What an activation does, and with it the weights of its layers: of those that it shares with
  // others, its part.
  Result<void> order() {
    const auto narrow = forms_->take_narrow();
    auto damage = measure_hybrid_damage(quantizer_, prepared_, layers_, *narrow, forms_->wide(),
                                        samples_, load_);
    if (!damage) return damage.error();
    const bool work_alone =
        !request_.largest_share && (request_.budget.share || request_.budget.total);
    const double converter = work_alone ? kConverterUnderBudget : 1;
    std::unordered_map<std::string, size_t> place;
    for (const PlannedActivation& planned : prepared_.plan.activations) {
      const std::string name(planned.value->name);
      const HybridDamage::Tensor& own = damage->activations[hybrid_.order.size()];
      place.emplace(name, hybrid_.order.size());
      hybrid_.order.push_back({name, own.before, own.after,
                               converter / static_cast<double>(hybrid_.activations) +
                                   (total_work_ > 0 ? work_with(name) / total_work_ : 0)});
    }
    for (size_t i = 0; i < layers_.weights.size(); ++i)
      for (const std::string& data : layers_.weights[i].data)
        if (const auto found = place.find(data); found != place.end()) {
          const auto parts = static_cast<double>(layers_.weights[i].data.size());
          hybrid_.order[found->second].damage_before += damage->weights[i].before / parts;
          hybrid_.order[found->second].damage_after += damage->weights[i].after / parts;
        }
    std::stable_sort(hybrid_.order.begin(), hybrid_.order.end(),
                     [](const Promotion& a, const Promotion& b) {
                       return (a.damage_before - a.damage_after) * b.cost >
                              (b.damage_before - b.damage_after) * a.cost;
                     });
    put_allowed_first();
    return {};
  }

  // Those that the limits allow together, best first; what is too large for the rest of the budget
  // makes room for what is not.
  void put_allowed_first() {
    size_t most = hybrid_.order.size();
    if (request_.largest_share)
      most = std::min(most, static_cast<size_t>(*request_.largest_share *
                                                static_cast<double>(hybrid_.activations)));
    double left = INFINITY;
    if (request_.budget.total) left = *request_.budget.total;
    if (request_.budget.share) left = std::min(left, *request_.budget.share * total_work_);
    left *= 1 + 1e-9;  // sums of shares round
    std::vector<Promotion> allowed, others;
    for (Promotion& promotion : hybrid_.order) {
      const double work = work_with(promotion.tensor);
      const bool fits = allowed.size() < most && work <= left;
      if (fits) left -= work;
      (fits ? allowed : others).push_back(std::move(promotion));
    }
    allowed_ = allowed.size();
    hybrid_.order = std::move(allowed);
    hybrid_.order.insert(hybrid_.order.end(), others.begin(), others.end());
  }

  Result<Quantized> quantized(size_t count) const {
    std::set<std::string, std::less<>> wide;
    for (size_t i = 0; i < count; ++i) wide.insert(hybrid_.order[i].tensor);
    return forms_->with(wide);
  }

  // The shortest accepted prefix: noise falls with every promotion, metrics nearly so.
  Result<void> choose() {
    hybrid_.promoted = allowed_;
    if (!request_.judge) return {};
    const auto accepted = [&](size_t count) -> Result<bool> {
      auto candidate = quantized(count);
      if (!candidate) return candidate.error();
      auto verdict = request_.judge(*candidate);
      if (!verdict) return verdict.error();
      return (verdicts_[count] = std::move(*verdict)).is_enough;
    };
    auto enough = accepted(allowed_);
    if (!enough) return enough.error();
    hybrid_.accepted = *enough;
    if (!*enough) return {};
    size_t low = 0, high = allowed_;  // `high` is accepted
    while (low < high) {
      // Few promotions are the rule: the first guesses are near the beginning.
      const size_t middle = high - low > 16 && low == 0 ? high / 4 : low + (high - low) / 2;
      auto good = accepted(middle);
      if (!good) return good.error();
      (*good ? high : low) = *good ? middle : middle + 1;
    }
    hybrid_.promoted = high;
    return {};
  }

  Result<void> measure_curve() {
    std::set<size_t> counts{hybrid_.promoted};
    for (const auto& [count, verdict] : verdicts_) counts.insert(count);
    for (const double share : kMeasuredShares)
      counts.insert(static_cast<size_t>(share * static_cast<double>(hybrid_.order.size())));
    SampleSubset judged{{}, load_};
    for (size_t i = 0; i < std::min(samples_, kTrialSamples); ++i) judged.indices.push_back(i);
    auto noise =
        OutputNoise::of(*prepared_.model, quantizer_.target(), judged, quantizer_.threads());
    if (!noise) return noise.error();
    for (const size_t count : counts) {
      HybridPoint point = predicted(count);
      auto candidate = quantized(count);
      if (!candidate) return candidate.error();
      auto measured = noise->relative(*candidate->model);
      if (!measured) return measured.error();
      point.measured_noise = *measured;
      if (const auto told = verdicts_.find(count); told != verdicts_.end())
        point.verdict = told->second;
      hybrid_.curve.push_back(point);
    }
    return {};
  }

  HybridPoint predicted(size_t count) const {
    HybridPoint point;
    point.promoted = count;
    point.share =
        static_cast<double>(count) / static_cast<double>(std::max<size_t>(hybrid_.activations, 1));
    std::set<const Node*> wide;
    for (size_t i = 0; i < hybrid_.order.size(); ++i) {
      const Promotion& promotion = hybrid_.order[i];
      point.predicted_noise += i < count ? promotion.damage_after : promotion.damage_before;
      if (i >= count) continue;
      const auto readers = layers_.readers.find(promotion.tensor);
      if (readers != layers_.readers.end())
        wide.insert(readers->second.begin(), readers->second.end());
    }
    double macs = 0, work = 0;
    for (const Node* node : wide) {
      macs += macs_of(*node);
      work += work_of(*node);
    }
    point.macs_8bit_share = total_macs_ > 0 ? 1 - macs / total_macs_ : 1;
    point.work_8bit_share = total_work_ > 0 ? 1 - work / total_work_ : 1;
    return point;
  }

  const Quantizer& quantizer_;
  const Prepared& prepared_;
  const std::vector<const Recovery*>& used_;
  size_t samples_;
  const SampleLoader& load_;
  const HybridRequest& request_;
  const HybridLayers layers_;
  double total_macs_ = 0, total_work_ = 0;
  size_t allowed_ = 0;                        // how many of the order the limits allow
  std::map<size_t, HybridVerdict> verdicts_;  // by how many are promoted
  std::optional<HybridForms> forms_;
  Hybrid hybrid_;
};

}  // namespace

Result<HybridChoice> choose_hybrid(const Quantizer& quantizer, const Prepared& prepared,
                                   const std::vector<const Recovery*>& used, size_t samples,
                                   const SampleLoader& load, const HybridRequest& request) {
  return HybridSearch(quantizer, prepared, used, samples, load, request).run();
}

}  // namespace acuate
