#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"

namespace nsq::test {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDecodeError = "E_BAD_BODY IDENTIFY failed to decode JSON body";

// The JSON that answers an IDENTIFY with feature negotiation and `members` ("\"snappy\":true").
Json negotiate(RawClient& client, std::string_view members = {}) {
  std::string body = R"({"feature_negotiation":true)";
  if (!members.empty()) body.append(",").append(members);
  const Frame frame = client.ask(identify(body + "}"));
  INFO(frame.data);
  REQUIRE(frame.type == 0);
  return Json::parse(frame.data);
}

Json negotiated(Nsqd& nsqd, std::string_view members = {}) {
  RawClient client = nsqd.connect();
  Json answer = negotiate(client, members);
  CHECK(client.marker() == ok());  // the conversation goes on in plain text
  return answer;
}

void check_fatal(Nsqd& nsqd, std::string_view body, std::string_view answer) {
  CAPTURE(body);
  RawClient client = nsqd.connect();
  CHECK(client.ask(identify(body)) == error(answer));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.3/38 without feature negotiation the answer is OK", "[integration]") {
  CHECK(plain_nsqd().connect().ask(identify("{}")) == ok());
}

TEST_CASE("10.3/38 the answer has its 15 members in order", "[integration]") {
  const Json answer = negotiated(plain_nsqd());
  const Json expected = Json::parse(R"({
    "max_rdy_count": 2500, "version": "1.3.0", "max_msg_timeout": 900000, "msg_timeout": 60000,
    "tls_v1": false, "deflate": false, "deflate_level": 6, "max_deflate_level": 6,
    "snappy": false, "sample_rate": 0, "auth_required": false, "output_buffer_size": 16384,
    "output_buffer_timeout": 250, "topology_region": "", "topology_zone": ""})");
  CHECK(answer.dump() == expected.dump());
}

TEST_CASE("10.3/38 the answer follows options and request", "[integration]") {
  const Json answer =
      negotiated(tight_nsqd(), R"("msg_timeout":1500,"sample_rate":7,"output_buffer_size":64,)"
                               R"("output_buffer_timeout":25)");
  CHECK(answer.at("max_rdy_count") == 50);
  CHECK(answer.at("max_msg_timeout") == 2000);
  CHECK(answer.at("msg_timeout") == 1500);
  CHECK(answer.at("sample_rate") == 7);
  CHECK(answer.at("output_buffer_size") == 64);
  CHECK(answer.at("output_buffer_timeout") == 25);
}

TEST_CASE("10.3/39 null is an empty document, space around is allowed", "[integration]") {
  const std::string body =
      GENERATE("null", " {} \n", R"({"heartbeat_interval":null})", R"({"unknown":[1,{"a":null}]})");
  CHECK(plain_nsqd().connect().ask(identify(body)) == ok());
}

TEST_CASE("10.3/39 what is not one JSON object is refused", "[integration]") {
  const std::string body =
      GENERATE(as<std::string>{}, "[]", "{} x", R"({"a":1,})", "\xef\xbb\xbf{}", "\"x\"", "1",
               "true", "{", "{}{}", "{'a':1}", " ");
  check_fatal(plain_nsqd(), body, kDecodeError);
}

TEST_CASE("2 IDENTIFY body sizes", "[integration]") {
  const auto [size, answer] = GENERATE(table<std::uint32_t, std::string>({
      {0, "E_BAD_BODY IDENTIFY invalid body size 0"},
      {0xffffffff, "E_BAD_BODY IDENTIFY invalid body size -1"},
      {5242881, "E_BAD_BODY IDENTIFY body too big 5242881 > 5242880"},
  }));
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask("IDENTIFY\n" + be32(size)) == error(answer));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("10.3/40 keys are case-insensitive, the last duplicate counts", "[integration]") {
  RawClient client = plain_nsqd().connect();
  const Frame frame =
      client.ask(identify(R"({"FEATURE_NEGOTIATION":true,"msg_timeout":2000,"Msg_Timeout":3000})"));
  REQUIRE(frame.type == 0);
  CHECK(Json::parse(frame.data).at("msg_timeout") == 3000);
}

TEST_CASE("10.3/40 values are of the exact type", "[integration]") {
  const std::string member =
      GENERATE(as<std::string>{}, R"("heartbeat_interval":30000.0)", R"("heartbeat_interval":3e4)",
               R"("heartbeat_interval":"30000")", R"("feature_negotiation":1)", R"("client_id":5)",
               R"("snappy":"true")", R"("sample_rate":4294967296)", R"("msg_timeout":true)",
               R"("msg_timeout":9223372036854775808)", R"("user_agent":["a"])");
  check_fatal(plain_nsqd(), "{" + member + "}", kDecodeError);
}

TEST_CASE("10.3/41 output buffer limits", "[integration]") {
  const auto [member, value, what] = GENERATE(table<std::string, std::string, std::string>({
      {"output_buffer_size", "63", "output buffer size"},
      {"output_buffer_size", "65537", "output buffer size"},
      {"output_buffer_size", "-2", "output buffer size"},
      {"output_buffer_timeout", "24", "output buffer timeout"},
      {"output_buffer_timeout", "30001", "output buffer timeout"},
      {"output_buffer_timeout", "-2", "output buffer timeout"},
  }));
  check_fatal(plain_nsqd(), "{\"" + member + "\":" + value + "}",
              "E_BAD_BODY IDENTIFY " + what + " (" + value + ") is invalid");
}

