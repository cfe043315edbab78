#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/config.hpp"
#include "clients/nsq/lookupd_url.hpp"
#include "clients/nsq/producer.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace nsq::client {

enum class PoolPolicy : std::uint8_t {
  round_robin,  ///< to each in turn
  in_order,     ///< to the first that works, in the order given; found ones come after, sorted
};

struct ProducerPoolSetup {
  std::vector<Address> nsqds;        ///< always there
  std::vector<LookupdUrl> lookupds;  ///< all nsqds that these know join them
  Config config;
  Logger logger = {};
  PoolPolicy policy = PoolPolicy::round_robin;
  /// Whether a publish whose outcome is unknown is tried on another nsqd. It may then be published
  /// twice; if not, it is reported as unknown.
  bool allow_duplicates = true;
  /// Chooses among the nsqds that nsqlookupds name. If it throws, all are taken.
  std::function<std::vector<Address>(std::vector<Address>)> discovery_filter = nullptr;
};

/// Counts since construction, but for the last three.
struct ProducerPoolStats {
  std::uint64_t acknowledged = 0;
  std::uint64_t rejected = 0;
  std::uint64_t not_sent = 0;
  std::uint64_t unknown = 0;
  std::uint64_t failovers = 0;  ///< tries after the first of a publish
  std::size_t outstanding = 0;
  std::size_t nsqds = 0;
  std::size_t broken = 0;  ///< of these, those that failed and have not worked since
};

/// Publishes to any of several nsqds, one Producer each, and goes on to the next when one fails.
///
/// A publish is tried on each nsqd at most once, first on those that are not known to be broken,
/// until one acknowledges it. It goes on when it was certainly not sent; when the nsqd says that
/// it could not store it (`E_PUB_FAILED` and its like); and, under `allow_duplicates`, when its
/// outcome is unknown. When none is left, or publish_timeout has passed since it was accepted, it
/// fails with the last reason; and with Errc::unknown_outcome if any try may have arrived. So
/// delivery is at least once: what is acknowledged is on one nsqd, and may be on others too.
/// A try itself takes up to publish_timeout, so the whole at most twice that.
///
/// Order: those that go to one nsqd, without a failure, arrive there in the order of the calls.
/// One that goes on to another nsqd comes behind what was sent there meanwhile.
///
/// A broken nsqd is left alone for a time that grows from reconnect_min to reconnect_max; then one
/// publish tries it. nsqds that nsqlookupds name no more get nothing new and are closed when all
/// is answered. Since nobody waits on `/nodes`, new ones are found within lookupd_poll_interval;
/// when one breaks, and while none is known, sooner. While none is known a publish waits, for up
/// to publish_timeout. At most max_outstanding_messages and max_outstanding_bytes may be under way.
///
/// Lives on its executor, as Producer. Source: spec/client.md 12.3.
class ProducerPool {
 public:
  using Completion = Producer::Completion;

  /// Connects to nothing yet, but asks the nsqlookupds. Errc::bad_config: neither nsqds nor
  /// nsqlookupds, or the text of Config::freeze.
  static Result<std::unique_ptr<ProducerPool>> create(boost::asio::any_io_executor executor,
                                                      ProducerPoolSetup setup);
  /// As stop() without waiting for anything.
  ~ProducerPool();
  ProducerPool(const ProducerPool&) = delete;
  ProducerPool& operator=(const ProducerPool&) = delete;

  // As Producer's.

  boost::asio::awaitable<Result<void>> publish(std::string topic, std::string body);
  boost::asio::awaitable<Result<void>> multi_publish(std::string topic,
                                                     std::vector<std::string> bodies);
  boost::asio::awaitable<Result<void>> deferred_publish(std::string topic, Nanoseconds delay,
                                                        std::string body);
  void publish(std::string topic, std::string body, Completion done);
  void multi_publish(std::string topic, std::vector<std::string> bodies, Completion done);
  void deferred_publish(std::string topic, Nanoseconds delay, std::string body, Completion done);

  /// Waits until everything accepted so far is over, for at most `limit`: Errc::timed_out.
  boost::asio::awaitable<Result<void>> flush(Nanoseconds limit);
  /// Refuses further publishes ("stopped"), waits for those under way for at most `limit`, closes.
  boost::asio::awaitable<Result<void>> stop(Nanoseconds limit = Seconds(5));

  ProducerPoolStats stats() const;

 private:
  class Impl;
  explicit ProducerPool(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace nsq::client
