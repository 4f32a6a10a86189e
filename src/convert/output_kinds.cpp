#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "convert/adapt.h"
#include "evaluate/values.h"

namespace acuate {
namespace {

using Form = OutputKind::Form;

// One image in four ways, and what the network answers to each.
enum Way : size_t { Full, Half, Shifted, Mirrored, kWays };

struct Answers {
  double width = 0, height = 0;                    // of the network's image
  double shift_x = 0, shift_y = 0;                 // of Shifted against Half, in its pixels
  std::vector<std::vector<double>> values[kWays];  // by way and output
  std::vector<Shape> shapes;                       // by output; the same for all ways
};

// Planes of an image tensor: [outer, height, width, inner] in elements.
struct Layout {
  size_t outer = 1, height, width, inner = 1;
  Layout(const Shape& shape, size_t axis)
      : height(static_cast<size_t>(shape[axis])), width(static_cast<size_t>(shape[axis + 1])) {
    for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(shape[i]);
    for (size_t i = axis + 2; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
  }
};

// The left upper part of a padded image, moved to the right and down; the corner that it leaves
// takes what stood where it goes, which is padding.
Tensor moved(const Tensor& image, size_t axis, ImageSize part, size_t right, size_t down) {
  Tensor out = Tensor::allocate(image.type(), image.shape());
  const Layout at(image.shape(), axis);
  const size_t unit = image.bytes().size() / static_cast<size_t>(image.size()) * at.inner;
  const std::byte* in = image.bytes().data();
  std::byte* to = out.mutable_bytes().data();
  const auto place = [&](size_t o, size_t y, size_t x) {
    return ((o * at.height + y) * at.width + x) * unit;
  };
  const size_t corner_x = at.width - 1, corner_y = at.height - 1;
  const auto width = static_cast<size_t>(part.width), height = static_cast<size_t>(part.height);
  for (size_t o = 0; o < at.outer; ++o)
    for (size_t y = 0; y < at.height; ++y)
      for (size_t x = 0; x < at.width; ++x) {
        const bool inside = y >= down && y < down + height && x >= right && x < right + width;
        std::memcpy(to + place(o, y, x),
                    in + (inside ? place(o, y - down, x - right) : place(o, corner_y, corner_x)),
                    unit);
      }
  return out;
}

Tensor mirrored(const Tensor& image, size_t axis) {
  Tensor out = Tensor::allocate(image.type(), image.shape());
  const Layout at(image.shape(), axis);
  const size_t unit = image.bytes().size() / static_cast<size_t>(image.size()) * at.inner;
  for (size_t row = 0; row < at.outer * at.height; ++row)
    for (size_t x = 0; x < at.width; ++x)
      std::memcpy(out.mutable_bytes().data() + (row * at.width + x) * unit,
                  image.bytes().data() + (row * at.width + at.width - 1 - x) * unit, unit);
  return out;
}

// How one box of the best-scored row moves.
class BoxTest {
 public:
  BoxTest(const Answers& answers, size_t output, size_t axis) : answers_(answers), output_(output) {
    const Shape& shape = answers.shapes[output];
    length_ = static_cast<size_t>(shape[axis]);
    for (size_t i = axis + 1; i < shape.size(); ++i) inner_ *= static_cast<size_t>(shape[i]);
    rows_ = answers.values[Full][output].size() / std::max<size_t>(length_, 1);
  }

  bool is_possible() const { return length_ >= 4 && length_ <= kMostPlaces && rows_ > 0; }

  // The kind of the four values from `first`, where the motion is that of a box.
  std::optional<OutputKind> kind(size_t first, int64_t axis) const {
    std::optional<std::vector<double>> box[kWays];
    for (size_t way = 0; way < kWays; ++way) {
      box[way] = best_box(static_cast<Way>(way), first);
      if (!box[way]) return std::nullopt;
    }
    const auto& full = *box[Full];
    const auto& half = *box[Half];
    const auto& shifted = *box[Shifted];
    for (const bool normalized : {false, true}) {
      const double width = normalized ? 1 : answers_.width,
                   height = normalized ? 1 : answers_.height;
      const auto near = [&](size_t i, double found, double expected) {
        return std::abs(found - expected) <= kTolerance * (i % 2 == 0 ? width : height);
      };
      const double right = answers_.shift_x / answers_.width * width;
      const double down = answers_.shift_y / answers_.height * height;
      bool scales = true, moves = true, corners_move = true, sizes_stay = true;
      for (size_t i = 0; i < 4; ++i) {
        scales &= near(i, full[i], 2 * half[i]);
        const double by = i % 2 == 0 ? right : down;
        if (i < 2) moves &= near(i, shifted[i] - half[i], by);
        if (i >= 2) corners_move &= near(i, shifted[i] - half[i], by);
        if (i >= 2) sizes_stay &= near(i, shifted[i], half[i]);
      }
      const bool is_large = full[2] > kLeast * width && full[3] > kLeast * height;
      if (!scales || !moves || !is_large || corners_move == sizes_stay) continue;
      OutputKind out{.form = Form::Xyxy,
                     .is_normalized = normalized,
                     .axis = axis,
                     .first = static_cast<int64_t>(first)};
      if (sizes_stay) {
        // Mirrored, the left edge becomes the right one, and the centre stays the centre.
        const double other = width - (*box[Mirrored])[0];
        out.form = std::abs(other - full[0]) <= std::abs(other - full[0] - full[2]) ? Form::Cxcywh
                                                                                    : Form::Xywh;
      }
      return out;
    }
    return std::nullopt;
  }

