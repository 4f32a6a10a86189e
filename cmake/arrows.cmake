# Which rooms a room may include.
#
#   acuate_check_arrows(<source dir> <room> <rooms it uses> <rooms its tests use>)
#
# Every #include "room/…" in src/<room> must name the room itself or one that it uses (directly or
# not), and a path that climbs out with ../ must not occur. Fails with all breaches at once, by file
# and line. Also a script, for the check at build time:
#   cmake -DSOURCE_DIR=… -DROOM=… -DUSES=a,b -DTEST_USES=a,b,c -DSTAMP=file -P arrows.cmake
cmake_minimum_required(VERSION 3.25)

function(acuate_check_arrows source_dir room uses test_uses)
  file(STRINGS "${source_dir}/cmake/rooms.txt" rooms REGEX "^[a-z]")
  list(FIND rooms "${room}" own)
  execute_process(
    COMMAND grep -rnE --include=*.h --include=*.cpp "^[ \t]*#[ \t]*include[ \t]*\"(\\.\\./|[a-z_0-9]+/)"
      "src/${room}"
    WORKING_DIRECTORY "${source_dir}" OUTPUT_VARIABLE found)
  # Brackets and semicolons in a line would confuse CMake's lists.
  string(REGEX REPLACE "[][;]" " " found "${found}")
  string(REPLACE "\n" ";" lines "${found}")

  set(breaches "")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([^:]+):([0-9]+):[^\"]*\"([^\"/]+)/([^\"]*)\"")
      continue()
    endif()
    set(file "${CMAKE_MATCH_1}")
    set(used "${CMAKE_MATCH_3}")
    # Indented lines are printed as they are, not wrapped.
    set(breach "  ${CMAKE_MATCH_1}:${CMAKE_MATCH_2}: '${room}' includes \"${CMAKE_MATCH_3}/${CMAKE_MATCH_4}\"")
    set(allowed ${uses})
    set(keyword "USES")
    if(file MATCHES "_test\\.(cpp|h)$")
      set(allowed ${test_uses})
      set(keyword "USES or TEST_USES")
    endif()
    list(FIND rooms "${used}" other)
    if(used STREQUAL "..")
      string(APPEND breaches "${breach}\n    write the path from src/, as \"room/file.h\"\n")
    elseif(other EQUAL -1 OR used STREQUAL room OR used IN_LIST allowed)
      continue()
    elseif(other GREATER own)
      string(APPEND breaches "${breach}\n    '${used}' comes after '${room}' in cmake/rooms.txt; hand in "
        "what is needed as a function or as data\n")
    else()
      string(APPEND breaches "${breach}\n    '${used}' is not in ${keyword} of src/${room}/CMakeLists.txt, "
        "nor used by a room that is\n")
    endif()
  endforeach()
  if(breaches)
    message(FATAL_ERROR "These arrows point the wrong way:\n${breaches}")
  endif()
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  string(REPLACE "," ";" USES "${USES}")
  string(REPLACE "," ";" TEST_USES "${TEST_USES}")
  acuate_check_arrows("${SOURCE_DIR}" "${ROOM}" "${USES}" "${TEST_USES}")
  file(TOUCH "${STAMP}")
endif()
