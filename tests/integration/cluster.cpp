#include "tests/integration/cluster.hpp"

#include <signal.h>

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

std::string local(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

std::size_t producer_count(const Nsqlookupd& lookupd, const std::string& topic) {
  const auto answer = lookupd.get("/lookup?topic=" + topic);
  return answer.status == 200 ? answer.json().at("producers").size() : 0;
}

}  // namespace

Cluster::Cluster(const std::vector<std::uint16_t>& more_lookupds) {
  nsqd_args_.emplace_back("--broadcast-address=127.0.0.1");
  for (std::size_t i = 0; i < kLookupds; ++i) {
    lookupds_[i] = std::make_unique<Nsqlookupd>();
    http_ports_.push_back(lookupds_[i]->http_port());
    lookupd_args_[i] = {"--tcp-address=" + local(lookupds_[i]->tcp_port()),
                        "--http-address=" + local(http_ports_.back())};
    nsqd_args_.push_back("--lookupd-tcp-address=" + local(lookupds_[i]->tcp_port()));
  }
  for (const std::uint16_t port : more_lookupds) {
    nsqd_args_.push_back("--lookupd-tcp-address=" + local(port));
  }
  for (auto& nsqd : nsqds_) nsqd = std::make_unique<Nsqd>(nsqd_args_);
}

void Cluster::kill_nsqd(std::size_t index) {
  REQUIRE(nsqd(index).process().stop(SIGKILL) == killed_by(SIGKILL));
}

void Cluster::kill_lookupd(std::size_t index) {
  REQUIRE(lookupd(index).process().stop(SIGKILL) == killed_by(SIGKILL));
}

void Cluster::start_lookupd(std::size_t index) {
  lookupds_.at(index).reset();
  lookupds_[index] = std::make_unique<Nsqlookupd>(lookupd_args_[index]);
}

bool Cluster::all_list(const std::string& topic, std::size_t nsqds) const {
  return eventually([&] {
    return std::ranges::all_of(
        lookupds_, [&](const auto& lookupd) { return producer_count(*lookupd, topic) == nsqds; });
  });
}

}  // namespace nsq::test
