// AUTH with external auth servers: well, slow, down, and lying.

#include <chrono>
#include <future>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/integration/every_command.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/fake_nsqlookupd.hpp"

namespace nsq::test {
namespace {

constexpr const char* kWelcome = R"({"identity":"bill","identity_url":"","permission_count":1})";

std::string flag(const Acceptor& server) {
  return "--auth-http-address=127.0.0.1:" + std::to_string(server.port());
}

std::string grant(std::string_view topic = ".*", std::string_view ttl = "60") {
  return R"({"ttl":)" + std::string(ttl) + R"(,"identity":"bill","authorizations":[{"topic":")" +
         std::string(topic) + R"(","channels":[".*"],"permissions":["publish","subscribe"]}]})";
}

/// Takes the next question and answers it. @return the question.
std::string answer(Acceptor& server, const std::string& body, int status = 200) {
  FakeHttpSession session(server.accept());
  std::string request = session.read_request();
  session.reply(status, body);
  return request;
}

TEST_CASE("10.4/63 what an auth server is asked", "[integration][auth]") {
  Acceptor server;
  const Nsqd nsqd({flag(server)});
  RawClient client = nsqd.connect();
  client.send(auth("a b&c"));
  const std::string request = answer(server, grant());
  CHECK(request.starts_with(
      "GET /auth?common_name=&remote_ip=127.0.0.1&secret=a+b%26c&tls=false HTTP/1.1\r\n"));
  CHECK(request.find("Accept: application/vnd.nsq; version=1.0\r\n") != std::string::npos);
  CHECK(client.read() == response(kWelcome));
  CHECK(client.ask(pub(fresh("t"), "x")) == ok());
}

TEST_CASE("10.4/63 what an auth server is asked by POST", "[integration][auth]") {
  Acceptor server;
  const Nsqd nsqd({"--auth-http-address=http://127.0.0.1:" + std::to_string(server.port()) + "/a",
                   "--auth-http-request-method=post"});
  RawClient client = nsqd.connect();
  client.send(auth("s"));
  Socket session = server.accept();
  const std::string body =
      R"({"common_name":[""],"remote_ip":["127.0.0.1"],"secret":["s"],"tls":["false"]})";
  std::string request;
  while (!request.ends_with(body)) {
    const std::string more = session.receive();
    REQUIRE_FALSE(more.empty());
    request += more;
  }
  CHECK(request.starts_with("POST /a HTTP/1.1\r\n"));
  CHECK(request.find("Content-Type: application/json\r\n") != std::string::npos);
  session.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(grant().size()) + "\r\n\r\n" +
               grant());
  CHECK(client.read() == response(kWelcome));
}

TEST_CASE("10.4/58 an auth server's lies are all one error", "[integration][auth]") {
  Acceptor server;
  Nsqd nsqd({flag(server)});
  const auto [body, status] = GENERATE(table<std::string, int>({
      {grant(".*", "0"), 200},
      {grant(".*", "-5"), 200},
      {grant(".*", "1.5"), 200},
      {grant(".*", "\"60\""), 200},
      {R"({"authorizations":[]})", 200},
      {grant("("), 200},
      {R"({"ttl":1,"authorizations":[{"topic":"a","channels":[],"permissions":["root"]}]})", 200},
      {"not JSON", 200},
      {"", 200},
      {"[]", 200},
      {std::string(2'000'000, ' ') + grant(), 200},
      {grant(), 500},
      {grant(), 403},
      {grant(), 302},
      {R"({"https_port":1})", 403},
  }));
  RawClient client = nsqd.connect();
  client.send(auth("hush-hush"));
  answer(server, body, status);
  CHECK(client.read() == error("E_AUTH_FAILED AUTH failed"));
  CHECK(client.read_to_end() == "");
  nsqd.process().wait_for_line("AUTH failed no auth server gave an answer");
  CHECK(nsqd.process().err().find("hush") == std::string::npos);
}

TEST_CASE("10.4/57 nothing authorised, something else authorised", "[integration][auth]") {
  Acceptor server;
  const Nsqd nsqd({flag(server)});
  RawClient none = nsqd.connect();
  none.send(auth("s"));
  answer(server, R"({"ttl":5,"authorizations":[]})");
  CHECK(none.read() == error("E_UNAUTHORIZED AUTH no authorizations found"));
  CHECK(none.read_to_end() == "");
  RawClient other = nsqd.connect();
  other.send(auth("s"));
  answer(server, grant("^other$"));
  CHECK(other.read() == response(kWelcome));
  CHECK(other.ask(pub("topic", "x")) ==
        error(R"(E_UNAUTHORIZED AUTH failed for PUB on "topic" "")"));
  CHECK(other.read_to_end() == "");
  CHECK(nsqd.stats()["topics"].empty());
}

TEST_CASE("10.4/64 a dead auth server hides none that lives", "[integration][auth]") {
  Acceptor alive;
  std::uint16_t dead_port = 0;
  {
    const Acceptor gone;
    dead_port = gone.port();
  }
  const Nsqd nsqd({"--auth-http-address=127.0.0.1:" + std::to_string(dead_port), flag(alive)});
  for (int i = 0; i < 12; ++i) {
    RawClient client = nsqd.connect();
    client.send(auth("s"));
    answer(alive, grant());
    CHECK(client.read() == response(kWelcome));
  }
}

