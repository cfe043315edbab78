#include "common/net/tls_stream.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include "common/net/snappy_stream.hpp"
#include "common/net/tls_server.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/common/net/stream_pair.hpp"

namespace nsq::net {
namespace {

using test::CertificateFiles;

struct Fixture : StreamPair {
  TlsServerConfig server_config() const {
    return {.cert = server_files.cert,
            .key = server_files.key,
            .root_ca = authority.file(),
            .client_auth = TlsClientAuth::none,
            .min_version = kTls1_2};
  }
  TlsClientConfig client_config() const {
    TlsClientConfig config;
    config.root_ca = authority.file();
    return config;
  }

  /// Both handshakes side by side. @return the server's outcome and the client's.
  std::pair<std::string, std::string> shake_hands(const TlsServerConfig& server_side,
                                                  const TlsClientConfig& client_side,
                                                  const std::string& name = "localhost") {
    using namespace boost::asio::experimental::awaitable_operators;
    auto server_context = TlsContext::server(server_side);
    auto client_context = TlsContext::client(client_side);
    REQUIRE(server_context);
    REQUIRE(client_context);
    server = TlsStream::make(std::move(left), *server_context, {});
    client = TlsStream::make(std::move(right), *client_context, {}, name);
    const auto limit = Seconds(20);
    auto both = [&]() -> boost::asio::awaitable<std::pair<std::string, std::string>> {
      auto [first, second] = co_await (outcome(*server, limit) && outcome(*client, limit));
      co_return std::pair(first, second);
    };
    return test::run(context, both());
  }

  /// The handshake's error, empty if there is none; a side that failed closes, as daemons do.
  static boost::asio::awaitable<std::string> outcome(TlsStream& stream, Nanoseconds limit) {
    const auto done = co_await stream.handshake(limit);
    if (!done) stream.close();
    co_return done ? std::string() : done.error().text();
  }

