// A nsqd that an --auth-file secures, on both of its ports.

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/integration/every_command.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOperator = R"(
[[identity]]
name = "operator"
secret = "operator-secret"
admin = true
)";

constexpr const char* kApp = R"(
[[identity]]
name = "app"
url = "https://example.org/app"
secret = "app-secret"
publish = ["orders"]
subscribe = ["orders/billing"]
)";

/// An auth file in a directory of its own, replaced as a whole.
class File {
 public:
  explicit File(const std::string& text) { write(text); }
  void write(const std::string& text) const {
    const fs::path next = folder_.path() / "next";
    std::ofstream(next) << text;
    fs::permissions(next, fs::perms::owner_read | fs::perms::owner_write);
    fs::rename(next, path());
  }
  fs::path path() const { return folder_.path() / "auth.toml"; }
  std::string flag() const { return "--auth-file=" + path().string(); }

 private:
  TempDir folder_;
};

HttpResponse ask(const Nsqd& nsqd, std::string_view method, std::string_view target,
                 const std::string& secret, std::string_view body = {}) {
  HttpHeaders headers;
  if (!secret.empty()) headers.push_back("Authorization: Bearer " + secret);
  return nsqd.request(method, target, body, headers);
}

/// The answer to AUTH on a connection of its own.
Frame logged_in(const Nsqd& nsqd, std::string_view secret) {
  return nsqd.connect().ask(auth(secret));
}

const Frame kFailed = error("E_AUTH_FAILED AUTH failed");

