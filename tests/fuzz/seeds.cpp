#include "tests/fuzz/seeds.hpp"

#include "common/wire/client_commands.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/identify.hpp"
#include "common/wire/message.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {
namespace {

using namespace nsq::wire;
using namespace std::string_literals;

std::vector<std::string> frame_seeds() {
  std::string responses;
  append_frame(responses, FrameType::response, kOk);
  append_frame(responses, FrameType::error, "E_BAD_PROTOCOL");
  std::string message(message_frame_bytes(5), '\0');
  write_message_frame(message.data(), 1'700'000'000'000'000'000, 1,
                      MessageId::from_number(0x0123456789abcdef), "hello");
  return {"",
          responses,
          message,
          responses + message,
          "\xff\xff\xff\xff"s,
          "\0\0\0\4\0\0\0\3"s,
          "\0\0\0\x05\0\0\0\2x"s};
}

std::vector<std::string> command_line_seeds() {
  return {"",
          "\n",
          "NOP\r\nCLS\n",
          "SUB  t c\n",
          "SUB orders mail#ephemeral extra more and more\n",
          "PUB bad:name\n",
          "RDY \nRDY 18446744073709551617\nRDY -1\n",
          "REQ 0123456789abcdef 1000\n",
          "PUB \xff\xe2\x80\x8b\xf0\x9f\x98\x80\x01\"\\\n"};
}

std::vector<std::string> mpub_seeds() {
  return {"",
          "\0\0\0\x0f\0\0\0\2\0\0\0\1x\0\0\0\2yz"s,
          "\0\0\0\x0a\0\0\0\1\0\0\0\1x!NOP\n"s,
          "\0\0\0\1\0\0\0\2\0\0\0\1x\0\0\0\1y"s,
          "\0\0\0\x0c\0\0\0\1\0\0\0\0"s,
          "\0\0\0\x0c\0\0\0\1\xff\xff\xff\xff"s,
          "\0\0\0\x0c\0\0\0\0"s,
          "\0\0\0\x0c\0\0\0\x66"s,
          "\0\0\2\1"s,
          "\0\0\0\x50\0\0\0\1\0\0\0\x41"s,
          "\xff\xff\xff\xff"s};
}

std::vector<std::string> identify_seeds() {
  const IdentifyRequest request{.client_id = "c", .feature_negotiation = true, .sample_rate = 5};
  return {"",
          "null",
          encode_identify_request(request),
          encode_identify_response({.version = "1.3.0", .features = {"peek"}}),
          R"({"CLIENT_ID":"a\ud83d\ude00\ud800\u0041","x":[1.5,{"y":null}]})",
          R"({"heartbeat_interval":-1,"msg_timeout":9223372036854775808})",
          R"({"tls_v1":true,"sample_rate":2147483648})",
          "{\"hostname\":\"\xff\xc3\xa9\xed\xa0\x80\"} x",
          "\xef\xbb\xbf{}"};
}

std::vector<std::string> lookup_protocol_seeds() {
  const std::string identity =
      R"({"broadcast_address":"b","tcp_port":1,"http_port":2,"version":"v"})";
  const std::string identify =
      "  V1IDENTIFY\n"s + std::string("\0\0\0", 3) + static_cast<char>(identity.size()) + identity;
  return {"",
          "  V2",
          "  V1PING\r\n \tPING\n",
          "  V1IDENTIFY\n\xff\xff\xff\xff"s,
          "  V1REGISTER t\n",
          identify + "REGISTER t c\nREGISTER t c#ephemeral\nUNREGISTER t c#ephemeral\nPING\n",
          identify + "REGISTER u#ephemeral c\nREGISTER  t\n",
          identify + "REGISTER t c\nREGISTER u\nUNREGISTER t\nIDENTIFY\n"};
}

}  // namespace

std::vector<Target> all_targets() {
  return {{"frame", fuzz_frame, frame_seeds()},
          {"command_line", fuzz_command_line, command_line_seeds()},
          {"mpub", fuzz_mpub, mpub_seeds()},
          {"identify", fuzz_identify, identify_seeds()},
          {"lookup_protocol", fuzz_lookup_protocol, lookup_protocol_seeds()}};
}

}  // namespace nsq::fuzz
