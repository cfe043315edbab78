#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "clients/nsq/discovery.hpp"
#include "clients/nsq/testing/fake_nsqlookupd.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/clients/nsq/client_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;
using nsq::client::testing::FakeNsqlookupd;
using nsq::client::testing::FakeQuery;
using nsq::client::testing::ScriptError;

namespace {

const Address kNsqd{.host = "somewhere", .port = 4150};

/// A discovery of a topic's nsqds, and an nsqlookupd that has a certificate, or none.
struct SecureStage : Stage {
  nsq::test::TempDir directory;
  nsq::test::CertificateAuthority authority{directory.path()};
  nsq::test::CertificateFiles files = authority.issue("lookupd");
  std::shared_ptr<nsq::test::RecordingSink> log = std::make_shared<nsq::test::RecordingSink>();
  Config config = quick_config();
  std::optional<FakeNsqlookupd> lookupd;
  std::vector<Address> found;
  std::unique_ptr<Discovery> discovery;  // gone before the above

  SecureStage() { config.values.tls_root_ca_file = authority.file(); }

  void serve_tls(net::TlsClientAuth policy = net::TlsClientAuth::none) {
    auto context = net::TlsContext::server(
        {.cert = files.cert, .key = files.key, .root_ca = authority.file(), .client_auth = policy});
    REQUIRE(context.has_value());
    lookupd.emplace(io.get_executor(), *std::move(context));
  }
  void serve_plain() { lookupd.emplace(io.get_executor()); }

  void discover() {
    discovery = std::make_unique<Discovery>(
        io.get_executor(),
        Discovery::Setup{.options = std::make_shared<const Options>(config.values),
                         .log = {Logger(log, LogLevel::debug), "1"},
                         .topic = wire::TopicName::parse("t").value(),
                         .found = [this](const std::vector<Address>& nsqds) { found = nsqds; }});
    discovery->add(lookupd->url());
  }

  /// Answers the next request.
  asio::awaitable<std::unique_ptr<FakeQuery>> answer() {
    auto query = co_await lookupd->accept();
    co_await query->reply_nsqds({kNsqd});
    co_await until([this] { return !found.empty(); });
    co_return query;
  }
  void run_answered() {
    discover();
    run([](SecureStage& s) -> asio::awaitable<void> { co_await s.answer(); }(*this));
  }
  /// The head of the first request, which is answered.
  std::string head() {
    std::string text;
    discover();
    run([](SecureStage& s, std::string& to) -> asio::awaitable<void> {
      auto query = co_await s.answer();
      to = query->head();
    }(*this, text));
    return text;
  }
  /// Refuses two requests, since one failure does not end the asking; what the server has to say of
  /// the second.
  std::string refused() {
    std::string text;
    discover();
    run([](SecureStage& s, std::string& to) -> asio::awaitable<void> {
      while (s.discovery->stats().failures < 2) {
        try {
          auto query = co_await s.lookupd->accept();
        } catch (const ScriptError& error) {
          to = error.what();
        }
      }
    }(*this, text));
    return text;
  }
  /// The line that each failure with this reason is logged with.
  std::string line(const std::string& why) const {
    const std::string url = lookupd->url().text();
    return fmt::format("error querying nsqlookupd ({}) - GET {}?topic=t&wait=30s&index=0: {}", url,
                       url, why);
  }
};

}  // namespace

TEST_CASE_METHOD(SecureStage, "an nsqlookupd is asked over https", "[client][discovery][tls]") {
  serve_tls();
  CHECK(head().starts_with("GET /lookup?topic=t&wait=30s&index=0 HTTP/1.1\r\n"));
  CHECK(found == std::vector{kNsqd});
  CHECK(log->has(fmt::format("nsqlookupd {} answers, 1 nsqds", lookupd->url().text())));
}

