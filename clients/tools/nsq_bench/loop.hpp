#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "clients/tools/nsq_bench/dial.hpp"
#include "clients/tools/nsq_bench/socket.hpp"

namespace nsq::bench {

/// The steady clock in nanoseconds: what stamps, schedules and latencies are made of.
inline std::int64_t steady_nanos() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

class Link;

/// A connection as its loop sees it. Lives on the loop's thread, from start() to finish().
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// The run begins; `now` is the same for all endpoints of all loops.
  virtual void start(std::int64_t now) = 0;
  /// The socket has epoll's `events`.
  virtual void on_events(std::uint32_t events, std::int64_t now) = 0;
  /// Asked at every turn of endpoints that have a schedule (Loop::add_timed): does what is due.
  /// @return when to be called again at the latest, or kNever.
  virtual std::int64_t on_turn(std::int64_t) { return kNever; }
  /// The run is over: sends what must not be lost.
  virtual void finish() {}
};

/// An epoll loop for many connections on one thread. Raw epoll and not Asio, because the generator
/// has to cost less than any server: one wait, one receive and one send a batch, and no allocation.
/// Lives on the thread that calls run(); the others may call stop(). Endpoints must outlive it.
class Loop {
 public:
  Loop();

  /// Watches `fd` for input. Before run(), or on its thread.
  Result<void> add(int fd, Endpoint& endpoint);
  /// Also calls the endpoint's on_turn().
  void add_timed(Endpoint& endpoint) { timed_.push_back(&endpoint); }
  /// Turns the watch for output on or off.
  void watch_output(int fd, Endpoint& endpoint, bool on);

  /// Starts all endpoints, serves them until stop(), and finishes them.
  void run(std::int64_t start);
  void stop() noexcept;

  /// Where all of the loop's connections receive: what stays cached is one buffer, however many
  /// connections there are.
  std::vector<char>& scratch() noexcept { return scratch_; }

  /// Has the link's endpoint called for input in the next turn, whatever its socket says.
  void call_again(Link& link) { again_.push_back(&link); }

 private:
  void turn();

  Fd epoll_;
  Fd wake_;
  std::vector<Endpoint*> endpoints_;
  std::vector<Endpoint*> timed_;
  std::vector<Link*> again_;
  std::vector<Link*> called_;  // again_ of the turn that is being done
  std::vector<char> scratch_;
  std::atomic<bool> stopped_ = false;
};

/// The connection of an endpoint: receives into the loop's scratch buffer, keeping only what is
/// left of a frame cut short, so that an idle connection holds no buffer. Layers may hold input
/// that epoll knows nothing of, so with them an endpoint is called until nothing more came.
class Link {
 public:
  Link(Loop& loop, Connection connection)
      : loop_(loop), stream_(std::move(connection.stream)), layered_(connection.layered) {}
  ~Link() { stream_->close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  int fd() const noexcept { return stream_->native_handle(); }

  /// Has `endpoint` called for it.
  Result<void> watch(Endpoint& endpoint, bool timed);
  /// What Loop::call_again() leads to.
  void call(std::int64_t now);

  /// One receive. @return what keep() left and what came now, valid until the loop's next receive;
  /// empty when nothing came. Errc::closed when the server closed the connection.
  Result<std::string_view> receive();
  /// Keeps the rest of what receive() returned for the next one.
  void keep(std::string_view rest) { kept_.assign(rest); }

  /// Sends as much as is taken, at most two pieces. @return the number of bytes.
  Result<std::size_t> send(std::string_view first, std::string_view second = {});
  /// Moves on what layers hold; when output is possible again.
  Result<void> flush();
  /// Asks for EPOLLOUT, or no more; also if layers hold output. Cheap when nothing changes.
  void want_output(Endpoint& endpoint, bool on) {
    if (layered_) on = on || stream_->has_pending();
    if (on == wants_output_) return;
    wants_output_ = on;
    loop_.watch_output(fd(), endpoint, on);
  }
  /// Sends all of it, waiting up to `limit` for the peer to take it.
  bool send_last(std::string_view bytes, Milliseconds limit);

 private:
  Loop& loop_;
  std::unique_ptr<net::ByteStream> stream_;
  bool layered_;
  Endpoint* endpoint_ = nullptr;
  std::string kept_;
  bool wants_output_ = false;
  bool called_again_ = false;  // and not called yet
};

}  // namespace nsq::bench
