#include "report/plots/plot_files.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/html/markup.h"
#include "report/plots/plots.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr const char* kList = "plots.json";
constexpr size_t kMaxNameBytes = 80;

// Of a tensor's name what every file system takes.
std::string safe_name(std::string_view name) {
  std::string safe;
  for (const char c : name.substr(0, kMaxNameBytes)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    safe += plain ? c : '_';
  }
  return safe;
}

class PlotFiles {
 public:
  explicit PlotFiles(const fs::path& folder) : folder_(folder) {}

  Result<void> add(const char* plot, const ReportTensor* tensor, const std::string& svg) {
    if (svg.empty()) return {};
    const std::string file =
        tensor == nullptr ? fmt::format("{}.svg", plot)
                          : fmt::format("{:04}-{}.{}.svg", number_, safe_name(tensor->name), plot);
    list_.push_back(
        {{"file", file},
         {"plot", plot},
         {"tensor", tensor == nullptr ? nlohmann::ordered_json()
                                      : nlohmann::ordered_json(to_valid_utf8(tensor->name))}});
    page_ += fmt::format(
        "<figure><img src=\"{}\" alt=\"{}\" "
        "loading=\"lazy\"><figcaption>{}</figcaption></figure>\n",
        file, escape_html(std::string(plot) + (tensor ? " of " + tensor->name : "")), file);
    return write_text_file(folder_ / file, svg);
  }
  void next() { ++number_; }

  Result<void> finish(const Report& report) const {
    std::string text = "[\n";
    for (size_t i = 0; i < list_.size(); ++i)
      text += " " + list_[i].dump() + (i + 1 < list_.size() ? ",\n" : "\n");
    if (auto written = write_text_file(folder_ / kList, text + "]\n"); !written) return written;
    const std::string title = "Quantization of " + escape_html(report.model.path);
    return write_text_file(
        folder_ / "index.html",
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta "
        "name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta "
        "name=\"color-scheme\" content=\"light dark\"><title>" +
            title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n" + page_ +
            "</body>\n</html>\n");
  }

 private:
  fs::path folder_;
  size_t number_ = 0;
  nlohmann::ordered_json list_ = nlohmann::ordered_json::array();
  std::string page_;
};

}  // namespace

Result<AtomicFolder> create_plots_folder(const fs::path& destination) {
  return AtomicFolder::create(destination, true, kList);
}

Result<void> write_plots(const Report& report, AtomicFolder folder) {
  const ReportQuantization& quantization = report.quantization;
  if (quantization.tensors.empty())
    return fail("there are no pictures of quantization: the model is not quantized");
  PlotFiles files(folder.path());
  if (auto done = files.add("depth", nullptr, depth_plot(quantization, PlotForm::File)); !done)
    return done;
  if (quantization.hybrid)
    if (auto done =
            files.add("trade-off", nullptr, trade_off_plot(*quantization.hybrid, PlotForm::File));
        !done)
      return done;
  for (const ReportTensor& tensor : quantization.tensors) {
    for (const auto& [plot, svg] : {std::pair("histogram", histogram_plot(tensor, PlotForm::File)),
                                    std::pair("channels", channels_plot(tensor, PlotForm::File))})
      if (auto done = files.add(plot, &tensor, svg); !done) return done;
    files.next();
  }
  if (auto done = files.finish(report); !done) return done;
  return folder.commit();
}

}  // namespace acuate
