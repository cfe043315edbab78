# nsq_library, nsq_executable, nsq_test: one call a target, so that all are made alike.
#
#   nsq_library(nsqd_queue SOURCES topic.cpp channel.cpp DEPS nsq::base nsq::wire)
#
# makes a static library nsqd_queue with the alias nsqd::queue, whose headers are included from the
# root of the tree. DEPS are public, PRIVATE_DEPS are not.

set(NSQ_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wthread-safety -Werror)

# Reading the headers of Asio, Catch2 and the standard library is half of a compilation, so they are
# read once and reused by every target. A target whose dependencies define macros that those headers
# could see says NO_PCH.
option(NSQ_PCH "Use precompiled headers" ON)

# The target that precompiles `header` for the others; it depends on what they all depend on, so that
# their flags agree.
function(nsq_precompile name header)
  if(NOT NSQ_PCH)
    return()
  endif()
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp" "")
  add_library(${name} OBJECT "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_precompile_headers(${name} PRIVATE "${CMAKE_SOURCE_DIR}/${header}")
endfunction()

function(_nsq_setup target)
  cmake_parse_arguments(ARG "NO_PCH" "PCH" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  target_compile_options(${target} PRIVATE ${NSQ_WARNINGS})
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(NOT ARG_PCH)
    set(ARG_PCH nsq_pch)
  endif()
  if(NSQ_PCH AND NOT ARG_NO_PCH)
    target_precompile_headers(${target} REUSE_FROM ${ARG_PCH})
  endif()
endfunction()

function(nsq_library name)
  cmake_parse_arguments(ARG "NO_PCH" "PCH" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  string(REPLACE "_" ";" parts "${name}")
  list(POP_FRONT parts first)
  list(JOIN parts "_" rest)
  add_library(${first}::${rest} ALIAS ${name})
  _nsq_setup(${name} ${ARGN})
endfunction()

function(nsq_executable name)
  cmake_parse_arguments(ARG "NO_PCH" "PCH" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _nsq_setup(${name} ${ARGN})
endfunction()

# A Catch2 program, one ctest case: `nsq_test(unit_wire SOURCES ... DEPS ... LABEL unit)`.
function(nsq_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _nsq_setup(${name} PCH nsq_test_pch SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} nsq::test_support)
  add_dependencies(nsq_tests ${name})
  add_test(NAME ${name} COMMAND ${name} --order lex)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