TEST_CASE("10.3/41 no output buffer is shown as size 1 and timeout 0", "[integration]") {
  const Json answer = negotiated(plain_nsqd(), R"("output_buffer_size":-1)");
  CHECK(answer.at("output_buffer_size") == 1);
  CHECK(answer.at("output_buffer_timeout") == 0);
  CHECK(negotiated(plain_nsqd(), R"("output_buffer_timeout":-1)").at("output_buffer_timeout") == 0);
  CHECK(negotiated(plain_nsqd(), R"("output_buffer_size":0)").at("output_buffer_size") == 16384);
}

TEST_CASE("10.3/42 sample rate and msg_timeout limits", "[integration]") {
  const auto [member, value, what] = GENERATE(table<std::string, std::string, std::string>({
      {"sample_rate", "100", "sample rate"},
      {"sample_rate", "-1", "sample rate"},
      {"msg_timeout", "999", "msg timeout"},
      {"msg_timeout", "900001", "msg timeout"},
      {"msg_timeout", "-1", "msg timeout"},
  }));
  check_fatal(plain_nsqd(), "{\"" + member + "\":" + value + "}",
              "E_BAD_BODY IDENTIFY " + what + " (" + value + ") is invalid");
}

TEST_CASE("10.3/42 the limits themselves are fine", "[integration]") {
  const auto [member, value] =
      GENERATE(table<std::string, int>({{"sample_rate", 99},
                                        {"sample_rate", 0},
                                        {"msg_timeout", 1000},
                                        {"msg_timeout", 900000},
                                        {"output_buffer_size", 64},
                                        {"output_buffer_size", 65536},
                                        {"output_buffer_timeout", 25},
                                        {"output_buffer_timeout", 30000}}));
  const std::string text = "\"" + member + "\":" + std::to_string(value);
  CHECK(negotiated(plain_nsqd(), text).at(member) == value);
}

TEST_CASE("2.2 the first wrong field is named", "[integration]") {
  check_fatal(plain_nsqd(),
              R"({"msg_timeout":1,"sample_rate":-1,"output_buffer_size":1,)"
              R"("output_buffer_timeout":1,"heartbeat_interval":1})",
              "E_BAD_BODY IDENTIFY heartbeat interval (1) is invalid");
  check_fatal(plain_nsqd(), R"({"msg_timeout":1,"sample_rate":-1,"output_buffer_size":1})",
              "E_BAD_BODY IDENTIFY output buffer size (1) is invalid");
}

TEST_CASE("10.3/43 IDENTIFY may be repeated before SUB", "[integration]") {
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask(identify(R"({"msg_timeout":1000})")) == ok());
  CHECK(negotiate(client, R"("msg_timeout":2000)").at("msg_timeout") == 2000);
  CHECK(client.ask(identify("{}")) == ok());
  CHECK(client.subscribe(fresh("t"), "c") == ok());
}

TEST_CASE("10.3/44 compression the server does not allow is answered false", "[integration]") {
  const std::string asked =
      GENERATE(as<std::string>{}, R"("snappy":true)", R"("deflate":true)",
               R"("snappy":true,"deflate":true)", R"("deflate":true,"deflate_level":3)");
  const Json answer = negotiated(tight_nsqd(), asked);
  CHECK(answer.at("snappy") == false);
  CHECK(answer.at("deflate") == false);
}

TEST_CASE("10.3/45 the deflate level is shown within the server's limit", "[integration]") {
  CHECK(negotiated(tight_nsqd()).at("deflate_level") == 3);
  CHECK(negotiated(tight_nsqd()).at("max_deflate_level") == 3);
  CHECK(negotiated(plain_nsqd(), R"("deflate_level":99)").at("deflate_level") == 6);
}

TEST_CASE("10.3/49 TLS without a certificate is answered false", "[integration]") {
  CHECK(negotiated(plain_nsqd(), R"("tls_v1":true)").at("tls_v1") == false);
}

TEST_CASE("10.3/50 TLS without feature negotiation is ignored", "[integration]") {
  RawClient client = plain_nsqd().connect();
  CHECK(client.ask(identify(R"({"tls_v1":true,"snappy":true,"deflate":true})")) == ok());
  CHECK(client.marker() == ok());
}

TEST_CASE("2.2 what a client says of itself is in /stats", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"client_id":"id \u00e9","hostname":"host","user_agent":"ua/1",)"
                              R"("sample_rate":5,"topology_zone":"z","topology_region":"r"})")) ==
          ok());
  REQUIRE(client.subscribe(topic, "c") == ok());
  const auto shown =
      nsqd.stats("&topic=" + topic).at("topics").at(0).at("channels").at(0).at("clients").at(0);
  CHECK(shown.at("client_id") == "id \u00e9");
  CHECK(shown.at("hostname") == "host");
  CHECK(shown.at("user_agent") == "ua/1");
  CHECK(shown.at("sample_rate") == 5);
  CHECK(shown.at("topology_zone") == "z");
  CHECK(shown.at("topology_region") == "r");
  CHECK(shown.at("version") == "V2");
  CHECK(shown.at("state") == 3);
}

TEST_CASE("2.2 before IDENTIFY a client is named by its address", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  const auto shown =
      nsqd.stats("&topic=" + topic).at("topics").at(0).at("channels").at(0).at("clients").at(0);
  CHECK(shown.at("client_id") == "127.0.0.1");
  CHECK(shown.at("hostname") == "127.0.0.1");
  CHECK(shown.at("remote_address").get<std::string>().starts_with("127.0.0.1:"));
}

}  // namespace
}  // namespace nsq::test
