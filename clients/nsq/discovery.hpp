#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/connection.hpp"
#include "clients/nsq/lookupd_url.hpp"
#include "clients/nsq/options.hpp"
#include "common/wire/names.hpp"

namespace nsq::client {

/// Asks nsqlookupds which nsqds there are: those of one topic, or all.
///
/// All are asked side by side, each at its own pace (LookupPace), and what any of them names is
/// there. One that is down, hangs (lookupd_poll_timeout) or answers nonsense holds nobody else up;
/// until it answers again, what it last said holds. Requests are HTTP/1.1, each on a connection of
/// its own, over TLS where the URL says so; bodies are bounded.
/// Lives on its executor. Ends with stop() or destruction, after which nothing is called. Source:
/// spec/client.md 10.1.
class Discovery {
 public:
  /// Every nsqd that is known, sorted, none twice.
  using Found = std::function<void(const std::vector<Address>&)>;

  struct Setup {
    std::shared_ptr<const Options> options;
    ConnectionLog log;
    std::optional<wire::TopicName> topic;  ///< nullopt: all nsqds
    /// After each answer, also when it brought nothing new; and after a remove().
    Found found;
  };

  /// Counts since construction.
  struct Stats {
    std::uint64_t answers = 0;
    std::uint64_t failures = 0;
  };

  Discovery(boost::asio::any_io_executor executor, Setup setup);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  /// Begins to ask it, at once. One that is asked already is left alone.
  void add(const LookupdUrl& url);
  /// Stops to ask it, and forgets what only it named. False: it was not asked.
  bool remove(const LookupdUrl& url);
  /// Something has changed: those that are polled are asked now.
  void ask_soon();
  void stop();
  /// Any thread.
  Stats stats() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace nsq::client