  test::TempDir directory;
  test::CertificateAuthority authority{directory.path()};
  CertificateFiles server_files = authority.issue("server");
  std::unique_ptr<TlsStream> server, client;
};

using Outcomes = std::pair<std::string, std::string>;

TEST_CASE_METHOD(Fixture, "TLS carries every size in any pieces", "[net][tls]") {
  auto config = client_config();
  config.max_version = GENERATE(kTls1_2, kTls1_3);
  REQUIRE(shake_hands(server_config(), config) == Outcomes{});
  CHECK(server->tls_peer()->version == (config.max_version == kTls1_3 ? "TLS1.3" : "TLS1.2"));
  CHECK(client->tls_peer()->version == server->tls_peer()->version);
  unsigned seed = 1;
  for (const std::size_t bytes :
       std::initializer_list<std::size_t>{1, 2, 100, 16383, 16384, 16385, 300'000, 2'000'000}) {
    const std::string data = half_random(bytes, ++seed);
    CHECK(carry(*server, *client, data, 1 << 20, 1 << 18) == data);
    CHECK(carry(*client, *server, data, 777, 1000) == data);
  }
  CHECK_FALSE(server->has_pending());
}

TEST_CASE_METHOD(Fixture, "snappy runs over TLS", "[net][tls]") {
  REQUIRE(shake_hands(server_config(), client_config()) == Outcomes{});
  const auto left_top = make_snappy_stream(std::move(server), {});
  const auto right_top = make_snappy_stream(std::move(client), {});
  const std::string data = half_random(3'000'000);
  CHECK(carry(*left_top, *right_top, data, 100'000, 200'000) == data);
  CHECK(left_top->tls_peer()->version == "TLS1.3");
}

TEST_CASE_METHOD(Fixture, "an orderly end and a torn connection are both ends", "[net][tls]") {
  REQUIRE(shake_hands(server_config(), client_config()) == Outcomes{});
  CHECK(read(*client).empty());  // takes the session ticket: closing with unread bytes is a reset
  CHECK(write(*client, "last words").status == IoStatus::ok);
  SECTION("orderly") {
    client->shutdown_send();
  }
  SECTION("closed") {
    client->close();
  }
  SECTION("torn") {
    client->release()->close();
  }
  std::string all = read(*server);
  while (last.status == IoStatus::ok) all += read(*server);
  CHECK(all == "last words");
  CHECK(last.status == IoStatus::eof);
}

TEST_CASE_METHOD(Fixture, "certificates that a client must not accept", "[net][tls]") {
  test::CertificateSpec spec;
  std::string name = "localhost";
  std::string why;
  SECTION("expired") {
    spec.expired = true;
    why = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
  }
  SECTION("self-signed") {
    spec.self_signed = true;
    why = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  SECTION("for another name") {
    name = "elsewhere.example";
    why = "tls: failed to verify certificate: x509: certificate is not valid for this name";
  }
  SECTION("for another address") {
    name = "127.0.0.2";
    why = "tls: failed to verify certificate: x509: certificate is not valid for this name";
  }
  server_files = authority.issue("bad", spec);
  const auto outcomes = shake_hands(server_config(), client_config(), name);
  CHECK(outcomes.second == why);
  CHECK(outcomes.first.starts_with("remote error: tls: "));
}

TEST_CASE_METHOD(Fixture, "a client that does not verify takes any certificate", "[net][tls]") {
  test::CertificateSpec spec;
  spec.self_signed = true;
  server_files = authority.issue("own", spec);
  auto config = client_config();
  config.verify = false;
  CHECK(shake_hands(server_config(), config, "whatever") == Outcomes{});
}

TEST_CASE_METHOD(Fixture, "client certificates are asked for, and checked, as the policy says",
                 "[net][tls]") {
  auto config = server_config();
  auto mine = client_config();
  test::CertificateSpec spec;
  spec.common_name = "some client";
  SECTION("required and missing") {
    config.client_auth = GENERATE(TlsClientAuth::require, TlsClientAuth::require_verify);
    CHECK(shake_hands(config, mine).first == "tls: client didn't provide a certificate");
  }
  SECTION("required, whoever signed it") {
    config.client_auth = TlsClientAuth::require;
    spec.self_signed = true;
    const auto files = authority.issue("client", spec);
    mine.cert = files.cert;
    mine.key = files.key;
    CHECK(shake_hands(config, mine).first.empty());
    CHECK(server->tls_peer()->common_name == "some client");
  }
  SECTION("verified") {
    config.client_auth = TlsClientAuth::require_verify;
    spec.self_signed = GENERATE(false, true);
    const auto files = authority.issue("client", spec);
    mine.cert = files.cert;
    mine.key = files.key;
    const auto outcomes = shake_hands(config, mine);
    if (spec.self_signed) {
      CHECK(outcomes.first ==
            "tls: failed to verify certificate: x509: certificate signed by unknown authority");
    } else {
      CHECK(outcomes.first.empty());
      CHECK(server->tls_peer()->common_name == "some client");
    }
  }
}

TEST_CASE_METHOD(Fixture, "a client whose certificate is refused hears why", "[net][tls]") {
  auto config = server_config();
  config.client_auth = TlsClientAuth::require_verify;
  auto mine = client_config();
  const auto files = authority.issue("client", {.expired = true});
  mine.cert = files.cert;
  mine.key = files.key;
  // With TLS 1.3 its handshake is over before the server looks at the certificate.
  CHECK(shake_hands(config, mine).second == "");
  CHECK(read(*client).empty());
  CHECK(last.status == IoStatus::error);
  CHECK(last.error.message() == "remote error: tls: expired certificate");
}

TEST_CASE_METHOD(Fixture, "versions below the lowest are refused", "[net][tls]") {
  auto config = server_config();
  config.min_version = kTls1_3;
  auto old = client_config();
  old.max_version = kTls1_2;
  const auto outcomes = shake_hands(config, old);
  CHECK(outcomes.first == "tls: client offered only unsupported versions");
  CHECK(outcomes.second == "remote error: tls: protocol version not supported");
}

TEST_CASE_METHOD(Fixture, "what is no TLS at all ends the handshake", "[net][tls]") {
  auto context_of_server = TlsContext::server(server_config());
  REQUIRE(context_of_server);
  server = TlsStream::make(std::move(left), *context_of_server, {});
  std::string why;
  SECTION("other bytes") {
    CHECK(write(*right, "PUB topic\nhello hello").status == IoStatus::ok);
    why = "tls: first record does not look like a TLS handshake";
  }
  SECTION("nothing") {
    right->close();
    why = "EOF";
  }
  const auto done = test::run(context, server->handshake(Seconds(20)));
  REQUIRE_FALSE(done);
  CHECK(done.error().text() == why);
}

TEST_CASE_METHOD(Fixture, "a client that stays silent is not awaited for ever", "[net][tls]") {
  auto context_of_server = TlsContext::server(server_config());
  REQUIRE(context_of_server);
  server = TlsStream::make(std::move(left), *context_of_server, {});
  const auto done = test::run(context, server->handshake(Milliseconds(20)));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::timed_out);
  // The stream below goes on.
  const auto below = server->release();
  CHECK(write(*below, "plain").status == IoStatus::ok);
  CHECK(read(*right) == "plain");
}

TEST_CASE_METHOD(Fixture, "corrupted records are an error", "[net][tls]") {
  REQUIRE(shake_hands(server_config(), client_config()) == Outcomes{});
  const auto raw = client->release();
  CHECK(write(*raw, std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x')).status ==
        IoStatus::ok);
  CHECK(read(*server).empty());
  CHECK(last.error == Errc::bad_frame);
  CHECK(write(*server, "more").status == IoStatus::error);
}

/// OpenSSL itself as the client, for what ours refuses to do.
class BareClient {
 public:
  explicit BareClient(ByteStream& stream)
      : stream_(stream),
        context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        ssl_(SSL_new(context_.get()), &SSL_free) {
    SSL_set_max_proto_version(ssl_.get(), TLS1_2_VERSION);
    SSL_set_connect_state(ssl_.get());
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  /// Goes on with the handshake as far as it can. @return whether it is complete.
  bool shake_hands() {
    const std::string received = StreamPair::read(stream_);
    BIO_write(SSL_get_rbio(ssl_.get()), received.data(), static_cast<int>(received.size()));
    const bool done = SSL_do_handshake(ssl_.get()) == 1;
    std::string produced(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
    if (produced.empty()) return done;
    BIO_read(SSL_get_wbio(ssl_.get()), produced.data(), static_cast<int>(produced.size()));
    CHECK(StreamPair::write(stream_, produced).status == IoStatus::ok);
    return done;
  }

  void renegotiate() { CHECK(SSL_renegotiate(ssl_.get()) == 1); }

 private:
  ByteStream& stream_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

TEST_CASE_METHOD(Fixture, "a renegotiation ends the connection", "[net][tls]") {
  auto context_of_server = TlsContext::server(server_config());
  REQUIRE(context_of_server);
  server = TlsStream::make(std::move(left), *context_of_server, {});
  BareClient bare(*right);
  bool accepted = false;
  boost::asio::co_spawn(context, outcome(*server, Seconds(20)),
                        [&](const std::exception_ptr&, const std::string& why) {
                          CHECK(why.empty());
                          accepted = true;
                        });
  bool connected = false;
  while (!accepted || !connected) {
    connected = bare.shake_hands();
    context.poll();
  }
  bare.renegotiate();
  CHECK_FALSE(bare.shake_hands());
  CHECK(read(*server).empty());
  CHECK(last.status == IoStatus::error);
  CHECK(last.error == Errc::bad_frame);
}

TEST_CASE_METHOD(Fixture, "a certificate is replaced for new connections only", "[net][tls]") {
  auto loaded = TlsServer::load(server_config());
  REQUIRE(loaded);
  const auto before = (*loaded)->current();
  const CertificateFiles other = authority.issue("server");
  (*loaded)->reload(Logger());
  CHECK((*loaded)->current() != before);
  const auto now = (*loaded)->current();
  std::filesystem::remove(other.key);
  (*loaded)->reload(Logger());
  CHECK((*loaded)->current() == now);
}

}  // namespace
}  // namespace nsq::net