  size_t length() const { return length_; }

 private:
  static constexpr size_t kMostPlaces = 512;
  static constexpr double kTolerance = 0.03;  // of the network's side
  static constexpr double kLeast = 0.08;      // a box that is smaller proves nothing
  static constexpr double kSeen = 0.2;        // a score below it is no object

  double at(Way way, size_t row, size_t place) const {
    return answers_.values[way][output_][(row / inner_ * length_ + place) * inner_ + row % inner_];
  }

  static bool is_scores(const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double v) { return v >= -1e-6 && v <= 1 + 1e-6; });
  }

  // The row's best score: in the same row behind or before the box, or in an output with a row for
  // each of these.
  std::vector<double> scores(Way way, size_t first) const {
    std::vector<double> best(rows_, 0);
    for (size_t place = 0; place < length_; ++place) {
      if (place >= first && place < first + 4) continue;
      bool is_score = true;
      for (size_t row = 0; row < rows_ && is_score; ++row)
        is_score = at(way, row, place) >= -1e-6 && at(way, row, place) <= 1 + 1e-6;
      if (!is_score) continue;
      for (size_t row = 0; row < rows_; ++row) best[row] = std::max(best[row], at(way, row, place));
    }
    if (length_ > 4) return best;
    for (size_t other = 0; other < answers_.shapes.size(); ++other) {
      const Shape& shape = answers_.shapes[other];
      const auto& values = answers_.values[way][other];
      const auto axis = std::ranges::find(shape, static_cast<int64_t>(rows_));
      if (other == output_ || axis == shape.end() || !is_scores(values)) continue;
      size_t inner = 1;
      for (auto i = axis + 1; i != shape.end(); ++i) inner *= static_cast<size_t>(*i);
      for (size_t i = 0; i < values.size(); ++i)
        best[i / inner % rows_] = std::max(best[i / inner % rows_], values[i]);
    }
    return best;
  }

  std::optional<std::vector<double>> best_box(Way way, size_t first) const {
    const std::vector<double> all = scores(way, first);
    const auto best = std::ranges::max_element(all);
    if (*best < kSeen) return std::nullopt;
    const auto row = static_cast<size_t>(best - all.begin());
    std::vector<double> box;
    for (size_t i = 0; i < 4; ++i) box.push_back(at(way, row, first + i));
    return box;
  }

