#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/tls_server.hpp"
#include "common/wire/body.hpp"
#include "common/wire/command.hpp"
#include "common/wire/protocol_error.hpp"
#include "nsqd/auth/authority.hpp"
#include "nsqd/options/options.hpp"
#include "nsqd/queue/broker.hpp"
#include "nsqd/session/io_thread.hpp"
#include "nsqd/session/reply_queue.hpp"
#include "nsqd/session/settings.hpp"
#include "nsqd/stats/client_registry.hpp"

namespace nsqd {

/// What every connection of one I/O thread shares. All of it outlives the connections.
struct SessionContext {
  IoThread& io;
  Broker& broker;
  ClientRegistry& clients;
  const Options& options;
  nsq::Logger log;
  /// The certificate, if there is one.
  std::shared_ptr<const nsq::net::TlsServer> tls = nullptr;
  const Authority* authority =
      nullptr;  ///< null: AUTH is disabled, and everybody may do everything
};

/// What a conversation needs of the connection around it.
class ProtocolHost {
 public:
  virtual ~ProtocolHost() = default;

  /// Whom channels wake when there is something for this connection.
  virtual std::shared_ptr<Waker> waker() = 0;

  /// A publish waits for `ticket`: tell the ReplyQueue when it is committed or has failed.
  virtual void await_commit(Ticket ticket) = 0;

  /// Find out who the client is, tell Protocol::authenticated, then let it consume again; not
  /// inside this call. At most one question at a time.
  virtual void ask_authority(Credentials client) = 0;
};

/// The server's side of one conversation in the protocol V2 (spec/nsqd.md 1 to 3): bytes in,
/// commands on the broker, replies into a queue. Knows no socket and no clock.
///
/// What came in one read is worked off as one batch: publishes to one topic that follow each other
/// are one append, FINs that follow each other are one call on the channel.
///
/// Lives on its connection's I/O thread.
class Protocol {
 public:
  Protocol(SessionContext& context, ProtocolHost& host, std::string remote_address);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  /// Executes the complete commands at the front of `in`. @return how many bytes they were. The
  /// rest must come again, with more behind it, until ended(). Stops behind an IDENTIFY that was
  /// granted layers().
  std::size_t consume(std::string_view in, nsq::Now now);

  /// How many bytes, from the first unconsumed one, the command that is coming in needs; 0:
  /// unknown.
  std::size_t needed() const noexcept { return needed_; }

  /// Whether the next command has to wait for the authority's answer: nothing is consumed until
  /// authenticated().
  bool waiting() const noexcept { return login_ && login_->asking; }

  /// The answer to ProtocolHost::ask_authority. What was not consumed must come again now.
  void authenticated(nsq::Result<Grant> answer);

  /// No more commands are executed: send the replies and close.
  bool ended() const noexcept { return ended_ || replies_.broken(); }

  /// The input ended, or nothing came for too long: if that cut a command's body off, its error is
  /// replied. Then ended().
  void cut_off();

  /// Whether the magic was seen: the connection counts as a client, and heartbeats begin.
  bool is_client() const noexcept { return client_ != nullptr; }

  /// What an IDENTIFY was granted and the connection does not have yet. Once its answer is out,
  /// each layer is put on, and reported by tls_started() and compression_started(), or refused.
  const Layers& layers() const noexcept { return layers_; }
  /// Answers OK, to go out over TLS.
  void tls_started(nsq::net::TlsPeer peer);
  /// The handshake failed: the error to be sent in plain text. Then ended().
  void tls_refused(std::string_view why);
  /// Answers OK, to go out compressed.
  void compression_started();

  /// Who the client is by its certificate; nothing without TLS.
  const std::optional<nsq::net::TlsPeer>& tls_peer() const noexcept { return tls_peer_; }

  void add_heartbeat();
  ReplyQueue& replies() noexcept { return replies_; }
  const ClientSettings& settings() const noexcept { return settings_; }

  /// Moves messages to in flight for this connection. Nothing before SUB and after CLS.
  PullResult pull(nsq::Now now, PullLimits limits, std::vector<Run>& out);
  /// The connection's socket takes nothing now: others may have what it was woken for.
  void decline();

  /// Leaves the channel: at the conversation's end, before its last replies are out. May be
  /// repeated.
  void leave();

 private:
  using Command = nsq::wire::Command;
  using CommandLine = nsq::wire::CommandLine;
  using ProtocolError = nsq::wire::ProtocolError;

  /// Numbers as `/stats` shows them.
  enum class State : std::uint8_t { init = 0, subscribed = 3, closing = 4 };

