#include "clients/nsq/consumer.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "clients/nsq/consumer_impl.hpp"

namespace nsq::client {

namespace asio = boost::asio;

Result<std::unique_ptr<Consumer>> Consumer::create(asio::any_io_executor executor,
                                                   ConsumerSetup setup) {
  auto topic = wire::TopicName::parse(setup.topic);
  if (!topic) return std::unexpected(topic.error());
  auto channel = wire::ChannelName::parse(setup.channel);
  if (!channel) return std::unexpected(channel.error());
  auto options = setup.config.freeze();
  if (!options) return std::unexpected(options.error());
  if (!options->heartbeats()) {
    return fail(Errc::bad_config, "cannot SUB with heartbeats disabled");
  }
  if (!setup.flow) setup.flow = make_steady_flow();
  auto impl = std::make_shared<Impl>(std::move(executor), *std::move(topic), *std::move(channel),
                                     *std::move(options), std::move(setup));
  impl->init();
  return std::unique_ptr<Consumer>(new Consumer(std::move(impl)));
}

Consumer::Consumer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Consumer::~Consumer() {
  impl_->shutdown();
}

Result<void> Consumer::add_handler(Handler handler, unsigned concurrency) {
  return impl_->add_handler(std::move(handler), concurrency);
}

Result<void> Consumer::add_async_handler(AsyncHandler handler, unsigned concurrency) {
  return impl_->add_async_handler(std::move(handler), concurrency);
}

asio::awaitable<Result<void>> Consumer::connect(Address nsqd, ConnectMode mode) {
  const auto impl = impl_;
  co_return co_await impl->connect(std::move(nsqd), mode);
}

asio::awaitable<Result<void>> Consumer::connect(std::vector<Address> nsqds, ConnectMode mode) {
  const auto impl = impl_;
  std::set<Address> done;
  for (const Address& nsqd : nsqds) {
    if (!done.insert(nsqd).second) continue;
    auto connected = co_await impl->connect(nsqd, mode);
    if (!connected) co_return connected;
  }
  co_return Result<void>();
}

Result<void> Consumer::disconnect(const Address& nsqd) {
  return impl_->disconnect(nsqd);
}

Result<void> Consumer::connect_to_nsqlookupd(const LookupdUrl& lookupd) {
  return impl_->connect_to_nsqlookupd(lookupd);
}

Result<void> Consumer::connect_to_nsqlookupds(const std::vector<LookupdUrl>& lookupds) {
  for (const LookupdUrl& lookupd : lookupds) {
    if (auto begun = impl_->connect_to_nsqlookupd(lookupd); !begun) return begun;
  }
  return {};
}

Result<void> Consumer::disconnect_from_nsqlookupd(const LookupdUrl& lookupd) {
  return impl_->disconnect_from_nsqlookupd(lookupd);
}

asio::awaitable<Result<Message>> Consumer::next() {
  const auto impl = impl_;
  co_return co_await impl->next();
}

void Consumer::set_max_in_flight(std::int64_t count) {
  impl_->set_max_in_flight(std::max<std::int64_t>(count, 0));
}

bool Consumer::is_starved() const noexcept {
  return impl_->is_starved();
}

void Consumer::stop() {
  impl_->stop();
}

asio::awaitable<StopReport> Consumer::stopped() {
  const auto impl = impl_;
  co_return co_await impl->stopped();
}

ConsumerStats Consumer::stats() const {
  return impl_->stats();
}

}  // namespace nsq::client
