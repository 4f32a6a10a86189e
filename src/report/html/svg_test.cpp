#include "report/html/svg.h"

#include <limits>

#include <gtest/gtest.h>

#include "report/report_test_support.h"

namespace acuate {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Svg, HistogramMarksWhatIsClippedAndSurvivesNonsense) {
  ReportTensor tensor;
  tensor.histogram = {-2, 2, {1, 5, 5, 1}};
  tensor.range_min = -1;
  tensor.range_max = 1;
  const std::string svg = histogram_svg(tensor);
  EXPECT_EQ(count_of(svg, "class=\"clip\""), 2u);
  EXPECT_EQ(count_of(svg, "class=\"zero\""), 1u);
  EXPECT_NE(svg.find("class=\"out\" d=\"M0 24"), std::string::npos) << svg;
  EXPECT_NE(svg.find("x1=\"25\""), std::string::npos) << svg;  // -1 on [-2, 2]
  tensor.range_min = -2;
  tensor.range_max = 2;
  EXPECT_EQ(histogram_svg(tensor).find("\"out\""), std::string::npos);
  const double huge = 1e308;
  for (const ReportHistogram& bad : {ReportHistogram{0, 0, {}},
                                     {0, 1, {0, 0}},
                                     {1, -5, {1}},
                                     {-huge, huge, {1}},
                                     {0, 1, std::vector<int64_t>(9999, 1)}}) {
    tensor.range_min = tensor.range_max = Measure::none("");
    tensor.histogram = bad;
    EXPECT_EQ(histogram_svg(tensor), "") << bad.min;
  }
  tensor.histogram = {3, 3, {7}};
  EXPECT_EQ(histogram_svg(tensor).find("nan"), std::string::npos);
}

TEST(Svg, BarStaysWithinItsFrame) {
  EXPECT_NE(bar_svg(0.25, "good").find("class=\"good\" width=\"25\""), std::string::npos);
  EXPECT_NE(bar_svg(7, "good").find("width=\"100\""), std::string::npos);
  for (const double bad : {-1.0, kNan, kInfinity})
    EXPECT_NE(bar_svg(bad, "bad").find("width=\"0\""), std::string::npos) << bad;
}

TEST(Svg, StagesShareTheWidthByTheirSeconds) {
  const std::vector<ReportStage> stages = {{"import", 1, {}}, {"<fix>", 3, {}}, {"none", 0, {}}};
  const std::string svg = stages_svg(stages);
  EXPECT_NE(svg.find("class=\"s0\" x=\"0\" width=\"25\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("class=\"s1\" x=\"25\" width=\"75\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("class=\"s2\" x=\"100\" width=\"0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("<title>&lt;fix&gt;</title>"), std::string::npos) << svg;
  for (const double seconds : {0.0, kNan, kInfinity})
    EXPECT_EQ(stages_svg(std::vector<ReportStage>{{"import", seconds, {}}}), "") << seconds;
}

// Five samples 10, 20 … 50 on the axis [0, 100]: quartiles at 20 and 40, the median at 30.
TEST(Svg, StripHasTheMiddleHalfAndTheMedian) {
  const std::vector<double> samples = {50, 10, 40, 20, 30, kNan};
  const std::string svg = strip_svg(samples, 0, 100, "base");
  EXPECT_NE(svg.find("class=\"box\" x=\"20\" y=\"4\" width=\"20\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("class=\"median\" x1=\"30\""), std::string::npos) << svg;
  EXPECT_EQ(count_of(svg, "class=\"tick\""), 5u) << "what is no number is not drawn";
}

TEST(Svg, StripOfManySamplesIsThinnedAndOfNoneIsEmpty) {
  const std::vector<double> many(100'000, 1.0);
  EXPECT_LE(count_of(strip_svg(many, 0, 2, "base"), "class=\"tick\""), 400u);
  EXPECT_EQ(count_of(strip_svg({}, 0, 1, "base"), "<line"), 0u);
  EXPECT_EQ(count_of(strip_svg(many, 1, 1, "base"), "<line"), 0u) << "an axis without length";
}

}  // namespace
}  // namespace acuate
