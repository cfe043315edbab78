// From an upstream data path to nsqd and back, with the real daemon.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/nsqd.hpp"

namespace nsq::test {
namespace {

namespace fs = std::filesystem;

bool same(const std::vector<Message>& a, const std::vector<Message>& b) {
  return std::ranges::equal(a, b, [](const Message& x, const Message& y) {
    return x.timestamp == y.timestamp && x.attempts == y.attempts && x.id == y.id &&
           x.body == y.body;
  });
}

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

std::string record(const Message& message) {
  return number(26 + message.body.size(), 4) +
         number(static_cast<std::uint64_t>(message.timestamp), 8) + number(message.attempts, 2) +
         message.id + message.body;
}

void write_file(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// A message as upstream's file has it: `attempts` deliveries so far.
Message stored(int number_of_it, std::uint16_t attempts) {
  const std::string digits = std::to_string(number_of_it);
  return {1'700'000'000'000'000'000 + number_of_it, attempts,
          "0a" + std::string(14 - digits.size(), '0') + digits, "body " + digits};
}

std::vector<Message> stored_messages(int first, int count) {
  std::vector<Message> messages;
  for (int i = first; i < first + count; ++i) {
    messages.push_back(stored(i, static_cast<std::uint16_t>(i % 7 == 0 ? 2 : 0)));
  }
  return messages;
}

void write_data(const fs::path& path, const std::vector<Message>& messages) {
  std::string content;
  for (const auto& message : messages) content += record(message);
  write_file(path, content);
}

/// t:c in three files, of which the middle one ends torn; t:d paused; u without channels.
void fill_upstream(const fs::path& dir) {
  write_file(dir / "nsqd.dat",
             R"({"topics":[{"name":"t","paused":false,"channels":[{"name":"c","paused":false},)"
             R"({"name":"d","paused":true}]},{"name":"u","paused":false,"channels":null}],)"
             R"("version":"1.3.0"})");
  write_data(dir / "t:c.diskqueue.000002.dat", stored_messages(0, 1000));
  write_data(dir / "t:c.diskqueue.000003.dat", stored_messages(1000, 1000));
  std::ofstream(dir / "t:c.diskqueue.000003.dat", std::ios::binary | std::ios::app)
      << record(stored(5000, 0)).substr(0, 20);
  write_data(dir / "t:c.diskqueue.000004.dat", stored_messages(2000, 500));
  write_file(dir / "t:c.diskqueue.meta.dat", "2500\n2,0\n4,0\n");
  write_data(dir / "t:d.diskqueue.000000.dat", stored_messages(1990, 20));
  write_file(dir / "t:d.diskqueue.meta.dat", "20\n0,0\n1,0\n");
  write_data(dir / "u.diskqueue.000000.dat", stored_messages(1, 30));
  write_file(dir / "u.diskqueue.meta.dat", "30\n0,0\n1,0\n");
}

/// What a consumer must get: one attempt more.
std::vector<Message> delivered(std::vector<Message> messages) {
  for (auto& message : messages) ++message.attempts;
  return messages;
}

std::vector<std::string> arguments(const fs::path& data) {
  return {"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0", "--mem-queue-size=100",
          "--data-path=" + data.string()};
}

/// An nsqd on a data path that the test owns.
class Daemon {
 public:
  explicit Daemon(const fs::path& data)
      : process_(nsqd_path(), arguments(data)),
        tcp_(port(process_.wait_for_line("TCP: listening on "))),
        http_(port(process_.wait_for_line("HTTP: listening on "))) {}

  DaemonProcess& process() { return process_; }

  /// Takes so many messages and finishes them, in the order of their ids.
  std::vector<Message> consume(std::string_view topic, std::string_view channel,
                               std::size_t count) {
    RawClient client(Socket::tcp(tcp_));
    REQUIRE(client.subscribe(topic, channel) == ok());
    client.send(rdy(100));
    std::vector<Message> messages;
    while (messages.size() < count) {
      messages.push_back(client.read_message());
      client.send(fin(messages.back().id));
    }
    REQUIRE(client.marker() == ok());  // all FINs were handled
    std::ranges::sort(messages, {}, &Message::id);
    return messages;
  }

  /// Messages that a channel still has.
  std::int64_t left(const std::string& topic, const std::string& channel) {
    const auto stats =
        SimpleHttp(Socket::tcp(http_))
            .request("GET", "/stats?format=json&topic=" + topic + "&channel=" + channel)
            .json();
    const auto& found = stats.at("topics").at(0).at("channels").at(0);
    return found.at("depth").get<std::int64_t>() + found.at("in_flight_count").get<std::int64_t>();
  }

  void post(const std::string& target) {
    REQUIRE(SimpleHttp(Socket::tcp(http_)).request("POST", target).status == 200);
  }

 private:
  static std::uint16_t port(const std::string& line) {
    return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
  }

  DaemonProcess process_;
  std::uint16_t tcp_;
  std::uint16_t http_;
};

bool has_queue_files(const fs::path& dir) {
  return std::ranges::any_of(fs::directory_iterator(dir), [](const auto& entry) {
    return entry.path().filename().string().find(".diskqueue.") != std::string::npos;
  });
}

/// All of fill_upstream, to the last message.
void check_served(Daemon& nsqd) {
  CHECK(same(nsqd.consume("t", "c", 2500), delivered(stored_messages(0, 2500))));
  nsqd.post("/channel/unpause?topic=t&channel=d");
  CHECK(same(nsqd.consume("t", "d", 20), delivered(stored_messages(1990, 20))));
  CHECK(same(nsqd.consume("u", "new", 30), delivered(stored_messages(1, 30))));
  CHECK(nsqd.left("t", "c") == 0);
  CHECK(nsqd.left("t", "d") == 0);
  CHECK(nsqd.left("u", "new") == 0);
}

TEST_CASE("nsqd serves what upstream left", "[integration][migration]") {
  const TempDir dir;
  fill_upstream(dir.path());
  {
    Daemon nsqd(dir.path());
    CHECK(nsqd.process().err().find("IMPORT: done: 2550 messages") != std::string::npos);
    CHECK_FALSE(fs::exists(dir.path() / "nsqd.dat"));
    CHECK_FALSE(has_queue_files(dir.path()));
    check_served(nsqd);
    CHECK(nsqd.process().stop() == exited(0));
  }
  // What was consumed is not there again.
  Daemon nsqd(dir.path());
  CHECK(nsqd.process().err().find("IMPORT") == std::string::npos);
  nsqd.process().stop();
  const auto inspected = run_to_end(nsqd_path(), {"--inspect=" + dir.path().string()});
  CHECK(inspected.status == exited(0));
  CHECK(inspected.out.find("stopped cleanly") != std::string::npos);
}

TEST_CASE("killed at any moment of an import, nsqd serves everything once",
          "[integration][migration]") {
  const TempDir dir;
  fill_upstream(dir.path());
  for (int round = 0; round < 5 && fs::exists(dir.path() / "nsqd.dat"); ++round) {
    DaemonProcess process(nsqd_path(), arguments(dir.path()));
    process.wait_for_line("IMPORT: ");  // the first line of an import, or that of moving the files
    process.send_signal(SIGKILL);
    CHECK(process.wait() == killed_by(SIGKILL));
  }
  Daemon nsqd(dir.path());
  check_served(nsqd);
}

TEST_CASE("what is exported is imported again as it was", "[integration][migration]") {
  const TempDir dir;
  const TempDir out;
  fill_upstream(dir.path());
  const auto export_args = [&] {
    auto args = arguments(dir.path());
    args.push_back("--export-upstream=" + out.path().string());
    args.push_back("--max-bytes-per-file=10000");
    return args;
  };
  {
    Daemon nsqd(dir.path());
    const auto refused = run_to_end(nsqd_path(), export_args());
    CHECK(refused.status == exited(1));
    CHECK(refused.err.find("possibly in use by another instance of nsqd") != std::string::npos);
    const auto busy = run_to_end(nsqd_path(), {"--inspect=" + dir.path().string()});
    CHECK(busy.status == exited(1));
    nsqd.process().stop(SIGKILL);
  }
  const auto finished = run_to_end(nsqd_path(), export_args());
  INFO(finished.err);
  REQUIRE(finished.status == exited(0));
  CHECK(finished.out.find("exported 2 topics, 2 channels, 2550 messages") != std::string::npos);
  CHECK(fs::exists(out.path() / "t:c.diskqueue.000005.dat"));
  CHECK(run_to_end(nsqd_path(), export_args()).status == exited(1));  // not empty any more

  Daemon nsqd(out.path());
  check_served(nsqd);
}

TEST_CASE("there is nothing to inspect where there is no database", "[integration][migration]") {
  const TempDir dir;
  const auto finished = run_to_end(nsqd_path(), {"--inspect=" + dir.path().string()});
  CHECK(finished.status == exited(1));
  CHECK(finished.err.find("there is no database in") != std::string::npos);
  CHECK(fs::is_empty(dir.path()));
}

}  // namespace
}  // namespace nsq::test
