#include "clients/tools/nsq_tail/printer.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace nsq::tools {

Result<void> Printer::handle(const std::string& topic, const client::Message& message) {
  bool printed = false;
  bool ended = false;
  {
    const MutexLock lock(mu_);
    if (!done_) {
      printed = print(topic, message.body());
      const bool last = printed && ++printed_[topic] == settings_.limit;
      ended = done_ = last || !printed;
    }
  }
  if (printed) {
    message.finish();
  } else {
    message.requeue_without_backoff(Nanoseconds(0));
  }
  if (ended) on_done_();
  return {};
}

bool Printer::print(const std::string& topic, std::string_view body) {
  line_.clear();
  if (settings_.print_topic) line_.append(topic).append(" | ");
  line_.append(body).append("\n");
  std::string_view left = line_;
  while (!left.empty()) {
    const ssize_t wrote = ::write(settings_.fd, left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      error_ = fmt::format("ERROR: failed to write to os.Stdout - {}", std::strerror(errno));
      return false;
    }
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

std::string Printer::error() const {
  const MutexLock lock(mu_);
  return error_;
}

}  // namespace nsq::tools