TEST_CASE("auth servers that are down are an error at once", "[integration][auth]") {
  std::uint16_t dead_port = 0;
  {
    const Acceptor gone;
    dead_port = gone.port();
  }
  Nsqd nsqd({"--auth-http-address=127.0.0.1:" + std::to_string(dead_port)});
  RawClient client = nsqd.connect();
  CHECK(client.ask(auth("hush-hush")) == error("E_AUTH_FAILED AUTH failed"));
  CHECK(client.read_to_end() == "");
  nsqd.process().wait_for_line("AUTH: failed to query http://127.0.0.1:");
  CHECK(nsqd.process().err().find("hush") == std::string::npos);
}

TEST_CASE("a slow auth server holds up only who waits for it", "[integration][auth]") {
  Acceptor server;
  Nsqd nsqd({flag(server), "--io-threads=1"});
  const std::string topic = fresh("t");
  RawClient waits = nsqd.connect();
  waits.send(auth("slow") + pub(topic, "after"));
  FakeHttpSession slow(server.accept());
  CHECK(slow.read_request().find("secret=slow") != std::string::npos);
  // On the same thread, while it is being asked: another client comes, is let in, and works.
  RawClient goes_on = nsqd.connect();
  goes_on.send(auth("quick"));
  answer(server, grant());
  CHECK(goes_on.read() == response(kWelcome));
  CHECK(goes_on.ask(pub(topic, "x")) == ok());
  CHECK_FALSE(waits.readable(std::chrono::milliseconds(0)));
  slow.reply(200, grant());
  CHECK(waits.read() == response(kWelcome));
  CHECK(waits.read() == ok());
  CHECK(nsqd.stat(topic, "message_count") == 2);
}

TEST_CASE("an auth server that never answers is given up", "[integration][auth]") {
  Acceptor server;
  Nsqd nsqd({flag(server), "--http-client-request-timeout=200ms"});
  RawClient client = nsqd.connect();
  client.send(auth("hush-hush"));
  const Socket silent = server.accept();
  CHECK(client.read() == error("E_AUTH_FAILED AUTH failed"));
  CHECK(client.read_to_end() == "");
  CHECK(nsqd.process().err().find("hush") == std::string::npos);
}

TEST_CASE("nsqd stops while an auth server is asked", "[integration][auth]") {
  Acceptor server;
  Nsqd nsqd({flag(server), "--http-client-request-timeout=60s"});
  RawClient client = nsqd.connect();
  client.send(auth("s"));
  const Socket silent = server.accept();
  CHECK(nsqd.process().stop() == exited(0));
  CHECK(client.read_to_end() == "");
}

TEST_CASE("a client that leaves while an auth server is asked leaves nothing",
          "[integration][auth]") {
  Acceptor server;
  const Nsqd nsqd({flag(server)});
  {
    RawClient client = nsqd.connect();
    client.send(auth("s"));
  }
  answer(server, grant());
  RawClient next = nsqd.connect();
  next.send(auth("s"));
  answer(server, grant());
  CHECK(next.read() == response(kWelcome));
}

TEST_CASE("10.4/62 an expired grant is asked for again once", "[integration][auth]") {
  Acceptor server;
  const Nsqd nsqd({flag(server)});
  const std::string topic = fresh("t");
  RawClient consumer = nsqd.connect();
  consumer.send(auth("c"));
  answer(server, grant(".*", "1"));
  CHECK(consumer.read() == response(kWelcome));
  CHECK(consumer.subscribe(topic, "ch") == ok());
  consumer.send(rdy(2500));
  RawClient producer = nsqd.connect();
  producer.send(auth("p"));
  answer(server, grant(".*", "1"));
  CHECK(producer.read() == response(kWelcome));
  // When the second it was given is over, a publish waits for one more question; no other follows,
  // for nobody would answer it.
  auto question = std::async(std::launch::async, [&] { return answer(server, grant()); });
  int rounds = 0;
  REQUIRE(eventually([&] {
    ++rounds;
    producer.send(pub(topic, "a") + pub(topic, "b"));
    CHECK(producer.read() == ok());
    CHECK(producer.read() == ok());
    return question.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }));
  CHECK(question.get().find("secret=p") != std::string::npos);
  // What the consumer may do was settled when it subscribed.
  for (int i = 0; i < rounds; ++i) {
    CHECK(consumer.read_message().body == "a");
    CHECK(consumer.read_message().body == "b");
  }
  const auto clients = nsqd.stats("&topic=" + topic)["topics"][0]["channels"][0]["clients"];
  CHECK(clients[0]["authed"] == true);
  CHECK(clients[0]["auth_identity"] == "bill");
  CHECK_FALSE(clients[0].contains("auth_identity_url"));
}

TEST_CASE("an auth server that fails at the next question ends the connection",
          "[integration][auth]") {
  Acceptor server;
  const Nsqd nsqd({flag(server)});
  RawClient client = nsqd.connect();
  client.send(auth("s"));
  answer(server, grant(".*", "1"));
  CHECK(client.read() == response(kWelcome));
  const auto question = std::async(std::launch::async, [&] { return answer(server, "", 500); });
  const std::string publish = pub(fresh("t"), "x");
  const Frame failed = error("E_AUTH_FAILED AUTH failed");
  CHECK(eventually([&] {  // until the second it was given is over
    const Frame said = client.ask(publish);
    CHECK((said == ok() || said == failed));
    return said == failed;
  }));
  CHECK(client.read_to_end() == "");
}

}  // namespace
}  // namespace nsq::test
