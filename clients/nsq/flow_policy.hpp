#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace nsq::client {

/// What the answer to a message says about the health of the handlers. Source: spec/client.md 8.
enum class FlowSignal : std::uint8_t {
  resume,   ///< finished, or given up
  failure,  ///< requeued
  neutral,  ///< requeued "without backoff"
};

/// Decides how much a Consumer may have in flight, from how its messages are answered.
///
/// Called on the Consumer's executor alone. The Consumer asks for the budget after each signal and
/// sends what changes (RDY) before the FIN or REQ that caused it. A budget below the number of
/// connections is lent to them in turn, so 0 stops the flow and 1 lets a single message test it.
class FlowPolicy {
 public:
  virtual ~FlowPolicy() = default;

  /// Before anything else: `changed` is to be called, on the executor, when the budget changes
  /// without a signal. It does nothing once the Consumer is gone.
  virtual void start(std::function<void()> changed) = 0;
  virtual void on_signal(FlowSignal signal) = 0;
  /// @param max_in_flight what the user allows; the result is 0 to that.
  virtual std::int64_t budget(std::int64_t max_in_flight) const = 0;
};

/// Lets everything flow, whatever handlers say.
std::unique_ptr<FlowPolicy> make_steady_flow();

}  // namespace nsq::client
