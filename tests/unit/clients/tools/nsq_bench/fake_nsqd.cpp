#include "tests/unit/clients/tools/nsq_bench/fake_nsqd.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"

namespace nsq::bench::test {
namespace {

std::string frame(std::uint32_t type, std::string_view data) {
  std::string bytes(8, '\0');
  store_be32(bytes.data(), static_cast<std::uint32_t>(data.size() + 4));
  store_be32(bytes.data() + 4, type);
  return bytes.append(data);
}

/// Gives up when the client is gone.
void send_all(const Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

FakeNsqd::FakeNsqd() : FakeNsqd(Faults{}) {}

FakeNsqd::FakeNsqd(Faults faults)
    : faults_(faults),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  NSQ_ASSERT(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  NSQ_ASSERT(listen(listener_.get(), 64) == 0);
  socklen_t size = sizeof at;
  NSQ_ASSERT(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
  address_ = fmt::format("127.0.0.1:{}", ntohs(at.sin_port));
  thread_ = std::jthread([this] { serve(); });
}

FakeNsqd::~FakeNsqd() {
  const std::uint64_t one = 1;
  NSQ_ASSERT(write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void FakeNsqd::serve() {
  for (;;) {
    std::vector<pollfd> wait{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                             {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const auto& client : clients_) {
      wait.push_back({.fd = client->fd.get(), .events = POLLIN, .revents = 0});
    }
    if (poll(wait.data(), wait.size(), -1) < 0) return;
    if (wait[0].revents != 0) return;
    for (std::size_t i = 2; i < wait.size(); ++i) {
      if (wait[i].revents != 0) read(*clients_[i - 2]);
    }
    std::erase_if(clients_, [](const auto& client) { return client->gone; });
    if (wait[1].revents != 0) {
      clients_.push_back(
          std::make_unique<Client>(Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC))));
    }
  }
}

void FakeNsqd::read(Client& client) {
  char piece[65536];
  const ssize_t n = recv(client.fd.get(), piece, sizeof piece, 0);
  if (n <= 0) {
    client.gone = true;
    return;
  }
  client.in.append(piece, static_cast<std::size_t>(n));
  std::size_t at = 0;
  if (!client.greeted && client.in.size() >= 4) {
    client.greeted = true;
    at = 4;
  }
  while (!client.gone) {
    const std::size_t used = execute(client, std::string_view(client.in).substr(at));
    if (used == 0) break;
    at += used;
  }
  client.in.erase(0, at);
}

// The length of the command at the beginning of `in`, 0 if it is not whole.
std::size_t FakeNsqd::execute(Client& client, std::string_view in) {
  const std::size_t line_end = in.find('\n');
  if (line_end == std::string_view::npos) return 0;
  const std::string_view line = in.substr(0, line_end);
  const std::string_view rest = in.substr(line_end + 1);
  if (line.starts_with("FIN ")) finished_.fetch_add(1);
  if (line.starts_with("SUB ")) {
    client.subscribed = true;
    send_all(client.fd, frame(0, "OK"));
  }
  if (line.starts_with("RDY ") && faults_.close_subscribers) client.gone = true;
  const bool publishes = line.find("PUB ") != std::string_view::npos;
  if (!publishes && line != "IDENTIFY") return line_end + 1;

  if (rest.size() < 4 || rest.size() - 4 < load_be32(rest.data())) return 0;
  const std::string_view body = rest.substr(4, load_be32(rest.data()));
  if (line.starts_with("MPUB ")) {
    std::string_view left = body.substr(4);
    for (std::uint32_t i = 0; i < load_be32(body.data()); ++i) {
      const std::uint32_t size = load_be32(left.data());
      publish(left.substr(4, size));
      left.remove_prefix(4 + size);
    }
  } else if (publishes) {
    publish(body);
  }
  answer(client);
  return line_end + 1 + 4 + body.size();
}

void FakeNsqd::publish(std::string_view body) {
  const std::int64_t number = published_++;
  if (number == faults_.drop) return;
  const std::string message = frame(2, fmt::format("{:010}{:016x}{}", 1, number, body));
  for (const auto& client : clients_) {
    if (!client->subscribed) continue;
    send_all(client->fd, message);
    if (number == faults_.repeat) send_all(client->fd, message);
  }
}

void FakeNsqd::answer(Client& client) {
  if (client.subscribed) return;
  const bool refuse = faults_.error_after >= 0 && answered_ >= faults_.error_after;
  ++answered_;
  send_all(client.fd, refuse ? frame(1, "E_PUB_FAILED PUB failed exiting") : frame(0, "OK"));
}

}  // namespace nsq::bench::test
