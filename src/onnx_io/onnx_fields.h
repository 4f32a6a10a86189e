#pragma once

#include <cstdint>

// Field numbers of the messages of onnx.proto3 (onnx 1.23), as far as acuate reads or writes them.
namespace acuate {

namespace model_field {
enum : uint32_t {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadata = 14,
  kFunction = 25
};
}
namespace graph_field {
enum : uint32_t {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13,
  kSparseInitializer = 15
};
}
namespace node_field {
enum : uint32_t {
  kInput = 1,
  kOutput = 2,
  kName = 3,
  kOpType = 4,
  kAttribute = 5,
  kDomain = 7,
  kOverload = 8,
  kMetadata = 9
};
}
namespace function_field {
enum : uint32_t {
  kName = 1,
  kInput = 4,
  kOutput = 5,
  kNode = 7,
  kOpsetImport = 9,
  kDomain = 10,
  kValueInfo = 12,
  kOverload = 13
};
}
namespace value_info_field {
enum : uint32_t { kName = 1, kType = 2 };
}
namespace type_field {
enum : uint32_t {
  kTensor = 1,
  kSequence = 4,
  kMap = 5,
  kOpaque = 7,
  kSparse = 8,
  kOptional = 9,
  kElemType = 1,
  kShape = 2
};
}
namespace dim_field {
enum : uint32_t { kValue = 1, kParam = 2 };
}
namespace tensor_field {
enum : uint32_t { kName = 8, kRawData = 9, kDocString = 12 };
}

}  // namespace acuate
