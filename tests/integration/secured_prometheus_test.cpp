// A Prometheus, from Debian's package, that scrapes a secured cluster with
// packaging/secured/prometheus.yml.

#include <cstdlib>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/integration/every_route.hpp"
#include "tests/integration/secured_cluster.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/simple_http.hpp"

namespace nsq::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Where a program is; empty, and said, if it is not installed.
std::string installed(const std::string& program) {
  std::string path = shell("command -v " + program + " || true");
  if (path.empty()) WARN(program << " is not installed");
  return path.substr(0, path.find('\n'));
}

/// The documented scrape_configs for this cluster, with a short interval. @return its path.
fs::path configure(const SecuredCluster& cluster) {
  const auto targets = [&](std::uint16_t SecuredHost::* port) {
    return fmt::format(R"(["localhost:{}", "localhost:{}"])", cluster.host(0).*port,
                       cluster.host(1).*port);
  };
  const std::string text =
      packaged("prometheus.yml",
               {{"/etc/prometheus/nsq", cluster.authority().string()},
                {R"(["mq1:4152", "mq2:4152", "mq3:4152"])", targets(&SecuredHost::nsqd_https)},
                {R"(["mq1:4161", "mq2:4161"])", targets(&SecuredHost::lookupd_http)}});
  const fs::path path = cluster.authority() / "prometheus.yml";
  std::ofstream(path) << "global:\n  scrape_interval: 250ms\n" << text;
  return path;
}

/// A running Prometheus that is asked over its HTTP API.
class Prometheus {
 public:
  Prometheus(const std::string& program, const fs::path& config, const fs::path& data)
      : process_(program,
                 {"--config.file=" + config.string(), "--storage.tsdb.path=" + data.string(),
                  "--web.listen-address=127.0.0.1:0"}) {
    const std::string line = process_.wait_for_line(R"(msg="Listening on" address=)");
    port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
    process_.wait_for_line("Server is ready to receive web requests");
  }

  json targets() const { return ask("/api/v1/targets").at("activeTargets"); }
  /// The samples of a series, by instance.
  std::map<std::string, std::string> query(const std::string& expression) const {
    std::map<std::string, std::string> samples;
    for (const json& sample : ask("/api/v1/query?query=" + expression).at("result")) {
      samples[sample.at("metric").at("instance")] = sample.at("value").at(1);
    }
    return samples;
  }
  DaemonProcess& process() { return process_; }

 private:
  json ask(const std::string& target) const {
    const auto answer = SimpleHttp(Socket::tcp(port_)).request("GET", target);
    if (answer.status != 200)
      throw std::runtime_error("Prometheus: " + target + ": " + answer.body);
    return answer.json().at("data");
  }

  DaemonProcess process_;
  std::uint16_t port_ = 0;
};

/// Each of the samples is that, and there is one for each host.
bool all_are(const std::map<std::string, std::string>& samples, const std::string& wanted) {
  return samples.size() == SecuredCluster::kHosts &&
         std::ranges::all_of(samples, [&](const auto& sample) { return sample.second == wanted; });
}

void publish_one(const SecuredCluster& cluster, std::uint16_t port) {
  const ApiRequest request{
      .method = "POST", .pattern = "/pub", .target = "/pub?topic=orders", .body = "x"};
  const Visitor billing = cluster.client("billing");
  REQUIRE(cluster.say(port, billing, request.bytes(billing.secret)).ends_with("OK"));
}

TEST_CASE("a Prometheus scrapes a secured cluster without a warning", "[integration][secured]") {
  const std::string program = installed("prometheus");
  if (program.empty()) return;
  SecuredCluster cluster;
  for (const SecuredHost& on : cluster.hosts()) publish_one(cluster, on.nsqd_https);
  Prometheus prometheus(program, configure(cluster), cluster.authority() / "prometheus");

  CHECK(eventually([&] { return all_are(prometheus.query("nsqd_topic_messages_total"), "1"); }));
  CHECK(eventually([&] { return all_are(prometheus.query("nsqlookupd_active_producers"), "2"); }));
  // Some more scrapes, since the first of a series cannot be out of order.
  CHECK(eventually([&] {
    const auto scrapes = prometheus.query("count_over_time(up[1h])");
    return scrapes.size() == 2 * cluster.kHosts &&
           std::ranges::all_of(scrapes, [](const auto& up) { return std::stoi(up.second) >= 4; });
  }));
  CHECK(prometheus.query("min_over_time(up[1h])").size() == 2 * cluster.kHosts);
  for (const auto& [instance, lowest] : prometheus.query("min_over_time(up[1h])")) {
    INFO(instance);
    CHECK(lowest == "1");
  }
  CHECK(prometheus.targets().size() == 2 * cluster.kHosts);
  for (const json& target : prometheus.targets()) {
    INFO(target);
    CHECK(target.at("health") == "up");
    CHECK(target.at("lastError") == "");
  }
  const std::string log = prometheus.process().err();
  CHECK(log.find("level=warn") == log.npos);
  CHECK(log.find("level=error") == log.npos);
  CHECK(prometheus.process().stop() == exited(0));
  for (const SecuredHost& on : cluster.hosts()) {
    CHECK(on.nsqd->err().find("TLS: handshake error") == std::string::npos);
  }
}

TEST_CASE("promtool finds nothing to say about a secured cluster", "[integration][secured]") {
  const std::string program = installed("promtool");
  if (program.empty()) return;
  SecuredCluster cluster;
  const std::string checked = shell(program + " check config " + configure(cluster).string());
  CHECK(checked.find("is valid prometheus config file syntax") != checked.npos);
  const Visitor visitor = cluster.client("prometheus");
  const ApiRequest request{.method = "GET", .pattern = {}, .target = "/metrics", .body = {}};
  for (const SecuredHost& on : cluster.hosts()) {
    for (const std::uint16_t port : {on.nsqd_https, on.lookupd_http}) {
      const std::string answer = cluster.say(port, visitor, request.bytes(visitor.secret));
      REQUIRE(answer.starts_with("HTTP/1.1 200 "));
      const fs::path file = cluster.authority() / "metrics";
      std::ofstream(file) << answer.substr(answer.find("\r\n\r\n") + 4);
      CHECK(shell(program + " check metrics <" + file.string() + " 2>&1") == "");
    }
  }
}

}  // namespace
}  // namespace nsq::test
