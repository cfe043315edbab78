#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "clients/nsq/connection.hpp"
#include "clients/nsq/producer.hpp"
#include "clients/nsq/transaction_queue.hpp"
#include "common/wire/names.hpp"

namespace nsq::client {

/// The Producer itself, kept alive by its connection attempt for as long as that runs.
class Producer::Impl final : public ConnectionListener,
                             public std::enable_shared_from_this<Producer::Impl> {
 public:
  Impl(boost::asio::any_io_executor executor, Address nsqd, Options options, Logger logger);

  void publish(std::string_view topic, std::string_view body, Completion done);
  void multi_publish(std::string_view topic, const std::vector<std::string>& bodies,
                     Completion done);
  void deferred_publish(std::string_view topic, Nanoseconds delay, std::string_view body,
                        Completion done);
  void ping(Completion done);
  boost::asio::awaitable<Result<void>> flush(Nanoseconds limit);
  boost::asio::awaitable<Result<void>> stop(Nanoseconds limit);
  void shutdown();

  const Address& nsqd() const noexcept { return nsqd_; }
  ProducerStats stats() const;

  // ConnectionListener.
  void on_message(Connection& connection, const wire::MessageView& message) override;
  void on_response(Connection& connection, std::string_view text) override;
  void on_error(Connection& connection, const wire::ProtocolError& error) override;
  void on_read_end(Connection& connection) override;
  void on_closed(Connection& connection, const Error& reason) override;

 private:
  Result<void> check_body(std::string_view command, std::string_view body) const;
  Result<void> check_batch(const std::vector<std::string>& bodies) const;
  void accept(std::string command, bool answered, Completion done);
  void pump();
  boost::asio::awaitable<void> connect();
  void fail_waiting(const Error& reason);
  void fail_sent(const Connection& connection, const Error& reason);
  void finish(Transaction transaction, Result<void> result);
  void finish_soon(Completion done, Error reason);
  void complete(Completion done, Result<void> result);
  void arm_timer();
  void on_timer();
  void check_idle();

  boost::asio::any_io_executor executor_;
  Address nsqd_;
  std::shared_ptr<const Options> options_;
  ConnectionLog log_;
  TransactionQueue queue_;
  std::shared_ptr<Connection> connection_;  // from the attempt to on_closed
  bool ready_ = false;                      // it takes commands
  bool stopped_ = false;                    // takes no more
  bool closed_ = false;                     // and connects no more
  boost::asio::steady_timer timer_;         // of the oldest transaction
  bool timer_armed_ = false;
  boost::asio::steady_timer idle_;  // flush() waits on it
  std::uint64_t next_connection_ = 1;
  ProducerStats stats_;
};

}  // namespace nsq::client