TEST_CASE("an auth file on TCP", "[integration][auth]") {
  const File file(std::string(kOperator) + kApp);
  Nsqd nsqd({file.flag()});
  RawClient client = nsqd.connect();
  CHECK(client.ask(identify(R"({"feature_negotiation":true})"))
            .data.find(R"("auth_required":true)") != std::string::npos);
  CHECK(client.ask(auth("app-secret")) ==
        response(
            R"({"identity":"app","identity_url":"https://example.org/app","permission_count":2})"));
  CHECK(client.ask(pub("orders", "x")) == ok());
  CHECK(client.ask(pub("other", "x")) ==
        error(R"(E_UNAUTHORIZED AUTH failed for PUB on "other" "")"));
  CHECK(client.read_to_end() == "");
  CHECK(logged_in(nsqd, "wrong-secret") == kFailed);
  RawClient consumer = nsqd.connect();
  CHECK(consumer.ask(auth("app-secret")).type == 0);
  CHECK(consumer.subscribe("orders", "other") ==
        error(R"(E_UNAUTHORIZED AUTH failed for SUB on "orders" "other")"));
  CHECK(nsqd.process().err().find("-secret") == std::string::npos);
}

TEST_CASE("no command of a stranger is executed", "[integration][auth]") {
  using wire::Command;
  const File file(kOperator);
  const Nsqd nsqd({file.flag()});
  REQUIRE(nsqd_commands().back().command == Command::cls);
  for (const TriedCommand& tried : nsqd_commands()) {
    // They change nothing, and tell only what anybody may know.
    if (tried.command == Command::identify || tried.command == Command::nop) continue;
    INFO(tried.name);
    RawClient client = nsqd.connect();
    const Frame answer = client.ask(tried.bytes);
    CHECK(answer.type == 1);
    if (tried.needs_permission) {
      CHECK(answer == error("E_AUTH_FIRST AUTH required before " + tried.name));
    }
    CHECK(client.read_to_end() == "");
  }
  const auto stats = ask(nsqd, "GET", "/stats?format=json", "operator-secret").json();
  CHECK(stats["topics"].empty());
}

TEST_CASE("an auth file on HTTP", "[integration][auth]") {
  const File file(std::string(kOperator) + kApp);
  Nsqd nsqd({file.flag()});
  const auto stranger = nsqd.get("/stats");
  CHECK(stranger.status == 401);
  CHECK(stranger.body == api_error("UNAUTHORIZED"));
  CHECK(stranger.header("content-type") == "application/json; charset=utf-8");
  CHECK(stranger.header("www-authenticate") == "Bearer realm=\"nsqd\"");
  CHECK(ask(nsqd, "GET", "/info", "wrong-secret").status == 401);
  CHECK(nsqd.get("/nowhere").status == 401);
  CHECK(nsqd.get("/ping").body == "OK");
  CHECK(ask(nsqd, "POST", "/pub?topic=orders", "app-secret", "x").body == "OK");
  const auto denied = ask(nsqd, "POST", "/pub?topic=hidden", "app-secret", "x");
  CHECK(denied.status == 403);
  CHECK(denied.body == api_error("FORBIDDEN"));
  CHECK(ask(nsqd, "POST", "/topic/delete?topic=orders", "app-secret").status == 403);
  CHECK(ask(nsqd, "PUT", "/config/log_level", "app-secret", "debug").status == 403);
  CHECK(ask(nsqd, "PUT", "/config/log_level", "operator-secret", "debug").status == 200);
  CHECK(ask(nsqd, "GET", "/nowhere", "app-secret").status == 404);
  // A body that is too large says nothing to a stranger either.
  CHECK(nsqd.post("/pub?topic=orders", std::string(2'000'000, 'x')).status == 401);
  CHECK(nsqd.process().err().find("-secret") == std::string::npos);
  nsqd.process().wait_for_line("WARNING: HTTP: refused GET /stats (127.0.0.1:");
}

TEST_CASE("a stranger's body is not waited for", "[integration][auth]") {
  const File file(std::string(kOperator) + kApp);
  Nsqd nsqd({file.flag(), "--max-msg-size=10000000"});
  for (const std::string start : {"POST /pub?topic=orders", "POST /mpub?topic=orders",
                                  "PUT /config/log_level", "POST /nowhere"}) {
    CAPTURE(start);
    for (const std::string more : {"", "Expect: 100-continue\r\n"}) {
      SimpleHttp client = nsqd.http();
      client.send(start + " HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n" + more + "\r\n");
      const HttpResponse refused = client.read();
      CHECK(refused.status == 401);
      CHECK(refused.header("connection") == "close");
      CHECK(client.at_end());
    }
  }
  // Who sends all the same sees the answer rather than a reset.
  CHECK(nsqd.post("/pub?topic=orders", std::string(5'000'000, 'x')).status == 401);
  CHECK(ask(nsqd, "POST", "/pub?topic=orders", "app-secret", std::string(5'000'000, 'x')).body ==
        "OK");
}

TEST_CASE("statistics show an identity its own topics", "[integration][auth]") {
  const File file(std::string(kOperator) + kApp);
  const Nsqd nsqd({file.flag()});
  RawClient producer = nsqd.connect();
  CHECK(producer.ask(auth("operator-secret")).type == 0);
  CHECK(producer.ask(pub("orders", "x")) == ok());
  CHECK(producer.ask(pub("hidden", "x")) == ok());
  RawClient other = nsqd.connect();
  CHECK(other.ask(auth("operator-secret")).type == 0);
  CHECK(other.ask(pub("hidden", "x")) == ok());
  const auto all = ask(nsqd, "GET", "/stats?format=json", "operator-secret").json();
  CHECK(all["topics"].size() == 2);
  CHECK(all["producers"].size() == 2);
  const auto own = ask(nsqd, "GET", "/stats?format=json", "app-secret").json();
  REQUIRE(own["topics"].size() == 1);
  CHECK(own["topics"][0]["topic_name"] == "orders");
  REQUIRE(own["producers"].size() == 1);
  CHECK(own["producers"][0]["pub_counts"].size() == 1);
  CHECK(ask(nsqd, "GET", "/stats", "app-secret").body.find("hidden") == std::string::npos);
  const auto asked = ask(nsqd, "GET", "/stats?format=json&topic=hidden", "app-secret").json();
  CHECK(asked["topics"].is_null());
}

TEST_CASE("an auth file is read again when it changes", "[integration][auth]") {
  const File file(std::string(kOperator) + kApp);
  Nsqd nsqd({file.flag()});
  RawClient producer = nsqd.connect();
  CHECK(producer.ask(auth("app-secret")).type == 0);
  CHECK(producer.ask(pub("orders", "x")) == ok());
  RawClient consumer = nsqd.connect();
  CHECK(consumer.ask(auth("app-secret")).type == 0);
  CHECK(consumer.subscribe("orders", "billing") == ok());
  SECTION("a broken one is not used") {
    file.write("[[identity]]\nsecret = \"half");
    nsqd.process().wait_for_line("cannot be used, keeping what was there - line 2: not TOML");
    CHECK(producer.ask(pub("orders", "x")) == ok());
    CHECK(logged_in(nsqd, "app-secret").type == 0);
    file.write(std::string(kOperator) + kApp);
    CHECK(logged_in(nsqd, "app-secret").type == 0);
  }
  SECTION("a missing one neither") {
    fs::remove(file.path());
    nsqd.process().wait_for_line("cannot be used, keeping what was there");
    CHECK(logged_in(nsqd, "app-secret").type == 0);
  }
  SECTION("who is not in it any more is out, also on connections that are there") {
    file.write(kOperator);
    CHECK(await_value(kFailed, [&] { return logged_in(nsqd, "app-secret"); }) == kFailed);
    CHECK(producer.ask(pub("orders", "x")) == kFailed);
    CHECK(consumer.ask("NOP\n") == kFailed);
    CHECK(ask(nsqd, "GET", "/info", "app-secret").status == 401);
    CHECK(ask(nsqd, "GET", "/info", "operator-secret").status == 200);
  }
  SECTION("SIGHUP reads it at once, whether it changed or not") {
    nsqd.process().send_signal(SIGHUP);
    CHECK(eventually([&] {
      const std::string log = nsqd.process().err();
      const auto first = log.find("AUTH: 2 identities in ");
      return log.find("AUTH: 2 identities in ", first + 1) != std::string::npos;
    }));
    CHECK(producer.ask(pub("orders", "x")) == ok());
  }
}

TEST_CASE("nsqd does not start with an auth file that it cannot use", "[integration][auth]") {
  const TempDir data;
  const File file("[[identity]]\nname = \"a\"\n");
  const auto start = [&](const std::string& flag) {
    return run_to_end(nsqd_path(), {"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0",
                                    "--data-path=" + data.path().string(), flag});
  };
  const auto broken = start(file.flag());
  CHECK(broken.status == exited(1));
  CHECK(broken.err.find("failed to instantiate nsqd - failed to load --auth-file " +
                        file.path().string() + " - line 1: identity \"a\" needs secret") !=
        std::string::npos);
  const auto missing = start("--auth-file=/nowhere/auth.toml");
  CHECK(missing.status == exited(1));
  CHECK(missing.err.find("No such file or directory") != std::string::npos);
  const auto address = start("--auth-http-address=http://user:hush@host:x/");
  CHECK(address.status == exited(1));
  CHECK(address.err.find("invalid --auth-http-address") != std::string::npos);
  CHECK(address.err.find("hush") == std::string::npos);
}

}  // namespace
}  // namespace nsq::test
