# Language, warnings and tools, the same for every room.

option(ACUATE_BUILD_TESTS "Build the test binaries and benchmarks" ON)
option(ACUATE_WERROR "Treat compiler warnings as errors" ON)
set(ACUATE_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The Python extension links every room.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# No contraction into fused multiply-add: the same formula gives the same bits in every variant of
# a multiversioned kernel, and elsewhere.
add_compile_options(-Wall -Wextra -Wshadow -ffp-contract=off)
# Messages and binaries name src/room/file.cpp, not where this tree happens to lie.
add_compile_options("-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
if(ACUATE_WERROR)
  add_compile_options(-Werror)
endif()
# clang-tidy reads the same command line and knows these flags not.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CXX_CLANG_TIDY)
  # Keeps our inline statics apart from those of another copy loaded into the same Python process.
  add_compile_options(-fno-gnu-unique)
  # GCC 12 warns wrongly on `"text" + std::string` (PR 105651), and the warnings that follow values
  # through inlined library code are right too seldom to stop a build.
  add_compile_options(-Wno-restrict -Wno-error=array-bounds -Wno-error=maybe-uninitialized
    -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=dangling-pointer)
endif()
if(ACUATE_SANITIZE)
  add_compile_options(-fsanitize=${ACUATE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ACUATE_SANITIZE})
  if(ACUATE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
option(ACUATE_FUZZ "Build tests/fuzz for libFuzzer; needs clang" OFF)
if(ACUATE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(ACUATE_CCACHE ccache)
if(ACUATE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness that ccache asks for with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    /usr/bin/env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    "${ACUATE_CCACHE}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CXX_CLANG_TIDY)
    add_compile_options(-fpch-preprocess)
  endif()
endif()

# Nineteen test binaries link the static onnx library: a fast linker is felt.
find_program(ACUATE_MOLD mold)
if(ACUATE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
