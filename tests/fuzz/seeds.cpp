#include "tests/fuzz/seeds.hpp"

#include <memory>
#include <utility>

#include "common/net/deflate_stream.hpp"
#include "common/net/snappy_stream.hpp"
#include "common/wire/client_commands.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/identify.hpp"
#include "common/wire/message.hpp"
#include "tests/fuzz/codec.hpp"
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

/// Something to compress: parts that repeat, and parts that do not.
std::string plain_seed() {
  std::string text = "PUB orders PUB orders PUB orders ";
  for (unsigned i = 0, noise = 1; i < 40; ++i) {
    noise = noise * 1664525 + 1013904223;
    text += static_cast<char>(noise >> 24);
  }
  return text + std::string(100, 'x');
}

std::vector<std::string> snappy_seeds() {
  const std::string stream = encoded(plain_seed(), net::make_snappy_stream);
  const std::string identifier = stream.substr(0, 10);
  return {"",
          stream,
          identifier + identifier,
          identifier + "\x80\x03\0\0abc"s + "\xfe\0\0\0"s + stream.substr(10),
          identifier + "\x02\x01\0\0a"s,
          identifier + "\0\xff\xff\xff"s,
          identifier + "\1\x05\0\0\0\0\0\0x"s};
}

std::vector<std::string> deflate_seeds() {
  const auto deflated = [](std::string_view plain) {
    return encoded(plain, [](std::unique_ptr<net::ByteStream> below, std::string received) {
      return net::make_deflate_stream(std::move(below), std::move(received), 6);
    });
  };
  const std::string stream = deflated(plain_seed());
  return {"",
          stream,
          stream + stream,
          stream + "\3\0more"s,     // an end, and something behind it
          "\0\3\0\xfc\xff\1\2\3"s,  // a stored block
          deflated(std::string(100'000, 'x')),
          "\7"s};
}

std::vector<std::string> auth_answer_seeds() {
  return {"",
          R"({"ttl":5,"authorizations":[]})",
          R"({"ttl":5,"identity":"bill","identity_url":"u","authorizations":[{"topic":"^a+$",)"
          R"("channels":[".*","x{2,3}"],"permissions":["publish","subscribe"]}]})",
          R"({"TTL":5,"Authorizations":[null,{"topic":null,"channels":[null]}]})",
          R"({"ttl":18446744073709551615,"authorizations":null})",
          R"({"ttl":1,"authorizations":[{"topic":"(","permissions":["root"]}]})"};
}

std::vector<std::string> auth_file_seeds() {
  return {"", "[[identity]]\nname = 'a'\nsecret = 'app-secret'\nadmin = true\n",
          "[[identity]]\nname = 'a'\nsecret = 'app-secret'\ntls_common_name = 'app.example'\n"
          "publish = ['or*']\nsubscribe = ['*/b*']\nmanage = ['orders/billing', 'x']\n",
          "[[identity]]\nname = \"a\\u000a\"\ntls_common_name = 'app.example'\nmonitor = true\n"
          "[[identity]]\nname = 'b'\nsecret_sha256 = "
          "'2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'\nmonitor = true\n",
          "identity = [{name = 'a', secret = 's', publish = ['a/b']}]\n\"k\\u0007\" = 1\n"};
}

}  // namespace

std::vector<Target> all_targets() {
  return {{"frame", fuzz_frame, frame_seeds()},
          {"command_line", fuzz_command_line, command_line_seeds()},
          {"mpub", fuzz_mpub, mpub_seeds()},
          {"identify", fuzz_identify, identify_seeds()},
          {"lookup_protocol", fuzz_lookup_protocol, lookup_protocol_seeds()},
          {"snappy", fuzz_snappy, snappy_seeds()},
          {"deflate", fuzz_deflate, deflate_seeds()},
          {"auth_answer", fuzz_auth_answer, auth_answer_seeds()},
          {"auth_file", fuzz_auth_file, auth_file_seeds()}};
}

}  // namespace nsq::fuzz
