# nsq_library, nsq_executable, nsq_test: one call a target, so that all are made alike.
#
#   nsq_library(nsqd_queue SOURCES topic.cpp channel.cpp DEPS nsq::base nsq::wire)
#
# makes a static library nsqd_queue with the alias nsqd::queue, whose headers are included from the
# root of the tree. DEPS are public, PRIVATE_DEPS are not.

set(NSQ_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wthread-safety -Werror)

function(_nsq_setup target)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  target_compile_options(${target} PRIVATE ${NSQ_WARNINGS})
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

function(nsq_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  string(REPLACE "_" ";" parts "${name}")
  list(POP_FRONT parts first)
  list(JOIN parts "_" rest)
  add_library(${first}::${rest} ALIAS ${name})
  _nsq_setup(${name} ${ARGN})
endfunction()

function(nsq_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _nsq_setup(${name} ${ARGN})
endfunction()

# A Catch2 program, one ctest case: `nsq_test(unit_wire SOURCES ... DEPS ... LABEL unit)`.
function(nsq_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _nsq_setup(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} nsq::test_support)
  add_test(NAME ${name} COMMAND ${name} --order lex)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
