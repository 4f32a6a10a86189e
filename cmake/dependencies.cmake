# What scripts/bootstrap set up: Debian's libraries, and under .deps/ the onnx library and the
# ONNX Runtime headers.

set(ACUATE_DEPS "${PROJECT_SOURCE_DIR}/.deps")
set(ACUATE_VENV "${PROJECT_SOURCE_DIR}/.venv")
set(ACUATE_FIXTURES "${ACUATE_DEPS}/fixtures")

foreach(_needed onnx/lib/libonnx.a onnxruntime/onnxruntime_c_api.h)
  if(NOT EXISTS "${ACUATE_DEPS}/${_needed}")
    message(FATAL_ERROR "acuate: .deps/${_needed} is missing. Run scripts/bootstrap once, in "
      "${PROJECT_SOURCE_DIR}, then configure or install again.")
  endif()
endforeach()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf REQUIRED)
if(ACUATE_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()

find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(xxHash::xxhash UNKNOWN IMPORTED)
set_target_properties(xxHash::xxhash PROPERTIES
  IMPORTED_LOCATION "${XXHASH_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${XXHASH_INCLUDE_DIR}")

# Header-only: #include <stb_image.h>; the room that uses it defines the implementation.
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)
add_library(stb INTERFACE IMPORTED)
target_include_directories(stb SYSTEM INTERFACE "${STB_INCLUDE_DIR}")

if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# The operator schemas, checker, functions, text parser and version converter of the onnx library.
# Our own code reads the wire format itself; see onnx_io.
add_library(onnx::onnx STATIC IMPORTED)
set_target_properties(onnx::onnx PROPERTIES IMPORTED_LOCATION "${ACUATE_DEPS}/onnx/lib/libonnx.a")
target_include_directories(onnx::onnx SYSTEM INTERFACE "${ACUATE_DEPS}/onnx/include")
target_compile_definitions(onnx::onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
if(EXISTS "${ACUATE_DEPS}/onnx/lib/libonnx_proto.a")
  add_library(onnx::onnx_proto STATIC IMPORTED)
  set_target_properties(onnx::onnx_proto PROPERTIES
    IMPORTED_LOCATION "${ACUATE_DEPS}/onnx/lib/libonnx_proto.a")
  target_link_libraries(onnx::onnx_proto INTERFACE protobuf::libprotobuf)
  target_link_libraries(onnx::onnx INTERFACE onnx::onnx_proto)
endif()
target_link_libraries(onnx::onnx INTERFACE protobuf::libprotobuf Threads::Threads)

# ONNX Runtime itself is opened with dlopen; only its C headers are needed here.
add_library(onnxruntime_headers INTERFACE IMPORTED)
target_include_directories(onnxruntime_headers SYSTEM INTERFACE "${ACUATE_DEPS}/onnxruntime")
target_link_libraries(onnxruntime_headers INTERFACE ${CMAKE_DL_LIBS})

find_path(ACUATE_ONNX_TESTDATA node/test_abs/model.onnx
  PATHS /usr/share/libonnx-testdata/data /usr/share/libonnx-testdata NO_DEFAULT_PATH)
