#include "clients/tools/nsq_bench/admin.hpp"

#include <sys/socket.h>

#include <cerrno>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/replies.hpp"

namespace nsq::bench {
namespace {

std::string escape(std::string_view name) {
  std::string escaped;
  for (const char c : name) escaped += c == '#' ? "%23" : std::string(1, c);
  return escaped;
}

}  // namespace

Result<Admin> Admin::connect(const std::string& address) {
  auto socket = connect_tcp(address);
  if (!socket) return std::unexpected(socket.error());
  return Admin(address, std::move(*socket));
}

Result<void> Admin::create_topic(std::string_view topic) {
  return post(fmt::format("/topic/create?topic={}", escape(topic)));
}

Result<void> Admin::create_channel(std::string_view topic, std::string_view channel) {
  return post(fmt::format("/channel/create?topic={}&channel={}", escape(topic), escape(channel)));
}

Result<void> Admin::delete_topic(std::string_view topic) {
  auto done = post(fmt::format("/topic/delete?topic={}", escape(topic)));
  if (!done && done.error().context.find("TOPIC_NOT_FOUND") != std::string::npos) return {};
  return done;
}

Result<void> Admin::post(const std::string& path_and_query) {
  const std::string request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n", path_and_query, address_);
  if (auto sent = send_all(socket_, request); !sent) return sent;
  std::string answer;
  for (;;) {
    char piece[4096];
    const ssize_t n = recv(socket_.get(), piece, sizeof piece, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path_and_query);
    if (n == 0) return fail(Errc::closed, path_and_query + ": the server closed the connection");
    answer.append(piece, static_cast<std::size_t>(n));
    Replies replies;
    const ScanResult scanned = scan_http_replies(answer, replies);
    if (scanned.bad) return fail(Errc::bad_frame, path_and_query + ": not an HTTP answer");
    if (replies.ok > 0) return {};
    if (!replies.error.empty()) {
      return fail(Errc::rejected, fmt::format("{}: {}", path_and_query, replies.error));
    }
  }
}

Result<void> make_fresh(const std::string& http_address, std::string_view topic,
                        const std::vector<std::string>& channels) {
  auto admin = Admin::connect(http_address);
  if (!admin) return std::unexpected(admin.error());
  if (auto done = admin->delete_topic(topic); !done) return done;
  if (auto done = admin->create_topic(topic); !done) return done;
  for (const std::string& channel : channels) {
    if (auto done = admin->create_channel(topic, channel); !done) return done;
  }
  return {};
}

}  // namespace nsq::bench
