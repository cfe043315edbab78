// The same for the tests.

#include <catch2/catch.hpp>

#include "common/cmake/precompiled.hpp"
