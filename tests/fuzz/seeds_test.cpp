#include "tests/fuzz/seeds.hpp"

#include <cstring>
#include <memory>

#include <catch2/catch.hpp>

using namespace nsq::fuzz;

namespace {

// In a heap block of exactly its size, so that the address sanitizer sees a read past it.
void run_on_copy(const Target& target, std::string_view input) {
  const std::unique_ptr<char[]> copy(new char[input.size()]);
  if (!input.empty()) std::memcpy(copy.get(), input.data(), input.size());
  target.run({copy.get(), input.size()});
}

}  // namespace

TEST_CASE("every fuzzing target bears its seeds, cut and changed anywhere", "[fuzz]") {
  for (const Target& target : all_targets()) {
    CAPTURE(target.name);
    REQUIRE_FALSE(target.seeds.empty());
    for (const std::string& seed : target.seeds) {
      for (std::size_t cut = 0; cut <= seed.size(); ++cut) {
        run_on_copy(target, std::string_view(seed).substr(0, cut));
      }
      for (std::size_t at = 0; at < seed.size(); ++at) {
        for (const int change : {0x01, 0x20, 0x80, 0xff}) {
          std::string changed = seed;
          changed[at] = static_cast<char>(changed[at] ^ change);
          run_on_copy(target, changed);
        }
      }
    }
  }
}
