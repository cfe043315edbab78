#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "common/base/log.hpp"
#include "common/net/task_group.hpp"
#include "nsqd/lookup/settings.hpp"
#include "nsqd/queue/broker.hpp"

namespace nsqd {

/// Where an nsqlookupd's HTTP API is.
struct LookupdHttp {
  std::string host;
  std::uint16_t port = 0;
};

/// Gives new topics the channels that the nsqlookupds know of them, so that these get the first
/// message too: asks all of them, creates what is not ephemeral, and then lets the topic hand out
/// what it kept meanwhile. That happens at the latest after LookupSettings::longest_preparation(),
/// whatever they answer and however many topics there are. Source: spec/nsqd.md 5.2, 7.
///
/// Lives on the executor's thread, where everything is called.
class ChannelPreparer {
 public:
  /// @param known  the HTTP addresses of the nsqlookupds.
  ChannelPreparer(boost::asio::any_io_executor executor, const LookupSettings& settings,
                  Broker& broker, std::function<std::vector<LookupdHttp>()> known, nsq::Logger log);

  /// Begins for a topic that was just created.
  void prepare(std::shared_ptr<Topic> topic);

  /// Ends what runs: topics that are being asked about hand out, others go on keeping.
  void cancel();
  /// Waits until nothing runs.
  boost::asio::awaitable<void> wait();

 private:
  struct Work {
    std::shared_ptr<Topic> topic;
    nsq::MonoTime deadline;
  };
  using Names = std::vector<std::string>;

  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> prepare_one(Work work);
  boost::asio::awaitable<Names> ask_all(std::string topic, nsq::MonoTime deadline);
  boost::asio::awaitable<nsq::Result<Names>> ask(LookupdHttp where, std::string topic,
                                                 nsq::MonoTime deadline);
  void create(const std::shared_ptr<Topic>& topic, const Names& names);

  const LookupSettings& settings_;
  Broker& broker_;
  const std::function<std::vector<LookupdHttp>()> known_;
  const nsq::Logger log_;
  nsq::net::TaskGroup tasks_;
  std::deque<Work> waiting_;
  std::size_t workers_ = 0;
};

}  // namespace nsqd
