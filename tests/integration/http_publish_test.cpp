#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

void check_error(const HttpResponse& response, int status, std::string_view code) {
  CHECK(response.status == status);
  CHECK(response.body == api_error(code));
  CHECK(response.header("content-type") == "application/json; charset=utf-8");
  CHECK(response.header("x-nsq-content-type") == "nsq; version=1.0");
}

void check_ok(const HttpResponse& response) {
  CHECK(response.status == 200);
  CHECK(response.body == "OK");
  CHECK(response.header("content-type") == "text/plain; charset=utf-8");
  CHECK(response.header("x-nsq-content-type") == "nsq; version=1.0");
}

// A POST whose body has no length, but comes in one chunk.
HttpResponse post_chunked(Nsqd& nsqd, const std::string& target, std::string_view body) {
  SimpleHttp http = nsqd.http();
  http.send("POST " + target + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
            chunked(body));
  return http.read();
}

// The bodies that a new channel of `topic` gets, `count` of them.
std::vector<std::string> consumed(Nsqd& nsqd, const std::string& topic, int count) {
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) {
    const Message message = client.read_message();
    bodies.push_back(message.body);
    client.send(fin(message.id));
  }
  CHECK(client.marker() == ok());
  return bodies;
}

using Bodies = std::vector<std::string>;

TEST_CASE("10.8/105 /pub checks the body before the topic", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  check_error(nsqd.post("/pub"), 400, "MSG_EMPTY");
  check_error(nsqd.post("/pub", "m"), 400, "MISSING_ARG_TOPIC");
  check_error(nsqd.post("/pub?topic=", "m"), 400, "INVALID_TOPIC");
  check_error(nsqd.post("/pub?topic=bad:name", "m"), 400, "INVALID_TOPIC");
}

TEST_CASE("6.2 /pub publishes its body, whatever its type", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  const std::string body("a\0b\r\nc", 6);
  check_ok(nsqd.request("POST", "/pub?topic=" + topic, body, {"Content-Type: image/png"}));
  CHECK(consumed(nsqd, topic, 1) == Bodies{body});
}

TEST_CASE("10.8/106 /pub over max-msg-size", "[integration]") {
  Nsqd& nsqd = tight_nsqd();  // max-msg-size 100
  const std::string topic = fresh("t");
  check_error(post_chunked(nsqd, "/pub?topic=" + topic, std::string(101, 'x')), 413, "MSG_TOO_BIG");
  check_error(nsqd.post("/pub?topic=" + topic, std::string(101, 'x')), 413, "MSG_TOO_BIG");
  check_ok(post_chunked(nsqd, "/pub?topic=" + topic, std::string(100, 'x')));
  check_ok(nsqd.post("/pub?topic=" + topic, std::string(100, 'x')));
  CHECK(nsqd.stat(topic, "message_count") == 2);
}

TEST_CASE("10.8/107 /pub with a delay", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  const std::string target = "/pub?topic=" + topic + "&defer=";
  for (const char* wrong : {"", "abc", "-1", "3600001", "1.5"}) {
    CAPTURE(wrong);
    check_error(nsqd.post(target + wrong, "m"), 400, "INVALID_DEFER");
  }
  CHECK(nsqd.stat(topic, "message_count") == 0);  // the topic exists all the same
  nsqd.create(topic, "c");
  check_ok(nsqd.post(target + "3600000", "m"));
  check_ok(nsqd.post(target + "0", "m"));
  CHECK(nsqd.await_stat(topic, "c", "deferred_count", 1) == 1);
  CHECK(nsqd.await_stat(topic, "c", "depth", 1) == 1);
}

TEST_CASE("10.8/108 /mpub takes a message a line", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const auto [body, bodies] = GENERATE(table<std::string, Bodies>({
      {"a\n\nb\n", {"a", "b"}},
      {"a\r\nb", {"a\r", "b"}},
      {"one", {"one"}},
      {"", {}},
      {"\n\n", {}},
  }));
  CAPTURE(body);
  const std::string topic = fresh("t");
  check_ok(nsqd.post("/mpub?topic=" + topic, body));
  CHECK(nsqd.stat(topic, "message_count") == static_cast<std::int64_t>(bodies.size()));
  CHECK(consumed(nsqd, topic, static_cast<int>(bodies.size())) == bodies);
}

TEST_CASE("10.8/108 /mpub checks its topic", "[integration]") {
  check_error(plain_nsqd().post("/mpub", "m"), 400, "MISSING_ARG_TOPIC");
  check_error(plain_nsqd().post("/mpub?topic=bad:x", "m"), 400, "INVALID_TOPIC");
}

TEST_CASE("10.8/109 /mpub is binary for any value but false and 0", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string body = mpub_body({"a\nb", "c"});
  for (const char* value : {"true", "1", "junk", ""}) {
    CAPTURE(value);
    const std::string topic = fresh("t");
    check_ok(nsqd.post("/mpub?topic=" + topic + "&binary=" + value, body));
    CHECK(consumed(nsqd, topic, 2) == Bodies{"a\nb", "c"});
  }
  for (const char* value : {"false", "0"}) {
    CAPTURE(value);
    const std::string topic = fresh("t");
    check_ok(nsqd.post("/mpub?topic=" + topic + "&binary=" + value, "a\nb"));
    CHECK(consumed(nsqd, topic, 2) == Bodies{"a", "b"});
  }
}

