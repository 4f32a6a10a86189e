#include <map>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "export/served_models.h"

// The configuration is that of OpenVINO Model Server's documentation: models config file, and
// directed acyclic graphs of models.
namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRequest = "request";  // the server's name for where a pipeline's inputs are

Json pipeline(const ServedModels& served, const std::string& name) {
  std::map<std::string, std::string> maker;  // of a value: the node
  Json inputs = Json::array(), nodes = Json::array(), outputs = Json::array();
  for (const IoSpec& input : served.inputs) {
    inputs.push_back(input.name);
    maker[input.name] = kRequest;
  }
  for (const ServedModel& model : served.models) {
    Json reads = Json::array(), gives = Json::array();
    for (const IoSpec& port : model.inputs)
      reads.push_back({{port.name, {{"node_name", maker[port.name]}, {"data_item", port.name}}}});
    for (const IoSpec& port : model.outputs) {
      gives.push_back({{"data_item", port.name}, {"alias", port.name}});
      maker[port.name] = model.name;
    }
    nodes.push_back({{"name", model.name},
                     {"model_name", model.name},
                     {"type", "DL model"},
                     {"inputs", reads},
                     {"outputs", gives}});
  }
  for (const IoSpec& port : served.outputs)
    outputs.push_back({{port.name, {{"node_name", maker[port.name]}, {"data_item", port.name}}}});
  return {{"name", name}, {"inputs", inputs}, {"nodes", nodes}, {"outputs", outputs}};
}

Result<void> write_models(const ExportRequest& request) {
  auto served = served_models(request, "OpenVINO Model Server");
  if (!served) return served.error();
  Json config;
  config["model_config_list"] = Json::array();
  for (const ServedModel& model : served->models) {
    if (auto done = write_served_model(request.output, model); !done) return done;
    // Relative to the configuration file.
    config["model_config_list"].push_back(
        {{"config", {{"name", model.name}, {"base_path", model.name}}}});
  }
  if (!served->is_one())
    config["pipeline_config_list"] = Json::array({pipeline(*served, request.name)});
  return write_text_file(request.output / "config.json",
                         config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

void register_export_openvino_model_server(ExporterRegistry& registry) {
  registry.add({.id = "openvino_model_server",
                .summary = "models and config.json for OpenVINO Model Server",
                .write = write_models,
                .serves_decoders = true});
}

}  // namespace acuate
