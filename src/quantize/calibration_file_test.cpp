#include "quantize/calibration_file.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include "onnx_io/text_form.h"

namespace acuate {
namespace {

std::vector<float> sample_data(size_t sample, unsigned tensor) {
  std::mt19937 random(static_cast<unsigned>(sample) * 10 + tensor);
  std::normal_distribution<float> normal(0, static_cast<float>(1 + sample % 3));
  std::vector<float> data(3000);
  for (float& value : data) value = tensor == 0 ? std::max(0.0f, normal(random)) : normal(random);
  return data;
}

Calibration empty_calibration(size_t samples) {
  Calibration calibration;
  calibration.samples = samples;
  calibration.histograms["a"];
  calibration.histograms["b"];
  return calibration;
}

// Samples from `first` on, each in pieces of `batch` values.
Calibration measured(size_t first, size_t samples, size_t batch) {
  Calibration calibration = empty_calibration(samples);
  for (size_t sample = 0; sample < samples; ++sample) {
    unsigned tensor = 0;
    for (auto& [name, histogram] : calibration.histograms) {
      const std::vector<float> data = sample_data(first + sample, tensor++);
      for (size_t start = 0; start < data.size(); start += batch)
        histogram.add(std::span(data).subspan(start, std::min(batch, data.size() - start)));
      histogram.end_sample(sample);
    }
  }
  return calibration;
}

TEST(CalibrationFile, ReadsBackWhatWasMeasured) {
  const Calibration calibration = measured(0, 4, 1000);
  const std::string bytes = save_calibration(calibration);
  auto read = load_calibration(bytes, "h");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->samples, 4U);
  EXPECT_EQ(read->histograms, calibration.histograms);
  EXPECT_EQ(save_calibration(*read), bytes);
}

// Whatever way the values came: batches, order, threads, or processes that pass files.
TEST(CalibrationFile, EveryWayToDivideTheWorkGivesTheSameBytes) {
  const size_t samples = 12;
  const std::string whole = save_calibration(measured(0, samples, 3000));
  for (const size_t batch : {1U, 7U, 1024U})
    EXPECT_EQ(save_calibration(measured(0, samples, batch)), whole);

  for (const size_t part : {1U, 3U, 5U}) {  // samples per process
    std::optional<Calibration> merged;
    for (size_t first = 0; first < samples; first += part) {
      auto file = load_calibration(
          save_calibration(measured(first, std::min(part, samples - first), 100)), "h");
      ASSERT_TRUE(file) << file.error().message;
      if (!merged)
        merged = std::move(*file);
      else
        ASSERT_TRUE(merge_calibration(*merged, *file));
    }
    EXPECT_EQ(save_calibration(*merged), whole);
  }

  std::vector<Calibration> threads(3, empty_calibration(samples));
  std::vector<std::thread> running;
  for (size_t t = 0; t < threads.size(); ++t)
    running.emplace_back([&, t] {
      for (size_t sample = samples; sample-- > 0;) {  // from the last on
        if (sample % threads.size() != t) continue;
        unsigned tensor = 0;
        for (auto& [name, histogram] : threads[t].histograms) {
          histogram.add(sample_data(sample, tensor++));
          histogram.end_sample(sample);
        }
      }
    });
  for (std::thread& thread : running) thread.join();
  for (auto& [name, histogram] : threads[0].histograms)
    for (size_t t = 1; t < threads.size(); ++t) histogram.merge(threads[t].histograms.at(name));
  EXPECT_EQ(save_calibration(threads[0]), whole);
}

TEST(CalibrationFile, OtherTensorsDoNotMerge) {
  Calibration calibration = measured(0, 2, 3000);
  Calibration other = measured(0, 2, 3000);
  other.histograms["c"] = other.histograms["a"];
  auto merged = merge_calibration(calibration, other);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().message,
            "the calibrations are of different tensors: 'c' is in one only");
}

TEST(CalibrationFile, RefusesWhatIsNoSuchFile) {
  const std::string bytes = save_calibration(measured(0, 2, 3000));
  for (size_t size = 0; size < bytes.size(); size += size < 60 ? 1 : 97)
    EXPECT_FALSE(load_calibration(std::string_view(bytes).substr(0, size), "h")) << size;
  EXPECT_FALSE(load_calibration(bytes + "x", "h"));
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string broken = bytes;
    broken[random() % broken.size()] ^= static_cast<char>(1 + random() % 255);
    if (auto read = load_calibration(broken, "h")) {
      EXPECT_EQ(save_calibration(*read), broken);
    }
  }
  std::string later = bytes;
  later[4] = 9;
  EXPECT_EQ(load_calibration(later, "h").error().message,
            "h: version 9 of calibration histograms; this program reads version 1");
}

TEST(CalibrationFile, AnotherModelIsRefused) {
  auto model = parse_text_model(
      "<ir_version: 8, opset_import: [\"\" : 17]>\n"
      "net (float[3000] a) => (float[3000] b) { b = Relu(a) }");
  ASSERT_TRUE(model);
  const Calibration calibration = measured(0, 2, 3000);
  auto wanted = calibration_for(**model, {"b"}, calibration);
  ASSERT_TRUE(wanted) << wanted.error().message;
  EXPECT_EQ(wanted->histograms.size(), 1U);
  EXPECT_EQ(wanted->histograms.at("b"), calibration.histograms.at("b"));
  EXPECT_THAT(calibration_for(**model, {"c"}, calibration).error().message,
              testing::HasSubstr("hold nothing of 'c'"));
  auto other = parse_text_model(
      "<ir_version: 8, opset_import: [\"\" : 17]>\n"
      "net (float[3, 40] a) => (float[3, 40] b) { b = Relu(a) }");
  EXPECT_THAT(calibration_for(**other, {"b"}, calibration).error().message,
              testing::HasSubstr("of 6000 values in 2 samples, found 120 values a sample"));
}

}  // namespace
}  // namespace acuate
