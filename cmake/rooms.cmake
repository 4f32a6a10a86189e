# A room is one folder of src/ and one static library, acuate_<room>.
#
#   acuate_room(<room> [USES room…] [LINK target…] [TEST_USES room…] [TEST_LINK target…]
#               [EXECUTABLE name])
#
# Sources are all *.cpp of the room, at any depth, except those in a folder named `module`, which
# builds a shared object of its own; *_test.cpp go into one test binary, <room>_test,
# which ctest knows as <room>. With EXECUTABLE, main.cpp becomes that program, in <build>/bin.
# Arrows point upward in cmake/rooms.txt: USES and every #include "room/…" are held to that, when
# the project is configured and again whenever a source of the room changes.

include(arrows)

file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/rooms.txt" ACUATE_ROOMS REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/rooms.txt")

set(ACUATE_ONLY "" CACHE STRING
  "Build only these rooms (name all that they use), e.g. base;graph, while another room is in pieces")

# Adds every room that has a CMakeLists.txt, in order.
function(acuate_add_rooms)
  foreach(room IN LISTS ACUATE_ROOMS)
    if(ACUATE_ONLY AND NOT room IN_LIST ACUATE_ONLY)
      continue()
    endif()
    if(EXISTS "${PROJECT_SOURCE_DIR}/src/${room}/CMakeLists.txt")
      add_subdirectory("src/${room}")
    endif()
  endforeach()
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE "${PROJECT_SOURCE_DIR}/src"
    "${PROJECT_SOURCE_DIR}/src/*")
  foreach(folder IN LISTS folders)
    if(NOT folder IN_LIST ACUATE_ROOMS)
      message(FATAL_ERROR "src/${folder} is not a room: add it to cmake/rooms.txt, at its place in "
        "the order, and to ARCHITECTURE.md.")
    endif()
  endforeach()
endfunction()

# Fails unless each of `rooms` is an earlier room than `room` and has been added.
function(_acuate_check_uses room)
  list(FIND ACUATE_ROOMS "${room}" own)
  foreach(used IN LISTS ARGN)
    list(FIND ACUATE_ROOMS "${used}" other)
    set(where "src/${room}/CMakeLists.txt: acuate_room(${room}) uses '${used}', ")
    if(other EQUAL -1)
      message(FATAL_ERROR "${where}which is not a room of cmake/rooms.txt.")
    elseif(NOT other LESS own)
      message(FATAL_ERROR "${where}which does not come before '${room}' in cmake/rooms.txt. Hand in "
        "what is needed as a function or as data, or move it to a room above both.")
    elseif(NOT TARGET acuate_${used})
      message(FATAL_ERROR "${where}which has no src/${used}/CMakeLists.txt yet.")
    endif()
  endforeach()
endfunction()

# Sets `out` to the rooms and all that they use, directly or not.
function(_acuate_closure out)
  set(all ${ARGN})
  foreach(used IN LISTS ARGN)
    get_property(indirect GLOBAL PROPERTY acuate_uses_${used})
    list(APPEND all ${indirect})
  endforeach()
  list(REMOVE_DUPLICATES all)
  set(${out} "${all}" PARENT_SCOPE)
endfunction()

