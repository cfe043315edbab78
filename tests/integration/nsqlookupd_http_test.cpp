// The cases of spec/nsqlookupd.md 7 about the HTTP interface, by number, and long polling.

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"
#include "tests/support/nsqlookupd.hpp"

namespace nsq::test {
namespace {

using Names = Nsqlookupd::Names;

void check(const HttpResponse& response, int status, const std::string& body) {
  CHECK(response.status == status);
  CHECK(response.body == body);
}

TEST_CASE("7.27-28 topics without producers", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  REQUIRE(lookupd.post("/channel/create?topic=t&channel=c").status == 200);
  check(lookupd.get("/lookup?topic=t"), 200, R"({"channels":["c"],"producers":[]})");
  check(lookupd.get("/lookup?topic="), 404, api_error("TOPIC_NOT_FOUND"));
  check(lookupd.get("/lookup?topic=nope"), 404, api_error("TOPIC_NOT_FOUND"));
  check(lookupd.get("/channels?topic=nope"), 200, R"({"channels":[]})");
  check(lookupd.get("/lookup"), 400, api_error("MISSING_ARG_TOPIC"));
  check(lookupd.get("/info"), 200, R"({"version":"1.3.0"})");
  check(lookupd.get("/nodes"), 200, R"({"producers":[]})");
}

TEST_CASE("7.29-31 arguments come from the query only, the first counts",
          "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  check(lookupd.http().request("POST", "/topic/create", "topic=t",
                               {"Content-Type: application/x-www-form-urlencoded"}),
        400, api_error("MISSING_ARG_TOPIC"));
  check(lookupd.post("/topic/create?topic=a&topic=b"), 200, "");
  CHECK(lookupd.topics() == Names{"a"});
  check(lookupd.get("/lookup?topic=%zz"), 400, api_error("INVALID_REQUEST"));
  check(lookupd.post("/topic/create?topic=a;b"), 400, api_error("INVALID_REQUEST"));
}

TEST_CASE("7.32 creating and deleting channels", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  for (const std::string path : {"/channel/create", "/channel/delete"}) {
    CAPTURE(path);
    check(lookupd.post(path), 400, api_error("MISSING_ARG_TOPIC"));
    check(lookupd.post(path + "?topic=*"), 400, api_error("INVALID_ARG_TOPIC"));
    check(lookupd.post(path + "?topic=t"), 400, api_error("MISSING_ARG_CHANNEL"));
    check(lookupd.post(path + "?topic=t&channel="), 400, api_error("INVALID_ARG_CHANNEL"));
  }
  check(lookupd.post("/channel/delete?topic=t&channel=c"), 404, api_error("CHANNEL_NOT_FOUND"));
  check(lookupd.post("/channel/create?topic=t&channel=c"), 200, "");
  check(lookupd.post("/channel/delete?topic=t&channel=c"), 200, "");
  check(lookupd.post("/channel/delete?topic=t&channel=c"), 404, api_error("CHANNEL_NOT_FOUND"));
  CHECK(lookupd.topics() == Names{"t"});
}

TEST_CASE("7.33 a star is a name like any other that does not exist", "[integration][nsqlookupd]") {
  // Upstream takes it for every topic, and so deletes them all.
  const Nsqlookupd lookupd;
  const LookupPeer peer = lookupd.peer("host", {"t c"});
  check(lookupd.post("/topic/delete?topic=*"), 200, "");
  check(lookupd.post("/topic/tombstone?topic=*&node=host:4151"), 200, "");
  check(lookupd.get("/channels?topic=*"), 200, R"({"channels":[]})");
  check(lookupd.get("/lookup?topic=*"), 404, api_error("TOPIC_NOT_FOUND"));
  CHECK(lookupd.producers("t") == Names{"host"});
  CHECK(lookupd.channels("t") == Names{"c"});
}

TEST_CASE("7.34 methods", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  for (const char* path : {"/topic/create", "/topic/delete", "/topic/tombstone", "/channel/create",
                           "/channel/delete"}) {
    CAPTURE(path);
    const HttpResponse response = lookupd.get(path);
    check(response, 405, api_error("METHOD_NOT_ALLOWED"));
    CHECK(response.header("allow") == "OPTIONS, POST");
  }
  for (const char* path :
       {"/ping", "/info", "/topics", "/channels", "/lookup", "/nodes", "/debug"}) {
    CAPTURE(path);
    const HttpResponse response = lookupd.post(path);
    check(response, 405, api_error("METHOD_NOT_ALLOWED"));
    CHECK(response.header("allow") == "GET, OPTIONS");
  }
  CHECK(lookupd.http().request("HEAD", "/ping").status == 405);
  const HttpResponse options = lookupd.http().request("OPTIONS", "/ping");
  check(options, 200, "");
  CHECK(options.header("allow") == "GET, OPTIONS");
  CHECK(lookupd.get("/nope").status == 404);
  CHECK(lookupd.get("/create_topic?topic=t").status == 404);
}