TEST_CASE("10.8/109 malformed binary bodies", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string target = "/mpub?topic=" + fresh("t") + "&binary=true";
  check_error(nsqd.post(target, "abc"), 413, "BAD_BODY");
  check_error(nsqd.post(target, mpub_body({})), 413, "BAD_BODY");
  check_error(nsqd.post(target, mpub_body({"a", ""})), 413, "BAD_MESSAGE");
  check_error(nsqd.post(target, be32(2) + be32(1) + "a"), 413, "BAD_MESSAGE");
  check_error(nsqd.post(target, be32(1) + be32(5) + "a"), 413, "BAD_MESSAGE");
  check_ok(nsqd.post(target, mpub_body({"a"}) + "surplus"));
}

TEST_CASE("10.8/110 one over-long line, and none is published", "[integration]") {
  Nsqd& nsqd = tight_nsqd();  // max-msg-size 100
  const std::string topic = fresh("t");
  const std::string body = "a\n" + std::string(101, 'x') + "\nb\n";
  check_error(nsqd.post("/mpub?topic=" + topic, body), 413, "MSG_TOO_BIG");
  CHECK(nsqd.stat(topic, "message_count") == 0);
  check_ok(nsqd.post("/mpub?topic=" + topic, "a\n" + std::string(100, 'x') + "\nb\n"));
  CHECK(nsqd.stat(topic, "message_count") == 3);
}

TEST_CASE("6.2 /mpub over max-body-size", "[integration]") {
  Nsqd& nsqd = tight_nsqd();  // max-body-size 1000
  std::string body;
  while (body.size() <= 1000) body += std::string(49, 'x') + "\n";
  const std::string target = "/mpub?topic=" + fresh("t");
  check_error(nsqd.post(target, body), 413, "BODY_TOO_BIG");
  check_error(post_chunked(nsqd, target, body), 413, "BODY_TOO_BIG");
  check_ok(post_chunked(nsqd, target, body.substr(0, 1000)));
}

TEST_CASE("10.8/114 the topic comes from the query alone", "[integration]") {
  const HttpResponse response = plain_nsqd().request(
      "POST", "/topic/create", "topic=t", {"Content-Type: application/x-www-form-urlencoded"});
  check_error(response, 400, "MISSING_ARG_TOPIC");
}

TEST_CASE("6.1 the first of repeated parameters counts", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  check_ok(nsqd.post("/pub?topic=" + topic + "&topic=other:bad", "m"));
  CHECK(nsqd.stat(topic, "message_count") == 1);
}

TEST_CASE("6.1 a malformed query is INVALID_REQUEST", "[integration]") {
  const std::string target = GENERATE(as<std::string>{}, "/pub?topic=a;b", "/mpub?topic=%zz",
                                      "/pub?topic=a%2", "/topic/create?topic=a;x=1");
  check_error(plain_nsqd().post(target, "m"), 400, "INVALID_REQUEST");
}

TEST_CASE("6.1 the query is form-encoded", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t") + "#ephemeral";
  check_ok(nsqd.post("/pub?x=y&topic=" + url_name(topic) + "&", "m"));
  CHECK(nsqd.stat(topic, "message_count") == 1);
}

TEST_CASE("6.1 requests on one connection are answered in order", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  SimpleHttp http = nsqd.http();
  check_ok(http.request("POST", "/pub?topic=" + topic, "1"));
  check_ok(http.request("POST", "/pub?topic=" + topic, "2"));
  const std::string head = "POST /pub?topic=" + topic + " HTTP/1.1\r\nHost: x\r\n";
  http.send(head + "Content-Length: 1\r\n\r\n3" + head + "Content-Length: 1\r\n\r\n4");
  check_ok(http.read());
  check_ok(http.read());
  CHECK(consumed(nsqd, topic, 4) == Bodies{"1", "2", "3", "4"});
}

TEST_CASE("6.1 HTTP/1.0 is answered and closed", "[integration]") {
  SimpleHttp http = plain_nsqd().http();
  http.send("GET /ping HTTP/1.0\r\n\r\n");
  CHECK(http.read().body == "OK");
  CHECK(http.at_end());
}

TEST_CASE("6.1 Expect: 100-continue is answered before the body", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  SimpleHttp http = nsqd.http();
  http.send("POST /pub?topic=" + fresh("t") +
            " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  CHECK(http.read().status == 100);
  http.send("m");
  check_ok(http.read());
}

TEST_CASE("6.1 a request that is not HTTP does not harm", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  SimpleHttp http = nsqd.http();
  http.send("\x01\x02garbage\r\n\r\n");
  CHECK(http.read().status == 400);
  CHECK(nsqd.get("/ping").body == "OK");
}

}  // namespace
}  // namespace nsq::test