function(acuate_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXECUTABLE" "USES;LINK;TEST_USES;TEST_LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "acuate_room(${room}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(directory "${PROJECT_SOURCE_DIR}/src/${room}")
  if(NOT directory STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    message(FATAL_ERROR "acuate_room(${room}) belongs in src/${room}/CMakeLists.txt")
  endif()
  _acuate_check_uses(${room} ${arg_USES} ${arg_TEST_USES})
  _acuate_closure(uses ${arg_USES})
  _acuate_closure(test_uses ${arg_USES} ${arg_TEST_USES})
  set_property(GLOBAL PROPERTY acuate_uses_${room} "${uses}")

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${directory}/*.cpp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${directory}/*.h")
  # Shared objects of their own, which the room opens at run time.
  list(FILTER sources EXCLUDE REGEX "/module/[^/]+\\.cpp$")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  if(arg_EXECUTABLE)
    list(REMOVE_ITEM sources "${directory}/main.cpp")
  endif()
  if(NOT sources)
    file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp" CONTENT "")
    set(sources "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp")
  endif()

  add_library(acuate_${room} STATIC ${sources})
  target_include_directories(acuate_${room} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  list(TRANSFORM arg_USES PREPEND acuate_ OUTPUT_VARIABLE used_libraries)
  target_link_libraries(acuate_${room} PUBLIC ${used_libraries} ${arg_LINK} Threads::Threads)

  if(arg_EXECUTABLE)
    add_executable(${arg_EXECUTABLE} "${directory}/main.cpp")
    target_link_libraries(${arg_EXECUTABLE} PRIVATE acuate_${room})
  endif()
  _acuate_watch_arrows(${room} "${uses}" "${test_uses}" ${sources} ${headers} ${tests})
  if(ACUATE_BUILD_TESTS AND tests)
    list(TRANSFORM arg_TEST_USES PREPEND acuate_ OUTPUT_VARIABLE used_libraries)
    _acuate_room_test(${room} "${tests}" acuate_${room} ${used_libraries} ${arg_TEST_LINK})
  endif()
endfunction()

# Checks the room's includes now, and again at build time when one of `ARGN` has changed.
function(_acuate_watch_arrows room uses test_uses)
  acuate_check_arrows("${PROJECT_SOURCE_DIR}" "${room}" "${uses}" "${test_uses}")
  string(REPLACE ";" "," uses "${uses}")
  string(REPLACE ";" "," test_uses "${test_uses}")
  set(script "${PROJECT_SOURCE_DIR}/cmake/arrows.cmake")
  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/arrows.stamp")
  add_custom_command(OUTPUT "${stamp}" DEPENDS ${ARGN} "${script}"
    COMMAND "${CMAKE_COMMAND}" "-DSOURCE_DIR=${PROJECT_SOURCE_DIR}" "-DROOM=${room}" "-DUSES=${uses}"
      "-DTEST_USES=${test_uses}" "-DSTAMP=${stamp}" -P "${script}"
    COMMENT "Checking the arrows of ${room}" VERBATIM)
  add_custom_target(${room}_arrows ALL DEPENDS "${stamp}")
endfunction()

function(_acuate_room_test room tests)
  add_executable(${room}_test ${tests})
  set_target_properties(${room}_test PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/room_tests")
  acuate_test_settings(${room}_test)
  target_link_libraries(${room}_test PRIVATE ${ARGN})
  add_test(NAME ${room} COMMAND ${room}_test --gtest_brief=1)
  set_tests_properties(${room} PROPERTIES TIMEOUT 600)
endfunction()

# What all test binaries share: gtest and gmock with their main, one precompiled header, the paths
# of the test data, quick compilation.
function(acuate_test_settings target)
  if(NOT TARGET acuate_test_header)
    # A program, as its users are: objects of libraries get other code generation options.
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/test_header.cpp" CONTENT "")
    add_executable(acuate_test_header "${PROJECT_BINARY_DIR}/test_header.cpp")
    set_target_properties(acuate_test_header PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    _acuate_test_options(acuate_test_header)
    target_precompile_headers(acuate_test_header PRIVATE "${PROJECT_SOURCE_DIR}/cmake/test_header.h")
  endif()
  _acuate_test_options(${target})
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_compile_options(${target} PRIVATE -include "${PROJECT_SOURCE_DIR}/cmake/test_header.h")
  else()
    target_precompile_headers(${target} REUSE_FROM acuate_test_header)
  endif()
endfunction()

function(_acuate_test_options target)
  target_link_libraries(${target} PRIVATE GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_compile_definitions(${target} PRIVATE
    ACUATE_FIXTURES="${ACUATE_FIXTURES}"
    ACUATE_ONNX_TESTDATA="${ACUATE_ONNX_TESTDATA}"
    ACUATE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    ACUATE_BUILD_DIR="${PROJECT_BINARY_DIR}"
    ACUATE_VENV="${ACUATE_VENV}")
endfunction()
