#pragma once

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "clients/nsq/connection.hpp"
#include "clients/nsq/discovery.hpp"
#include "clients/nsq/pool_nodes.hpp"
#include "clients/nsq/producer_pool.hpp"

namespace nsq::client {

/// A publish of a ProducerPool that is not over.
struct PoolPublish {
  enum class Kind : std::uint8_t { one, many, deferred };
  Kind kind = Kind::one;
  std::string topic;
  std::vector<std::string> bodies;  ///< exactly one unless `many`
  Nanoseconds delay{};
  Producer::Completion done;
  MonoTime deadline{};  ///< after it, no further try begins
  std::size_t bytes = 0;
  std::vector<Address> tried;
  bool maybe_arrived = false;  ///< some try's outcome is unknown
};

/// The ProducerPool itself.
class ProducerPool::Impl : public std::enable_shared_from_this<ProducerPool::Impl> {
 public:
  Impl(boost::asio::any_io_executor executor, Options options, ProducerPoolSetup setup);
  /// What needs shared_from_this.
  void init();

  void accept(PoolPublish publish);
  boost::asio::awaitable<Result<void>> flush(Nanoseconds limit);
  boost::asio::awaitable<Result<void>> stop(Nanoseconds limit);
  void shutdown();
  ProducerPoolStats stats() const;

 private:
  using Publish = std::shared_ptr<PoolPublish>;

  void dispatch(const Publish& publish, const Error& last);
  void try_on(const Address& nsqd, const Publish& publish);
  Producer& producer(const Address& nsqd);
  void on_result(const Address& nsqd, const Publish& publish, const Result<void>& result);
  void on_failure(const Address& nsqd, const Publish& publish, const Result<void>& result);
  void end(PoolPublish& publish, Error reason);
  bool goes_on(const Result<void>& result) const;
  void finish(PoolPublish& publish, Result<void> result);
  void complete(Completion done, Result<void> result);

  void on_found(std::vector<Address> nsqds);
  void retire(const Address& nsqd);
  void wait_for_nodes(const Publish& publish);
  void arm_timer();
  void on_timer();

  boost::asio::any_io_executor executor_;
  ProducerPoolSetup setup_;
  std::shared_ptr<const Options> options_;
  ConnectionLog log_;
  std::mt19937_64 random_{std::random_device{}()};
  PoolNodes nodes_;
  std::map<Address, std::unique_ptr<Producer>> producers_;  // of nodes, and of former ones
  std::unique_ptr<Discovery> discovery_;                    // unset without nsqlookupds
  std::deque<Publish> waiting_;                             // while no node is known
  boost::asio::steady_timer timer_;                         // of the oldest of these
  bool timer_armed_ = false;
  boost::asio::steady_timer idle_;  // flush() waits on it
  std::size_t outstanding_bytes_ = 0;
  bool stopped_ = false;  // takes no more
  bool closed_ = false;   // and tries no more
  ProducerPoolStats stats_;
};

}  // namespace nsq::client
