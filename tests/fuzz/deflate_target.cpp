#include "common/net/deflate_stream.hpp"
#include "tests/fuzz/codec.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {

void fuzz_deflate(std::string_view input) {
  check_codec(input, [](std::unique_ptr<net::ByteStream> below, std::string received) {
    return net::make_deflate_stream(std::move(below), std::move(received), 1);
  });
}

}  // namespace nsq::fuzz
