#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/tools/nsq_bench/dial.hpp"

namespace nsq::bench {

/// nsqd's HTTP API, as far as setting up a run needs it. One kept connection, blocking. One thread.
class Admin {
 public:
  /// Errors as Dialer::http.
  static Result<Admin> connect(const Options& options);

  /// Each is done when it returns. Errc::rejected with the server's answer.
  Result<void> create_topic(std::string_view topic);
  Result<void> create_channel(std::string_view topic, std::string_view channel);
  /// A topic that does not exist is fine.
  Result<void> delete_topic(std::string_view topic);

 private:
  Admin() = default;
  Result<void> post(const std::string& path_and_query);

  std::unique_ptr<Dialer> dialer_ = std::make_unique<Dialer>();
  std::string headers_;
  Connection connection_;
};

/// Deletes the options' topic and makes it anew with these channels, so that what is published next
/// fans out.
Result<void> make_fresh(const Options& options, const std::vector<std::string>& channels);

}  // namespace nsq::bench
