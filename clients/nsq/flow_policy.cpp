#include "clients/nsq/flow_policy.hpp"

namespace nsq::client {

namespace {

class SteadyFlow final : public FlowPolicy {
 public:
  void start(std::function<void()>) override {}
  void on_signal(FlowSignal) override {}
  std::int64_t budget(std::int64_t max_in_flight) const override { return max_in_flight; }
};

}  // namespace

std::unique_ptr<FlowPolicy> make_steady_flow() {
  return std::make_unique<SteadyFlow>();
}

}  // namespace nsq::client
