#include "quantize/encoding_format.h"

namespace acuate {

// docs/encodings.md. Names of tensors are checked where the encodings are applied.
void register_quantize_acuate(EncodingFormatRegistry& registry) {
  registry.add({
      .id = "acuate",
      .doc = "encodings.json",
      .recognizes = [](std::string_view text) { return text.find("\"schema_version\"") < 200; },
      .read = [](std::string_view text, std::string_view file,
                 const Model&) -> Result<ImportedEncodings> {
        auto encodings = parse_encodings(text, file);
        if (!encodings) return encodings.error();
        auto changes = parse_graph_changes(text, file);
        if (!changes) return changes.error();
        return ImportedEncodings{std::move(*encodings), std::move(*changes), {}};
      },
      .write = [](const ImportedEncodings& file, const Model&) -> Result<std::string> {
        return write_encodings(file.encodings, file.changes);
      },
  });
}

}  // namespace acuate
