#include "clients/nsq/connection.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/clients/nsq/client_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

namespace {

struct Listener final : ConnectionListener {
  std::vector<std::string> bodies, responses, errors;
  std::vector<Error> closed;
  int reads = 0;

  void on_message(Connection&, const wire::MessageView& message) override {
    bodies.emplace_back(message.body);
  }
  void on_response(Connection&, std::string_view text) override { responses.emplace_back(text); }
  void on_error(Connection&, const wire::ProtocolError& error) override {
    errors.push_back(error.text());
  }
  void on_read_end(Connection&) override { ++reads; }
  void on_closed(Connection&, const Error& reason) override { closed.push_back(reason); }
};

struct ConnectionStage : Stage {
  std::shared_ptr<Listener> listener = std::make_shared<Listener>();

  std::shared_ptr<Connection> connection(const Config& config = {}) {
    return std::make_shared<Connection>(io.get_executor(), 1, nsqd.address(),
                                        std::make_shared<const Options>(config.values),
                                        ConnectionLog{});
  }
  asio::awaitable<void> until_closed() {
    co_await until([this] { return !listener->closed.empty(); });
  }
};

std::string raw(std::initializer_list<int> bytes) {
  std::string text;
  for (const int b : bytes) text += static_cast<char>(b);
  return text;
}

}  // namespace

TEST_CASE("a bare OK means the old defaults", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        const std::string said = co_await client->handshake("OK");
        CHECK(said.find("\"feature_negotiation\":true") != std::string::npos);
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        CHECK(c.identity().max_rdy_count == 2500);
        CHECK(c.identity().msg_timeout == 60000);
        CHECK(c.identity().max_msg_timeout == 900000);
        c.close({});
      }(*connection));
}

TEST_CASE("TLS that is required and not offered ends the connection", "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.tls_required = true;
  auto connection = s.connection(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        const std::string said = co_await client->handshake(R"({"tls_v1":false})");
        CHECK(said.find("\"tls_v1\":true") != std::string::npos);
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().text() == "TLS is required, and this nsqd does not offer it");
        CHECK(c.closed());
      }(*connection));
}

TEST_CASE("TLS and compression that are asked for and not offered are done without",
          "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.tls_v1 = true;
  config.values.snappy = true;
  auto connection = s.connection(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        const std::string said = co_await client->handshake(R"({"version":"1"})");
        CHECK(said.find("\"snappy\":true") != std::string::npos);
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        CHECK(opened.has_value());
        c.close({});
      }(*connection));
}

TEST_CASE("a compressed OK in the segment of the IDENTIFY reply is decoded",
          "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.snappy = true;
  auto connection = s.connection(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->read_magic();
        (void)co_await client->read_command();
        std::string bytes;
        wire::append_frame(bytes, wire::FrameType::response, R"({"snappy":true})");
        // The stream's identifier, then the OK as one stored chunk with its masked CRC-32C.
        bytes += raw({0xff, 6, 0, 0}) + "sNaPpY" + raw({1, 14, 0, 0, 0x26, 0x98, 0x2b, 0xcf});
        bytes += raw({0, 0, 0, 6, 0, 0, 0, 0}) + "OK";
        co_await client->send_raw(std::move(bytes));
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        INFO((opened ? std::string() : opened.error().text()));
        CHECK(opened.has_value());
        c.close({});
      }(*connection));
}

TEST_CASE("an answer without max_rdy_count means 2500", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake(R"({"version":"9","unknown":[1],"msg_timeout":5000})");
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        CHECK(c.identity().max_rdy_count == 2500);
        CHECK(c.identity().msg_timeout == 5000);
        c.close({});
      }(*connection));
}

