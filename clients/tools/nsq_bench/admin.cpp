#include "clients/tools/nsq_bench/admin.hpp"

#include <fmt/core.h>

#include "clients/tools/nsq_bench/replies.hpp"
#include "common/net/percent_encode.hpp"

namespace nsq::bench {
Result<Admin> Admin::connect(const Options& options) {
  Admin admin;
  auto connection = admin.dialer_->http(options);
  if (!connection) return std::unexpected(connection.error());
  admin.connection_ = *std::move(connection);
  admin.headers_ = options.http_headers();
  return admin;
}

Result<void> Admin::create_topic(std::string_view topic) {
  return post(fmt::format("/topic/create?topic={}", net::percent_encode(topic)));
}

Result<void> Admin::create_channel(std::string_view topic, std::string_view channel) {
  return post(fmt::format("/channel/create?topic={}&channel={}", net::percent_encode(topic),
                          net::percent_encode(channel)));
}

Result<void> Admin::delete_topic(std::string_view topic) {
  auto done = post(fmt::format("/topic/delete?topic={}", net::percent_encode(topic)));
  if (!done && done.error().context.find("TOPIC_NOT_FOUND") != std::string::npos) return {};
  return done;
}

Result<void> Admin::post(const std::string& path_and_query) {
  const std::string request =
      fmt::format("POST {} HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", path_and_query, headers_);
  const auto failed = [&](const Error& error) {
    return fail(error.code, fmt::format("{}: {}", path_and_query, error.text()));
  };
  if (auto sent = connection_.send(request); !sent) return failed(sent.error());
  std::string answer;
  for (;;) {
    auto piece = connection_.receive(4096);
    if (!piece) return failed(piece.error());
    answer += *piece;
    Replies replies;
    const ScanResult scanned = scan_http_replies(answer, replies);
    if (scanned.bad) return fail(Errc::bad_frame, path_and_query + ": not an HTTP answer");
    if (replies.ok > 0) return {};
    if (!replies.error.empty()) {
      return fail(Errc::rejected, fmt::format("{}: {}", path_and_query, replies.error));
    }
  }
}

Result<void> make_fresh(const Options& options, const std::vector<std::string>& channels) {
  const std::string& topic = options.topic;
  auto admin = Admin::connect(options);
  if (!admin) return std::unexpected(admin.error());
  if (auto done = admin->delete_topic(topic); !done) return done;
  if (auto done = admin->create_topic(topic); !done) return done;
  for (const std::string& channel : channels) {
    if (auto done = admin->create_channel(topic, channel); !done) return done;
  }
  return {};
}

}  // namespace nsq::bench
