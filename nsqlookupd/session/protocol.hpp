#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/wire/protocol_error.hpp"
#include "nsqlookupd/registry/registry.hpp"

namespace nsqlookupd {

/// What the connections of a daemon share. Outlives them.
struct SessionContext {
  Registry& registry;
  std::string identify_reply;  ///< see identify_reply()
  nsq::Logger log;
};

/// Longest command line and largest IDENTIFY body, in bytes. Upstream has no limits.
inline constexpr std::size_t kMaxLineBytes = 64 << 10;
inline constexpr std::size_t kMaxBodyBytes = 1 << 20;

/// The peer protocol of one connection, without I/O: bytes in, replies out. Every error is fatal:
/// it is the last reply. Lives on the registry's thread. Source: spec/nsqlookupd.md 3.
class Protocol {
 public:
  /// @param context, remote  outlive it. `remote` is the peer's `ip:port`.
  Protocol(SessionContext& context, const std::string& remote);
  /// Leaves the registry.
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  /// Executes what is complete at the front of `input`.
  /// @return how many bytes that took; the rest is to come again, with more behind it.
  std::size_t consume(std::string_view input, nsq::Now now);

  /// No more input comes. A body that was cut short is an error that the peer is told of; a line
  /// that was is not executed.
  void end_of_input(std::string_view rest);

  /// Nothing more will be executed; what is in replies() is to be sent, then the connection closed.
  bool ended() const noexcept { return ended_; }
  bool has_magic() const noexcept { return state_ != State::magic; }

  /// What is to be sent, to be taken by the caller.
  std::string& replies() noexcept { return replies_; }

  /// The peer, if it identified itself, vanishes from all answers. May be repeated.
  void leave();

  /// Why it ended, for the log; empty if the peer just closed.
  const std::string& failure() const noexcept { return failure_; }

 private:
  enum class State { magic, line, body_size, body };
  using Params = std::vector<std::string_view>;
  using Reply = std::expected<std::string_view, nsq::wire::ProtocolError>;

  bool step(std::string_view& input, nsq::Now now);
  bool take_magic(std::string_view& input);
  bool take_line(std::string_view& input, nsq::Now now);
  bool take_body_size(std::string_view& input);
  bool take_body(std::string_view& input, nsq::Now now);

  void execute(std::string_view line, nsq::Now now);
  Reply ping(nsq::Now now);
  Reply register_peer(const Params& params);
  Reply unregister_peer(const Params& params);
  Reply identify(std::string_view body, nsq::Now now);

  void reply(std::string_view text);
  /// @param cause  what the log says behind the error; may be empty.
  void fail(const nsq::wire::ProtocolError& error, std::string_view cause = {});
  void answer(const Reply& outcome);

  SessionContext& context_;
  const std::string& remote_;
  State state_ = State::magic;
  bool ended_ = false;
  std::size_t body_bytes_ = 0;  // of the IDENTIFY that is coming in
  Peer* peer_ = nullptr;        // once it identified itself, until it leaves
  std::string replies_;
  std::string failure_;
};

}  // namespace nsqlookupd
