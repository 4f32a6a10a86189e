#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "evaluate/decoder.h"
#include "graph/model.h"
#include "targets/engine.h"

namespace acuate {

// What a network gives to its decoder.
struct DecoderPorts {
  std::vector<IoSpec> outputs;  // of the network
  ImageSize input = {};         // of its image; 0x0 where that is open, or there is none
};

// A decoder as nodes.
struct DecoderBody {
  // Outputs of the network; the text has them as read_0, read_1, …, in float32.
  std::vector<IoSpec> reads;
  std::string text;  // nodes in ONNX text form, opset 17
  std::vector<IoSpec> results;
};

// A decoder of src/evaluate that is plain arithmetic, for programs that run networks: one file of
// decoder_graphs/ each, with the decoder's id.
struct DecoderGraph {
  std::string id;
  // Errors: the outputs are not those of such a network.
  std::function<Result<DecoderBody>(const DecoderPorts& ports, const DecoderOptions& options)>
      write;
};
using DecoderGraphRegistry = Registry<DecoderGraph>;
void register_all_decoder_graphs(DecoderGraphRegistry& registry);

// The decoder as a network of its own, whose inputs bear the names of the network's outputs.
// `options` are complete. Detections are `detection_boxes`, float [n, 4], left, top, right, bottom
// in pixels of the network's input; `detection_scores`, float [n], falling; `detection_classes`,
// int64 [n]; text is `symbols`, int64 [n]. Computed in float32. Errors: a decoder that is no
// arithmetic, with the reason; outputs that it does not fit.
Result<std::unique_ptr<Model>> decoder_model(const std::string& id, const DecoderOptions& options,
                                             const DecoderPorts& ports);

}  // namespace acuate