  /// What AUTH found out. There from the first AUTH on.
  struct Login {
    Credentials client;
    bool asking = false;
    std::optional<nsq::Result<Grant>> answer;  // to the last question, until it is worked off
    std::optional<Grant> grant;                // of the last good answer
    nsq::MonoTime until{};                     // when the grant expires
  };

  /// What became of a command: done with `body_bytes_` of body, waiting for more bytes, or the end.
  enum class Step : std::uint8_t { done, need_more, end };

  bool read_magic(std::string_view& in, nsq::Now now);
  Step execute(const CommandLine& line, std::string_view rest, nsq::Now now);
  Step identify(std::string_view rest);
  Step auth(const CommandLine& line, std::string_view rest, nsq::Now now);
  Step sub(const CommandLine& line, nsq::Now now);
  Step pub(const CommandLine& line, std::string_view rest, nsq::Now now);
  Step mpub(const CommandLine& line, std::string_view rest, nsq::Now now);
  Step dpub(const CommandLine& line, std::string_view rest, nsq::Now now);
  Step rdy(const CommandLine& line);
  Step fin(const CommandLine& line, nsq::Now now);
  Step req(const CommandLine& line, nsq::Now now);
  Step touch(const CommandLine& line, nsq::Now now);
  Step cls();

  /// Reads a sized body; `done` with body_ set, or what to return.
  Step read_body(Command command, std::string_view rest, std::int64_t max_size);
  Step apply(const nsq::wire::IdentifyRequest& request);
  bool lacks_tls() const noexcept;
  Step publish(Command command, std::span<const std::string_view> bodies, nsq::Now now);
  /// The same for `messages` messages that `publish` publishes to the topic it is given.
  template <class Publish>
  Step publish_with(Command command, std::uint32_t replies, Publish&& publish,
                    std::size_t messages = 1);
  Step answered(Command command, const nsq::wire::MessageId& id, const nsq::Result<void>& result);

  /// Whether the client may do this: `done`, waiting for the authority, or the end. `channel` is
  /// empty for publishes. Source: spec/nsqd.md 3.3.
  Step authorize(Command command, std::string_view topic, std::string_view channel, nsq::Now now);
  Step ask_authority(Credentials client);
  bool grant_holds(nsq::Now now) const;
  void adopt(Grant grant, nsq::Now now);
  /// Whether publishing to the selected topic has been allowed, and still is.
  bool may_publish(nsq::Now now) const {
    return !context_.authority || (topic_allowed_ && grant_holds(now));
  }
  /// Checks what it is subscribed to again when the auth file has changed.
  Step check_subscription(nsq::Now now);
  Step auth_failed(const nsq::Error& why);

  /// Makes `name` the topic that publishes go to. false: the name is not valid.
  bool select_topic(std::string_view name);
  /// Looks the selected topic up, creating it if need be. false: the daemon is stopping.
  bool open_topic();

  Step finish_batches(nsq::Now now);
  Step flush_publishes(nsq::Now now);
  void flush_fins(nsq::Now now);

  Step fail(const ProtocolError& error);
  Step wait_for(Command command, const nsq::wire::BodyFault& fault, std::size_t needed);

  SessionContext& context_;
  ProtocolHost& host_;
  const std::string remote_address_;
  ReplyQueue replies_;
  ClientSettings settings_;
  Layers layers_;         // still to be put on
  bool layered_ = false;  // some were granted: what they carry cannot be negotiated anew
  std::optional<nsq::net::TlsPeer> tls_peer_;
  ClientIdentity identity_;
  std::shared_ptr<ClientRecord> client_;
  std::shared_ptr<Consumer> consumer_;
  Broker::Subscription subscription_;
  Locality locality_ = Locality::elsewhere;
  State state_ = State::init;
  bool ended_ = false;
  bool topic_allowed_ =
      false;  // with an authority: to publish to topic_name_, while the grant holds
  std::unique_ptr<Login> login_;
  Ticket awaited_ = 0;  // the last ticket that the host was asked to await

  // The command at hand.
  std::string_view body_;
  std::size_t line_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t needed_ = 0;
  std::optional<ProtocolError> if_cut_off_;
  std::unique_ptr<nsq::wire::MpubParser> mpub_;  // of a batch that is coming in

  // Where the last publish went, as most connections publish to one topic.
  std::optional<nsq::wire::TopicName> topic_name_;
  std::shared_ptr<Topic> topic_;
};

}  // namespace nsqd
