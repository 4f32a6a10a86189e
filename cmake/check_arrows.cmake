# cmake -DSOURCE_DIR=… -DROOM=… -DUSES=a;b -DTEST_USES=a;b;c [-DSTAMP=file] -P check_arrows.cmake
#
# Every #include "room/…" in src/<ROOM> must name the room itself or one of USES (in *_test.cpp, of
# TEST_USES), and a path that climbs out with ../ must not occur. All breaches are listed at once.
cmake_minimum_required(VERSION 3.25)

file(STRINGS "${SOURCE_DIR}/cmake/rooms.txt" rooms REGEX "^[a-z]")
list(FIND rooms "${ROOM}" own)
execute_process(
  COMMAND grep -rnE --include=*.h --include=*.cpp "^[ \t]*#[ \t]*include[ \t]*\"(\\.\\./|[a-z_0-9]+/)"
    "src/${ROOM}"
  WORKING_DIRECTORY "${SOURCE_DIR}" OUTPUT_VARIABLE found)
# Brackets and semicolons in a line would confuse CMake's lists.
string(REGEX REPLACE "[][;]" " " found "${found}")
string(REPLACE "\n" ";" lines "${found}")

set(breaches "")
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^([^:]+):([0-9]+):.*\"([^\"/]+)/([^\"]*)\"")
    continue()
  endif()
  set(file "${CMAKE_MATCH_1}")
  set(where "${CMAKE_MATCH_1}:${CMAKE_MATCH_2}")
  set(used "${CMAKE_MATCH_3}")
  set(path "${CMAKE_MATCH_3}/${CMAKE_MATCH_4}")
  set(allowed ${USES})
  set(keyword "USES")
  if(file MATCHES "_test\\.(cpp|h)$")
    set(allowed ${TEST_USES})
    set(keyword "TEST_USES")
  endif()
  list(FIND rooms "${used}" other)
  if(used STREQUAL "..")
    string(APPEND breaches "${where}: includes \"${path}\"; write it from src/, as \"room/file.h\"\n")
  elseif(other EQUAL -1 OR used STREQUAL ROOM OR used IN_LIST allowed)
    continue()
  elseif(other GREATER own)
    string(APPEND breaches "${where}: '${ROOM}' includes \"${path}\", but '${used}' comes after "
      "'${ROOM}' in cmake/rooms.txt; hand in what is needed as a function or as data\n")
  else()
    string(APPEND breaches "${where}: '${ROOM}' includes \"${path}\", but '${used}' is not in ${keyword} "
      "of src/${ROOM}/CMakeLists.txt, nor used by what is\n")
  endif()
endforeach()

if(breaches)
  message(FATAL_ERROR "\n${breaches}")
endif()
if(STAMP)
  file(TOUCH "${STAMP}")
endif()