TEST_CASE_METHOD(SecureStage, "the options for TLS hold for https nsqlookupds too",
                 "[client][discovery][tls]") {
  SECTION("a certificate of its own") {
    const auto own = authority.issue("client");
    config.values.tls_cert = own.cert;
    config.values.tls_key = own.key;
    serve_tls(net::TlsClientAuth::require_verify);
  }
  SECTION("no verification") {
    config.values.tls_root_ca_file.clear();
    config.values.tls_insecure_skip_verify = true;
    serve_tls();
  }
  run_answered();
  CHECK(found == std::vector{kNsqd});
}

TEST_CASE_METHOD(SecureStage, "why an https nsqlookupd is of no use is logged",
                 "[client][discovery][tls]") {
  std::string why;
  SECTION("it has a certificate of another authority") {
    const nsq::test::TempDir elsewhere;
    const nsq::test::CertificateAuthority other(elsewhere.path());
    config.values.tls_root_ca_file = directory.path() / "other.pem";
    std::filesystem::copy_file(other.file(), config.values.tls_root_ca_file);
    serve_tls();
    why = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    CHECK(refused().starts_with("remote error: tls: "));
  }
  SECTION("it has a certificate for another name") {
    files = authority.issue("elsewhere", {.common_name = "e", .names = {"DNS:elsewhere.example"}});
    config.values.tls_server_name = "elsewhere.example";  // which is for nsqds
    serve_tls();
    why = "tls: failed to verify certificate: x509: certificate is not valid for this name";
    CHECK(refused().starts_with("remote error: tls: "));
  }
  SECTION("it wants a certificate") {
    serve_tls(net::TlsClientAuth::require_verify);
    why = "remote error: tls: certificate required";
    CHECK(refused() == "tls: client didn't provide a certificate");
  }
  CHECK(found.empty());
  CHECK(log->lines() == std::vector{"1 " + line(why)});  // once, however often it comes
}

TEST_CASE_METHOD(SecureStage, "certificates are read for each request",
                 "[client][discovery][tls]") {
  config.values.tls_root_ca_file = directory.path() / "later.pem";
  serve_tls();
  discover();
  run([](SecureStage& s) -> asio::awaitable<void> {
    co_await until([&s] { return s.discovery->stats().failures > 1; });
    CHECK(s.log->has(fmt::format("({}) - TLS: open {}: no such file or directory",
                                 s.lookupd->url().text(), s.config.values.tls_root_ca_file)));
    std::filesystem::copy_file(s.authority.file(), s.config.values.tls_root_ca_file);
    co_await s.answer();
  }(*this));
  CHECK(found == std::vector{kNsqd});
}

TEST_CASE_METHOD(SecureStage, "who is shown the secret", "[client][discovery][auth]") {
  config.values.auth_secret = "s3cret";
  bool shown = false;
  SECTION("over https, it is") {
    serve_tls();
    shown = true;
  }
  SECTION("in clear text, it is not") {
    serve_plain();
  }
  SECTION("in clear text, only if asked for") {
    REQUIRE(config.set("lookupd_authorization", "true").has_value());
    serve_plain();
    shown = true;
  }
  SECTION("over https, not if forbidden") {
    REQUIRE(config.set("lookupd_authorization", "false").has_value());
    serve_tls();
  }
  SECTION("over https, not if forbidden by the name that others have for it") {
    REQUIRE(config.set("skip_lookupd_authorization", "false").has_value());
    serve_tls();
  }
  SECTION("what is not there is not shown") {
    config.values.auth_secret.clear();
    serve_tls();
  }
  const std::string text = head();
  CHECK(text.contains("\r\nAuthorization: Bearer s3cret\r\n") == shown);
  CHECK(text.contains("Authorization") == shown);
}

TEST_CASE_METHOD(SecureStage, "a secret cannot forge a header", "[client][discovery][auth]") {
  config.values.auth_secret = "s\r\nX-Forged: 1";
  serve_tls();
  discover();
  run([](SecureStage& s) -> asio::awaitable<void> {
    co_await until([&s] { return s.discovery->stats().failures > 0; });
  }(*this));
  CHECK(log->has("auth_secret has characters that no header can have"));
  CHECK_FALSE(log->has("Forged"));
}