TEST_CASE("an error frame to IDENTIFY is passed on exactly", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  const std::string text = "E_BAD_BODY IDENTIFY heartbeat interval (100) is invalid";
  s.play(
      [](FakeNsqd& nsqd, std::string error) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->read_magic();
        co_await client->expect("IDENTIFY");
        co_await client->send_error(error);
        co_await client->read_to_end();  // the socket is closed on this path too
      }(s.nsqd, text),
      [](Connection& c, std::string error) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().code == Errc::rejected);
        CHECK(opened.error().text() == error);
        CHECK(c.closed());
      }(*connection, text));
}

TEST_CASE("AUTH follows IDENTIFY if the server asks for it", "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.auth_secret = "s3cret";
  auto connection = s.connection(config);
  const std::string text =
      GENERATE("", "E_AUTH_FAILED AUTH failed", "E_UNAUTHORIZED AUTH no authorizations found");
  s.play(
      [](FakeNsqd& nsqd, std::string error) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake(R"({"auth_required":true})");
        const std::string secret = co_await client->expect("AUTH");
        CHECK(secret == "s3cret");
        if (error.empty()) {
          co_await client->send_response(
              R"({"identity":"bill","identity_url":"","permission_count":1})");
        } else {
          co_await client->send_error(error);
        }
        co_await client->read_to_end();
      }(s.nsqd, text),
      [](Connection& c, std::string error) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        CHECK(text_of(opened) == error);
        if (!opened) CHECK(opened.error().code == Errc::rejected);
        c.close({Errc::closed, "done"});
      }(*connection, text));
}

TEST_CASE("a secret stays here if the server does not ask for it", "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.auth_secret = "s3cret";
  auto connection = s.connection(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake(R"({"auth_required":false})");
        const auto rest = co_await client->read_to_end();
        CHECK(rest.empty());
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        CHECK(opened.has_value());
        c.close({Errc::closed, "done"});
      }(*connection));
}

TEST_CASE("a server that needs AUTH is refused with its name", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake(R"({"auth_required":true})");
        co_await client->read_to_end();
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        CHECK(text_of(opened) == "Auth Required");
      }(*connection));
}

TEST_CASE("a peer that accepts and stays silent ends at the handshake's deadline",
          "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.handshake_timeout = Milliseconds(20);
  auto connection = s.connection(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->read_to_end();
      }(s.nsqd),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().code == Errc::timed_out);
        CHECK(opened.error().text() == "handshake: i/o timeout");
      }(*connection));
}

TEST_CASE("a refused dial says so", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.nsqd.stop();
  s.run([](Connection& c) -> asio::awaitable<void> {
    auto opened = co_await c.open();
    CHECK(text_of(opened) == "dial tcp " + c.nsqd().text() + ": connect: connection refused");
  }(*connection));
}

TEST_CASE("what is not a frame ends the handshake", "[client][connection]") {
  const std::string bytes = GENERATE(
      std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), raw({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}),
      raw({0, 0, 0, 0, 0, 0, 0, 0}), raw({0, 0, 0, 3, 0, 0, 0, 0}), raw({0, 0, 0, 4, 0, 0, 0, 3}));
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd, std::string reply) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->read_magic();
        co_await client->send_raw(std::move(reply));
        co_await client->read_to_end();
      }(s.nsqd, bytes),
      [](Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE_FALSE(opened.has_value());
        CHECK((opened.error().code == Errc::bad_frame ||
               opened.error().code == Errc::frame_too_large));
      }(*connection));
}

