#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "clients/tools/nsq_bench/socket.hpp"

namespace nsq::bench::test {

/// What a server needs to be measured, on a free loopback port: it takes publishes and hands each
/// message to every subscriber, with faults as ordered. Messages are delivered only to subscribers
/// that are there when they are published. Serves on its own thread until destroyed.
class FakeNsqd {
 public:
  struct Faults {
    std::int64_t drop = -1;          ///< do not deliver the message with this number, from 0
    std::int64_t repeat = -1;        ///< deliver this one twice
    std::int64_t error_after = -1;   ///< answer E_PUB_FAILED once so many commands were answered
    bool close_subscribers = false;  ///< hang up on a subscriber's RDY
  };

  explicit FakeNsqd(Faults faults);
  FakeNsqd();
  ~FakeNsqd();
  FakeNsqd(const FakeNsqd&) = delete;
  FakeNsqd& operator=(const FakeNsqd&) = delete;

  const std::string& address() const noexcept { return address_; }
  std::uint64_t finished() const noexcept { return finished_.load(); }

 private:
  struct Client {
    explicit Client(Fd socket) : fd(std::move(socket)) {}
    Fd fd;
    std::string in;
    bool greeted = false;
    bool subscribed = false;
    bool gone = false;
  };

  void serve();
  void read(Client& client);
  std::size_t execute(Client& client, std::string_view in);
  void publish(std::string_view body);
  void answer(Client& client);

  Faults faults_;
  Fd listener_;
  Fd stop_;
  std::string address_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::int64_t published_ = 0;
  std::int64_t answered_ = 0;
  std::atomic<std::uint64_t> finished_ = 0;
  std::jthread thread_;
};

}  // namespace nsq::bench::test
