#include <signal.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/secure_nsqd.hpp"
#include "tests/support/eventually.hpp"

// New certificates for a running nsqd.
namespace nsq::test {
namespace {

TEST_CASE("a certificate is reloaded on SIGHUP and when its file changes", "[integration][tls]") {
  SecureNsqd secure;
  LayeredClient before = secure.secure_client();
  // An authority of its own, so that only clients of the new certificate get in.
  std::filesystem::create_directory(secure.directory.path() / "new");
  const CertificateAuthority next(secure.directory.path() / "new");
  const CertificateFiles fresh_files = next.issue("server");
  const auto overwrite = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(fresh_files.key, secure.files.key, overwrite);
  std::filesystem::copy_file(fresh_files.cert, secure.files.cert, overwrite);
  SECTION("on SIGHUP") {
    secure.nsqd.process().send_signal(SIGHUP);
  }
  SECTION("by itself") {}
  secure.nsqd.process().wait_for_line("TLS: reloaded certificate");
  net::TlsClientConfig config;
  config.root_ca = next.file();
  CHECK(eventually([&] {
    LayeredClient after = secure.connect();
    CHECK(after.negotiate(R"("tls_v1":true)").type == 0);
    return after.start_tls(config).empty();
  }));
  CHECK(before.ask(pub(fresh("reload"), "x")) == ok());
}

/// Runs `step` on a thread of its own until it is told to end.
class Repeated {
 public:
  explicit Repeated(std::function<void()> step)
      : step_(std::move(step)), thread_([this] { run(); }) {}
  ~Repeated() { end(); }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

  std::uint64_t done() const { return done_; }
  /// @return why it ended by itself, empty if it did not.
  std::string end() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
    return failure_;
  }

 private:
  void run() {
    try {
      for (; !ending_; ++done_) step_();
    } catch (const std::exception& error) {
      failure_ = error.what();
    }
  }

  const std::function<void()> step_;
  std::atomic<bool> ending_{false};
  std::atomic<std::uint64_t> done_{0};
  std::string failure_;  // read after the thread's end
  std::thread thread_;
};

void expect_ok(const Frame& answer) {
  if (answer != ok()) throw std::runtime_error("answered: " + answer.data);
}

/// A client with TLS made on whatever thread: no assertion of the test framework in it.
LayeredClient connect_unasserted(const SecureNsqd& secure) {
  LayeredClient client = secure.connect();
  client.negotiate(R"("tls_v1":true)");
  if (auto why = client.start_tls(secure.client_config()); !why.empty()) {
    throw std::runtime_error("handshake: " + why);
  }
  expect_ok(client.read());
  return client;
}

std::size_t reloads(SecureNsqd& secure) {
  constexpr std::string_view kLine = "TLS: reloaded certificate";
  const std::string log = secure.nsqd.process().err();
  std::size_t count = 0;
  for (auto at = log.find(kLine); at != std::string::npos; at = log.find(kLine, at + 1)) ++count;
  return count;
}

TEST_CASE("reloading under load drops no connection and loses no publish", "[integration][tls]") {
  constexpr int kPublishers = 3;
  constexpr std::size_t kReloads = 8;
  SecureNsqd secure;
  const std::string topic = fresh("rotated");
  secure.nsqd.create(topic);
  std::vector<LayeredClient> clients;
  for (int i = 0; i < kPublishers; ++i) clients.push_back(secure.secure_client());

  std::vector<std::unique_ptr<Repeated>> workers;
  for (auto& client : clients) {
    workers.push_back(std::make_unique<Repeated>(
        [&] { expect_ok(client.ask(pub(topic, "over one connection"))); }));
  }
  workers.push_back(std::make_unique<Repeated>(
      [&] { expect_ok(connect_unasserted(secure).ask(pub(topic, "over a new one"))); }));

  while (reloads(secure) < kReloads) {
    const auto before = reloads(secure);
    std::vector<std::uint64_t> done;
    for (const auto& worker : workers) done.push_back(worker->done());
    secure.authority.issue("server");
    secure.nsqd.process().send_signal(SIGHUP);
    REQUIRE(eventually([&] { return reloads(secure) > before; }));
    // Everybody goes on behind the new certificate before there is another.
    for (std::size_t i = 0; i < workers.size(); ++i) {
      INFO("worker " << i);
      REQUIRE(eventually([&] { return workers[i]->done() > done[i] + 1; }));
    }
  }
  std::uint64_t published = 0;
  for (const auto& worker : workers) {
    CHECK(worker->end() == "");
    published += worker->done();
  }
  CHECK(static_cast<std::uint64_t>(secure.nsqd.stat(topic, "message_count")) == published);
}

}  // namespace
}  // namespace nsq::test