  const Answers& answers_;
  size_t output_, length_ = 0, inner_ = 1, rows_ = 0;
};

std::optional<OutputKind> box_kind(const Answers& answers, size_t output) {
  const auto rank = static_cast<int64_t>(answers.shapes[output].size());
  for (int64_t axis = -1; axis >= -rank; --axis) {
    const BoxTest test(answers, output, static_cast<size_t>(axis + rank));
    if (!test.is_possible()) continue;
    for (size_t first = 0; first + 4 <= test.length(); ++first)
      if (auto kind = test.kind(first, axis)) return kind;
  }
  return std::nullopt;
}

// A map whose content moves as the image does.
std::optional<OutputKind> mask_kind(const Answers& answers, size_t output) {
  const Shape& shape = answers.shapes[output];
  for (size_t axis = 0; axis + 1 < shape.size(); ++axis) {
    const double stride_y = answers.height / static_cast<double>(shape[axis]);
    const double stride_x = answers.width / static_cast<double>(shape[axis + 1]);
    if (stride_y != stride_x || stride_x < 1 || stride_x > 64) continue;
    const double exact_x = answers.shift_x / stride_x, exact_y = answers.shift_y / stride_y;
    if (exact_x < 1 || exact_y < 1) continue;
    const Layout at(shape, axis);
    const auto right = static_cast<size_t>(exact_x), down = static_cast<size_t>(exact_y);
    const auto& half = answers.values[Half][output];
    const auto& shifted = answers.values[Shifted][output];
    double moved = 0, stayed = 0;
    for (size_t o = 0; o < at.outer; ++o)
      for (size_t y = 0; y < at.height / 2; ++y)
        for (size_t x = 0; x < at.width / 2; ++x)
          for (size_t i = 0; i < at.inner; ++i) {
            const auto place = [&](size_t v, size_t h) {
              return ((o * at.height + v) * at.width + h) * at.inner + i;
            };
            moved += std::abs(shifted[place(y + down, x + right)] - half[place(y, x)]);
            stayed += std::abs(shifted[place(y, x)] - half[place(y, x)]);
          }
    if (stayed > 0 && moved < 0.5 * stayed)
      return OutputKind{.form = Form::Mask,
                        .is_normalized = false,
                        .axis = static_cast<int64_t>(axis) - static_cast<int64_t>(shape.size()),
                        .first = 0};
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<KindProposal>> propose_output_kinds(
    const PadAdapter& adapter, std::span<const IoSpec> inputs, std::span<const IoSpec> outputs,
    const std::vector<std::string>& names,
    const std::function<Result<std::vector<Tensor>>(std::span<const Tensor>)>& run,
    const std::function<Result<std::vector<Tensor>>(size_t)>& load, size_t samples) {
  std::vector<KindProposal> proposals;
  for (const std::string& name : names)
    proposals.push_back(
        {name, std::nullopt,
         samples == 0 ? "no real samples to test with; give --data" : "no test spoke clearly"});
  // The same network behind an adapter of half the size scales the image down and fills it up.
  PadAdapter half = adapter;
  half.size = {std::max(1, adapter.size.width / 2), std::max(1, adapter.size.height / 2)};
  const size_t image_axis = adapter.layout == Preprocess::Layout::Nchw ? 2 : 1;
  const auto axis_of = [&](const IoSpec& port) {
    return port.name == adapter.input ? image_axis : port.shape.size() - 2;
  };
  const auto is_adapted = [&](const IoSpec& port) {
    return port.name == adapter.input ||
           std::ranges::any_of(adapter.masks, [&](auto& m) { return m.input == port.name; });
  };
  const auto steps = [](int side, int part) {  // whole strides of most networks
    const int wanted = side / part;
    return static_cast<size_t>(wanted >= 32 ? wanted / 32 * 32 : wanted);
  };
  const size_t right = steps(adapter.size.width, 4), down = steps(adapter.size.height, 6);
  for (size_t sample = 0; sample < samples; ++sample) {
    auto full = load(sample);
    if (!full) return full.error();
    std::vector<Tensor> ways[kWays] = {*full, *full, *full, *full};
    if (auto scaled = AdaptedRun::begin(half, inputs, ways[Half]); !scaled) return scaled.error();
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!is_adapted(inputs[i])) continue;
      // Half the size, filled up to the whole: an image of that size is not scaled again.
      ways[Mirrored][i] = mirrored((*full)[i], axis_of(inputs[i]));
    }
    if (auto padded = AdaptedRun::begin(adapter, inputs, ways[Half]); !padded)
      return padded.error();
    ways[Shifted] = ways[Half];
    for (size_t i = 0; i < inputs.size(); ++i)
      if (is_adapted(inputs[i]))
        ways[Shifted][i] = moved(ways[Half][i], axis_of(inputs[i]), half.size, right, down);
    Answers answers;
    answers.width = adapter.size.width;
    answers.height = adapter.size.height;
    answers.shift_x = static_cast<double>(right);
    answers.shift_y = static_cast<double>(down);
    bool is_regular = true;  // all answers have the same shapes
    for (size_t way = 0; way < kWays; ++way) {
      auto found = run(ways[way]);
      if (!found) return found.error();
      for (size_t i = 0; i < found->size(); ++i) {
        if (way == Full) answers.shapes.push_back((*found)[i].shape());
        is_regular &= way == Full || answers.shapes[i] == (*found)[i].shape();
        auto values = to_doubles((*found)[i], outputs[i].name);
        answers.values[way].push_back(values ? std::move(*values) : std::vector<double>());
        is_regular &= values.has_value();
      }
    }
    if (!is_regular) continue;
    bool all = true;
    for (KindProposal& proposal : proposals) {
      const auto port = std::ranges::find(outputs, proposal.output, &IoSpec::name);
      if (proposal.kind || port == outputs.end()) continue;
      const auto output = static_cast<size_t>(port - outputs.begin());
      if (answers.values[Full][output].empty()) continue;
      proposal.kind = mask_kind(answers, output);
      if (!proposal.kind) proposal.kind = box_kind(answers, output);
      if (proposal.kind)
        proposal.reason = fmt::format("moved with the image of sample {} as {} do", sample + 1,
                                      proposal.kind->text());
      all &= proposal.kind.has_value();
    }
    if (all) break;
  }
  return proposals;
}

}  // namespace acuate