TEST_CASE("7.35 redirects", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  for (const char* path : {"/ping/", "//ping", "/PING"}) {
    CAPTURE(path);
    const HttpResponse response = lookupd.get(path);
    CHECK(response.status == 301);
    CHECK(response.header("location") == "/ping");
  }
  const HttpResponse response = lookupd.post("/topic/create/?topic=t");
  CHECK(response.status == 308);
  CHECK(response.header("location") == "/topic/create?topic=t");
  CHECK(lookupd.topics().empty());
}

TEST_CASE("7.36 the header that clients know the format by", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const std::string expected = "nsq; version=1.0";
  CHECK(lookupd.get("/topics").header("x-nsq-content-type") == expected);
  CHECK(lookupd.get("/lookup").header("x-nsq-content-type") == expected);
  CHECK(lookupd.post("/topic/create?topic=t").header("x-nsq-content-type") == expected);
  CHECK(lookupd.get("/nope").header("x-nsq-content-type") == expected);
  CHECK(lookupd.post("/topics").header("x-nsq-content-type") == expected);
  CHECK(lookupd.get("/ping").header("x-nsq-content-type") == "");
  CHECK(lookupd.get("/ping/").header("x-nsq-content-type") == "");
  CHECK(lookupd.http().request("OPTIONS", "/topics").header("x-nsq-content-type") == "");

  CHECK(lookupd.get("/topics").header("content-type") == "application/json; charset=utf-8");
  CHECK(lookupd.get("/ping").header("content-type") == "text/plain; charset=utf-8");
  const HttpResponse empty = lookupd.post("/topic/create?topic=t");
  CHECK(empty.header("content-type") == "");
  CHECK(empty.header("content-length") == "0");
}

TEST_CASE("long polling: a plain answer has no index", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  const LookupPeer peer = lookupd.peer("host", {"t"});
  CHECK_FALSE(lookupd.get("/lookup?topic=t").json().contains("index"));
  const auto asked = lookupd.get("/lookup?topic=t&index=0").json();
  CHECK(asked.at("index").is_number_unsigned());
  CHECK(asked.size() == 3);
  CHECK(lookupd.get("/lookup?topic=t&wait=1").status == 400);
}

TEST_CASE("long polling: the answer comes when it is another one", "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd;
  SimpleHttp poll = lookupd.http();
  const auto wait_behind = [&](const nlohmann::json& answer) {
    poll.send("GET /lookup?topic=t&wait=60s&index=" + answer.at("index").dump() +
              " HTTP/1.1\r\nHost: x\r\n\r\n");
    // The next answer on another connection comes behind it.
    CHECK(lookupd.get("/ping").body == "OK");
  };
  auto answer = lookupd.get("/lookup?topic=t&index=0").json();
  CHECK(answer.at("message") == "TOPIC_NOT_FOUND");

  wait_behind(answer);
  LookupPeer peer = lookupd.peer("host", {"other", "t"});
  answer = poll.read().json();
  // It may come between the topic and its producer.
  if (answer.at("producers").empty()) {
    wait_behind(answer);
    answer = poll.read().json();
  }
  CHECK(answer.at("producers").size() == 1);

  wait_behind(answer);
  REQUIRE(lookupd.post("/channel/create?topic=t&channel=c").status == 200);
  answer = poll.read().json();
  CHECK(answer.at("channels") == Names{"c"});

  wait_behind(answer);
  peer.close();
  answer = poll.read().json();
  CHECK(answer.at("producers").empty());

  wait_behind(answer);
  REQUIRE(lookupd.post("/topic/delete?topic=t").status == 200);
  CHECK(poll.read().status == 404);
}

TEST_CASE("long polling: silence and tombstones that end are changes",
          "[integration][nsqlookupd]") {
  const Nsqlookupd lookupd({"--inactive-producer-timeout=200ms", "--tombstone-lifetime=20ms"});
  const LookupPeer peer = lookupd.peer("host", {"t"});
  REQUIRE(lookupd.post("/topic/tombstone?topic=t&node=host:4151").status == 200);
  const auto poll = [&](const nlohmann::json& index) {
    return lookupd.get("/lookup?topic=t&wait=60s&index=" + index.dump()).json();
  };
  auto answer = poll(0);
  bool seen = !answer.at("producers").empty();
  while (!seen) {
    answer = poll(answer.at("index"));
    seen = !answer.at("producers").empty();
  }
  answer = poll(answer.at("index"));
  CHECK(answer.at("producers").empty());
}

TEST_CASE("long polling: it ends with the time, and with the daemon", "[integration][nsqlookupd]") {
  Nsqlookupd lookupd;
  const auto index = lookupd.get("/lookup?topic=t&index=0").json().at("index").dump();
  const std::string target = "/lookup?topic=t&index=" + index + "&wait=";
  check(lookupd.get(target + "10ms"), 404,
        R"({"message":"TOPIC_NOT_FOUND","index":)" + index + "}");
  SimpleHttp poll = lookupd.http();
  poll.send("GET " + target + "60s HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(lookupd.get("/ping").body == "OK");
  lookupd.process().send_signal(SIGTERM);
  CHECK(poll.read().status == 404);
  CHECK(poll.at_end());
  CHECK(lookupd.process().wait() == exited(0));
}

}  // namespace
}  // namespace nsq::test
