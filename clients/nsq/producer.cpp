#include "clients/nsq/producer.hpp"

#include <utility>

#include "clients/nsq/completed.hpp"
#include "clients/nsq/producer_impl.hpp"

namespace nsq::client {

namespace asio = boost::asio;

Outcome outcome_of(const Result<void>& result) noexcept {
  if (result) return Outcome::acknowledged;
  if (result.error().code == Errc::rejected) return Outcome::rejected;
  if (result.error().code == Errc::unknown_outcome) return Outcome::unknown;
  return Outcome::not_sent;
}

Result<std::unique_ptr<Producer>> Producer::create(asio::any_io_executor executor, Address nsqd,
                                                   const Config& config, Logger logger) {
  auto options = config.freeze();
  if (!options) return std::unexpected(options.error());
  return std::unique_ptr<Producer>(new Producer(std::make_shared<Impl>(
      std::move(executor), std::move(nsqd), *std::move(options), std::move(logger))));
}

Producer::Producer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Producer::~Producer() {
  impl_->shutdown();
}

asio::awaitable<Result<void>> Producer::publish(std::string topic, std::string body) {
  const auto impl = impl_;
  co_return co_await completed(
      [&](Completion done) { impl->publish(topic, body, std::move(done)); });
}

asio::awaitable<Result<void>> Producer::multi_publish(std::string topic,
                                                      std::vector<std::string> bodies) {
  const auto impl = impl_;
  co_return co_await completed(
      [&](Completion done) { impl->multi_publish(topic, bodies, std::move(done)); });
}

asio::awaitable<Result<void>> Producer::deferred_publish(std::string topic, Nanoseconds delay,
                                                         std::string body) {
  const auto impl = impl_;
  co_return co_await completed(
      [&](Completion done) { impl->deferred_publish(topic, delay, body, std::move(done)); });
}

asio::awaitable<Result<void>> Producer::ping() {
  const auto impl = impl_;
  co_return co_await completed([&](Completion done) { impl->ping(std::move(done)); });
}

void Producer::publish(std::string topic, std::string body, Completion done) {
  impl_->publish(topic, body, std::move(done));
}

void Producer::multi_publish(std::string topic, std::vector<std::string> bodies, Completion done) {
  impl_->multi_publish(topic, bodies, std::move(done));
}

void Producer::deferred_publish(std::string topic, Nanoseconds delay, std::string body,
                                Completion done) {
  impl_->deferred_publish(topic, delay, body, std::move(done));
}

void Producer::ping(Completion done) {
  impl_->ping(std::move(done));
}

asio::awaitable<Result<void>> Producer::flush(Nanoseconds limit) {
  const auto impl = impl_;
  co_return co_await impl->flush(limit);
}

asio::awaitable<Result<void>> Producer::stop(Nanoseconds limit) {
  const auto impl = impl_;
  co_return co_await impl->stop(limit);
}

const Address& Producer::nsqd() const noexcept {
  return impl_->nsqd();
}

ProducerStats Producer::stats() const {
  return impl_->stats();
}

}  // namespace nsq::client
