#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/tools/nsq_bench/socket.hpp"

namespace nsq::bench {

/// nsqd's HTTP API, as far as setting up a run needs it. One kept connection, blocking. One thread.
class Admin {
 public:
  /// Errors as connect_tcp.
  static Result<Admin> connect(const std::string& address);

  /// Each is done when it returns. Errc::rejected with the server's answer.
  Result<void> create_topic(std::string_view topic);
  Result<void> create_channel(std::string_view topic, std::string_view channel);
  /// A topic that does not exist is fine.
  Result<void> delete_topic(std::string_view topic);

 private:
  Admin(std::string address, Fd socket)
      : address_(std::move(address)), socket_(std::move(socket)) {}
  Result<void> post(const std::string& path_and_query);

  std::string address_;
  Fd socket_;
};

/// Deletes the topic and makes it anew with these channels, so that what is published next fans
/// out.
Result<void> make_fresh(const std::string& http_address, std::string_view topic,
                        const std::vector<std::string>& channels);

}  // namespace nsq::bench
