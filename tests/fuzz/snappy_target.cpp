#include "common/net/snappy_stream.hpp"
#include "tests/fuzz/codec.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {

void fuzz_snappy(std::string_view input) {
  check_codec(input, net::make_snappy_stream);
}

}  // namespace nsq::fuzz
