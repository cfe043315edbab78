# Compiler choice, language level, sanitizers and warnings: what every target shares.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines; use Clang 19 (make deps, then a preset) or g++ 14")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(NSQ_SANITIZE "" CACHE STRING "Sanitizers, comma-separated: address,undefined or thread")
option(NSQ_LTO "Thin link-time optimisation for the executables" OFF)

find_program(NSQ_CCACHE ccache)
if(NSQ_CCACHE)
  # With precompiled headers ccache works only if told that time stamps and defines do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${NSQ_CCACHE}")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
# What the sanitizers run on: fast enough to test with, quick to build, line numbers in reports.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
if(NSQ_LTO)
  add_compile_options($<$<CONFIG:Release>:-flto=thin>)
  add_link_options($<$<CONFIG:Release>:-flto=thin>)
endif()

if(NSQ_SANITIZE)
  add_compile_options(-fsanitize=${NSQ_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${NSQ_SANITIZE})
endif()

add_compile_definitions(
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_ARRAY
  NSQ_VERSION="${NSQ_COMPAT_VERSION}"
)