TEST_CASE("a started connection is told everything, and its end once", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->send_heartbeat();
        const testing::SentCommand nop = co_await client->read_command();
        CHECK(nop.line == "NOP");
        co_await client->send_message({.id = id(1), .body = ""});
        co_await client->send_message({.id = id(2), .body = std::string(1 << 20, 'x')});
        co_await client->send_message({.id = id(3), .body = raw({0, 0, 0, 6, 0, 0, 0, 0, 79, 75})});
        co_await client->send_error("E_FIN_FAILED FIN " + id(1) + " failed ID not in flight");
        co_await client->send_response("OK");
        co_await client->send_error("E_INVALID something");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConnectionStage& stage, Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        c.start(stage.listener);
        co_await stage.until_closed();
        Listener& heard = *stage.listener;
        REQUIRE(heard.bodies.size() == 3);
        CHECK(heard.bodies[0].empty());
        CHECK(heard.bodies[1].size() == 1 << 20);
        CHECK(heard.bodies[2].size() == 10);
        CHECK(heard.responses == std::vector<std::string>{"OK"});
        CHECK(heard.errors.size() == 2);
        c.close({Errc::closed, "again"});
        CHECK(heard.closed.at(0).code == Errc::rejected);
        CHECK(heard.closed.at(0).text() == "E_INVALID something");
      }(s, *connection));
  CHECK(s.listener->closed.size() == 1);
}

TEST_CASE("a message frame below 26 bytes ends the connection", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->send_raw(raw({0, 0, 0, 5, 0, 0, 0, 2, 65}));
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConnectionStage& stage, Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        c.start(stage.listener);
        co_await stage.until_closed();
        CHECK(stage.listener->closed.at(0).code == Errc::bad_frame);
        CHECK(stage.listener->bodies.empty());
      }(s, *connection));
}

TEST_CASE("frames cut anywhere arrive whole", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        std::string bytes;
        wire::append_frame(bytes, wire::FrameType::response, "first");
        wire::append_frame(bytes, wire::FrameType::response, "second");
        for (const char byte : bytes) co_await client->send_raw(std::string(1, byte));
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConnectionStage& stage, Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        c.start(stage.listener);
        co_await until([&] { return stage.listener->responses.size() == 2; });
        CHECK(stage.listener->responses == std::vector<std::string>{"first", "second"});
        c.close({});
      }(s, *connection));
}

TEST_CASE("a peer that stops reading is dead after the write timeout", "[client][connection]") {
  ConnectionStage s;
  Config config;
  config.values.write_timeout = Milliseconds(50);
  auto connection = s.connection(config);
  std::unique_ptr<FakeClient> client;
  s.play(
      [](FakeNsqd& nsqd, std::unique_ptr<FakeClient>& to) -> asio::awaitable<void> {
        to = co_await nsqd.accept();
        co_await to->handshake();
      }(s.nsqd, client),
      [](ConnectionStage& stage, Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        c.start(stage.listener);
        c.outbox().append(std::size_t{64} << 20, 'x');  // more than the kernel keeps
        c.kick();
        co_await stage.until_closed();
        CHECK(stage.listener->closed.at(0).text() == "write: i/o timeout");
        CHECK(c.bytes_written() < c.bytes_queued());
      }(s, *connection));
}

TEST_CASE("a silent server is noticed", "[client][connection][slow]") {
  ConnectionStage s;
  Config config;
  config.values.heartbeat_interval = Seconds(1);
  config.values.read_timeout = Seconds(1);
  auto connection = s.connection(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConnectionStage& stage, Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        c.start(stage.listener);
        co_await stage.until_closed();
        CHECK(stage.listener->closed.at(0).code == Errc::timed_out);
      }(s, *connection));
}

TEST_CASE("what is appended in one turn leaves with one write", "[client][connection]") {
  ConnectionStage s;
  auto connection = s.connection();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("RDY 1");
        co_await client->expect("RDY 2");
        co_await client->expect("CLS");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConnectionStage& stage, Connection& c) -> asio::awaitable<void> {
        auto opened = co_await c.open();
        REQUIRE(opened.has_value());
        c.start(stage.listener);
        const std::uint64_t before = c.bytes_written();
        for (const char* line : {"RDY 1\n", "RDY 2\n", "CLS\n"}) {
          c.outbox() += line;
          c.kick();
        }
        CHECK(c.bytes_written() == before);  // not yet
        CHECK(c.bytes_queued() == before + 16);
        c.close_when_written({Errc::closed, "done"});
        co_await stage.until_closed();
        CHECK(c.bytes_written() == before + 16);
      }(s, *connection));
}
