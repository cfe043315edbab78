#include "clients/tools/nsq_tail/printer.hpp"

#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::tools;

namespace {

struct Answers final : client::detail::ResponseSink {
  std::vector<client::detail::Response> seen;
  void respond(const client::detail::Response& response) override { seen.push_back(response); }
};

/// A printer on a pipe, and messages for it.
struct Terminal {
  std::array<int, 2> pipe{};
  std::shared_ptr<Answers> answers = std::make_shared<Answers>();
  int ends = 0;

  Terminal() { REQUIRE(::pipe(pipe.data()) == 0); }
  ~Terminal() {
    for (const int fd : pipe) ::close(fd);
  }
  Printer printer(Printer::Settings settings) {
    settings.fd = pipe[1];
    return Printer(settings, [this] { ++ends; });
  }
  client::Message message(std::string_view body) {
    auto origin = std::make_shared<client::detail::Origin>();
    origin->sink = answers;
    wire::MessageView view;
    view.body = body;
    return {origin, view};
  }
  /// What was printed since the last call; something must have been.
  std::string read() {
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(pipe[0], buffer.data(), buffer.size());
    return got < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(got));
  }
};

}  // namespace

TEST_CASE("a body is printed with a newline, verbatim", "[nsq_tail][printer]") {
  Terminal t;
  Printer printer = t.printer({});
  REQUIRE(printer.handle("a", t.message(std::string_view("x\ny\0z", 5))).has_value());
  CHECK(t.read() == std::string("x\ny\0z\n", 6));
  CHECK(t.answers->seen.at(0).kind == client::detail::Response::Kind::finish);
}

TEST_CASE("the topic comes before it when asked for", "[nsq_tail][printer]") {
  Terminal t;
  Printer printer = t.printer({.print_topic = true});
  REQUIRE(printer.handle("orders", t.message("x")).has_value());
  CHECK(t.read() == "orders | x\n");
}

TEST_CASE("the limit is each topic's, what comes behind goes back", "[nsq_tail][printer]") {
  Terminal t;
  Printer printer = t.printer({.limit = 2});
  for (const char* topic : {"a", "b", "a", "b", "a"}) {
    REQUIRE(printer.handle(topic, t.message(topic)).has_value());
  }
  CHECK(t.read() == "a\nb\na\n");
  CHECK(t.ends == 1);
  CHECK(printer.error().empty());
  REQUIRE(t.answers->seen.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    const auto kind = t.answers->seen[i].kind;
    CHECK((kind == client::detail::Response::Kind::finish) == (i < 3));
  }
  CHECK(t.answers->seen[4].delay == Nanoseconds(0));
  CHECK_FALSE(t.answers->seen[4].failure);
}

TEST_CASE("a failed write ends it and gives the message back", "[nsq_tail][printer]") {
  Terminal t;
  int ends = 0;
  Printer printer({.fd = t.pipe[0]}, [&ends] { ++ends; });  // the end that cannot be written
  REQUIRE(printer.handle("a", t.message("x")).has_value());
  CHECK(ends == 1);
  CHECK(printer.error() == "ERROR: failed to write to os.Stdout - Bad file descriptor");
  CHECK(t.answers->seen.at(0).kind == client::detail::Response::Kind::requeue);
}
