#include "common/base/assert.hpp"
#include "common/wire/identify.hpp"
#include "common/wire/quote.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {

void fuzz_identify(std::string_view input) {
  using namespace nsq::wire;
  const auto request = parse_identify_request(input);
  if (request) {
    const auto again = parse_identify_request(encode_identify_request(*request));
    NSQ_ASSERT(again.has_value() && *again == *request);
  } else {
    NSQ_ASSERT(request.error().code == Errc::bad_json);
  }
  const auto response = parse_identify_response(input);
  if (response) {
    const auto again = parse_identify_response(encode_identify_response(*response));
    NSQ_ASSERT(again.has_value() && *again == *response);
  } else {
    NSQ_ASSERT(response.error().code == Errc::bad_json);
  }
  NSQ_ASSERT(quote(input).size() >= input.size() + 2);
}

}  // namespace nsq::fuzz
