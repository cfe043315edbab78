#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nsqd/session/protocol.hpp"
#include "tests/support/log/memory_log.hpp"
#include "tests/unit/nsqd/session/frames.hpp"

namespace nsqd {

/// Counts how often it was woken.
class CountingWaker final : public Waker {
 public:
  void wake() noexcept override { ++calls; }
  int calls = 0;
};

/// What the connections of one test share.
struct Daemon {
  class Silent final : public BrokerObserver {
    void topic_created(const Topic&) override {}
    void topic_deleted(const Topic&) override {}
    void channel_created(const Topic&, const Channel&) override {}
    void channel_deleted(const Topic&, const Channel&) override {}
  };

  explicit Daemon(Options with = {})
      : options(std::move(with)),
        broker(
            {
                .max_req_timeout = options.max_req_timeout,
                .max_channel_consumers = static_cast<std::size_t>(options.max_channel_consumers),
            },
            1, deadlines, observer, &log),
        io(
            [this](boost::asio::io_context&) {
              auto made = log.make_journal();
              commits = made.get();
              return made;
            },
            nsq::Logger()) {}

  void advance(nsq::Nanoseconds by) {
    now.mono += by;
    now.wall += by;
    deadlines.expire_due(now);
    log.commit_deadlines();
  }
  TopicStats topic(std::string_view name) const { return broker.find_topic(name)->stats({}, true); }

  nsq::Now now{nsq::MonoTime(nsq::Seconds(1000)), nsq::WallTime(nsq::Seconds(1'700'000'000))};
  const Options options;
  Silent observer;
  DeadlineIndex deadlines;
  test::MemoryLog log{now};
  Broker broker;
  ClientRegistry clients;
  test::MemoryJournal* commits = nullptr;  // owned by io
  IoThread io;
  SessionContext context{io, broker, clients, options, nsq::Logger()};
};

/// A conversation without a connection: bytes in, replies out.
class Conversation final : public ProtocolHost {
 public:
  explicit Conversation(Daemon& daemon, std::string_view first = "  V2")
      : daemon_(daemon), protocol(daemon.context, *this, "127.0.0.1:5000") {
    send(first);
  }
  ~Conversation() override { protocol.leave(); }

  std::shared_ptr<Waker> waker() override { return bell; }
  void await_commit(Ticket ticket) override {
    daemon_.commits->when_committed(ticket, [this, ticket](const nsq::Result<void>& result) {
      if (result) {
        protocol.replies().committed(ticket);
      } else {
        protocol.replies().failed(ticket, result.error().text());
      }
    });
  }

  void ask_authority(Credentials client) override { asked.push_back(std::move(client)); }

  /// What the authority says to the last question; what waits for it goes on.
  void answer(nsq::Result<Grant> grant) {
    protocol.authenticated(std::move(grant));
    send({});
  }

  /// One read's worth of bytes. What is not consumed comes again with the next.
  void send(std::string_view bytes) {
    if (protocol.ended()) return;
    input_ += bytes;
    input_.erase(0, protocol.consume(input_, daemon_.now));
  }

  /// Ends the turn. @return what went out.
  Texts replies() {
    static_cast<void>(daemon_.commits->commit());
    const Texts all = texts(protocol.replies().ready());
    protocol.replies().ready().clear();
    return all;
  }

  Texts ask(std::string_view bytes) {
    send(bytes);
    return replies();
  }

  /// Pulls all there is. @return the messages' ids.
  std::vector<std::string> pull() {
    std::vector<Run> runs;
    while (protocol.pull(daemon_.now, {}, runs).more) {
    }
    std::vector<std::string> ids;
    for (const Run& run : runs) {
      for (const auto& data : texts(run.frames())) {
        ids.push_back(data.substr(nsq::wire::kIdOffset, nsq::wire::kMessageIdBytes));
      }
    }
    return ids;
  }

 private:
  Daemon& daemon_;
  std::string input_;

 public:
  std::vector<Credentials> asked;
  std::shared_ptr<CountingWaker> bell = std::make_shared<CountingWaker>();
  Protocol protocol;
};

/// A big-endian number of four bytes.
inline std::string be32(std::uint32_t number) {
  std::string bytes(4, '\0');
  nsq::store_be32(bytes.data(), number);
  return bytes;
}

/// A command with its sized body.
inline std::string with_body(std::string_view line, std::string_view body) {
  return std::string(line) + "\n" + be32(static_cast<std::uint32_t>(body.size())) +
         std::string(body);
}

inline std::string mpub(std::string_view topic, const std::vector<std::string>& messages) {
  std::string body = be32(static_cast<std::uint32_t>(messages.size()));
  for (const auto& message : messages) {
    body += be32(static_cast<std::uint32_t>(message.size())) + message;
  }
  return with_body("MPUB " + std::string(topic), body);
}

}  // namespace nsqd
