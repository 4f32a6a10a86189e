#include "report/plots/plots.h"

#include <cmath>

#include <gtest/gtest.h>

namespace acuate {
namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

ReportTensor activation() {
  ReportTensor tensor;
  tensor.name = "conv <1>";
  tensor.kind = "activation";
  tensor.histogram = {-2, 2, {1, 50, 5000, 1}};
  tensor.range_min = -1;
  tensor.range_max = 1;
  tensor.range_method = "mse";
  tensor.sqnr_db = 31.25;
  tensor.methods = {{"entropy", -1.5, 1.5, 30.0}, {"minmax", -40, 2, 33.5}, {"mse", -1, 1, 31.25}};
  return tensor;
}

TEST(HistogramPlot, ShowsTheRangeOfEveryMethodTheChosenOneFirst) {
  const std::vector<PlottedRange> rows = plotted_ranges(activation());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].label, "chosen: mse");
  EXPECT_TRUE(rows[0].chosen);
  EXPECT_EQ(rows[1].label, "minmax") << "the others by their ratio";
  const std::string svg = histogram_plot(activation(), PlotForm::Inline);
  EXPECT_EQ(count(svg, "clip chosen"), 2u);
  EXPECT_EQ(count(svg, "clip m-entropy"), 2u);
  EXPECT_EQ(count(svg, "clip m-minmax"), 1u) << "its lower end is far outside";
  for (const char* text : {"33.5 dB", "30.0 dB", "31.2 dB", ">1000<",
                           "<title>Histogram of conv &lt;1&gt;", "<desc>Values from -2 to 2"})
    EXPECT_NE(svg.find(text), std::string::npos) << text << "\n" << svg;
  EXPECT_EQ(count(svg, "class=\"out\""), 1u);
}

TEST(HistogramPlot, AFileCarriesItsStyleAndHeading) {
  const std::string svg = histogram_plot(activation(), PlotForm::File);
  EXPECT_EQ(svg.find("<?xml"), 0u);
  EXPECT_EQ(count(svg, "<style>"), 1u);
  EXPECT_NE(svg.find("class=\"heading\""), std::string::npos);
  EXPECT_EQ(histogram_plot(activation(), PlotForm::Inline).find("<style>"), std::string::npos);
}

TEST(HistogramPlot, NothingToDrawIsEmpty) {
  ReportTensor tensor = activation();
  tensor.histogram.reset();
  EXPECT_EQ(histogram_plot(tensor, PlotForm::File), "");
  for (const ReportHistogram& bad :
       {ReportHistogram{0, 0, {}}, {0, 1, {0, 0}}, {-1e308, 1e308, {1}}, {1, -5, {1}}}) {
    tensor.histogram = bad;
    EXPECT_EQ(histogram_plot(tensor, PlotForm::Inline), "") << bad.min;
  }
  tensor.histogram = {3, 3, {7}};  // all values alike
  tensor.methods.clear();
  tensor.range_min = tensor.range_max = Measure::none("");
  EXPECT_EQ(histogram_plot(tensor, PlotForm::Inline).find("nan"), std::string::npos);
}

TEST(ChannelsPlot, WildChannelsAreMarkedAndCounted) {
  ReportTensor tensor;
  tensor.channels = {{-1, -1, -9, -1}, {1, 0.5, 2, 1}};
  const std::string svg = channels_plot(tensor, PlotForm::Inline);
  EXPECT_EQ(count(svg, "class=\"out\""), 1u);
  EXPECT_NE(channels_text(*tensor.channels).find("4 channels; the widest reaches 9 ×"),
            std::string::npos)
      << channels_text(*tensor.channels);
  EXPECT_NE(svg.find("1 wild"), std::string::npos);
  tensor.channels->min[2] = -3.9;
  EXPECT_EQ(count(channels_plot(tensor, PlotForm::Inline), "class=\"out\""), 0u);
  // Many channels share columns, and the wild one is still seen.
  tensor.channels = {std::vector<double>(5000, -1), std::vector<double>(5000, 1)};
  tensor.channels->max[4321] = 8;
  const std::string many = channels_plot(tensor, PlotForm::Inline);
  EXPECT_EQ(count(many, "class=\"out\""), 1u);
  EXPECT_LT(many.size(), 20000u);
  for (const ReportChannels& bad :
       {ReportChannels{{0, 0}, {0, 0}}, {{-1}, {1}}, {{-1, 1}, {NAN, 1}}}) {
    tensor.channels = bad;
    EXPECT_EQ(channels_plot(tensor, PlotForm::Inline), "");
  }
}

TEST(DepthPlot, FollowsActivationsAndMarksPromotedOnes) {
  ReportQuantization quantization;
  for (int i = 0; i < 5; ++i) {
    ReportTensor tensor = activation();
    tensor.name = "t" + std::to_string(i);
    tensor.network_sqnr_db = i == 2 ? Measure::none("equal") : Measure(40.0 - i);
    if (i == 3) tensor.bits = 16;
    quantization.tensors.push_back(tensor);
  }
  quantization.tensors.push_back({});
  quantization.tensors.back().kind = "weight";
  std::string svg = depth_plot(quantization, PlotForm::Inline);
  EXPECT_EQ(count(svg, "circle class=\"network\""), 5u) << "four, and one in the legend";
  EXPECT_EQ(count(svg, "circle class=\"promoted\""), 0u) << "without a hybrid";
  EXPECT_NE(svg.find("lowest is 36.0 dB at t4"), std::string::npos) << svg;
  quantization.hybrid.emplace();
  svg = depth_plot(quantization, PlotForm::Inline);
  EXPECT_EQ(count(svg, "circle class=\"promoted\""), 2u);
  EXPECT_NE(svg.find("<title>t3"), std::string::npos);
  quantization.tensors.resize(1);
  EXPECT_EQ(depth_plot(quantization, PlotForm::Inline), "");
}

TEST(TradeOffPlot, HasAxesPointsAndTheChoice) {
  ReportHybrid hybrid{"s16",
                      2,
                      10,
                      true,
                      {{0, 0, 1, 20.0, 19.0},
                       {2, 0.2, 0.9, 30.0, 29.5},
                       {10, 1, 0, 60.0, Measure::none("not measured")}}};
  const std::string svg = trade_off_plot(hybrid, PlotForm::Inline);
  EXPECT_EQ(count(svg, "circle class=\"picked\""), 2u) << "the point, and in the legend";
  EXPECT_EQ(count(svg, "circle class=\"network\""), 1u);
  for (const char* text : {"20 %", " dB", "chosen: 2 of 10 activations, 29.5 dB",
                           "90.0 % of multiply-accumulates in 8 bits"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  hybrid.curve.resize(1);
  EXPECT_EQ(trade_off_plot(hybrid, PlotForm::Inline), "");
}

TEST(Figure, RoundTicksStandOnOnesTwosAndFives) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(-1, 1, 4), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_TRUE(round_ticks(0, 0, 5).empty());
  EXPECT_TRUE(round_ticks(0, INFINITY, 5).empty());
  EXPECT_EQ(tick_text(-0.5), "−0.5");
}

}  // namespace
}  // namespace acuate
