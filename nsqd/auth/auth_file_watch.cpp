#include "nsqd/auth/auth_file_watch.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace nsqd {

using nsq::Result;

namespace {

/// A larger one is not an auth file.
constexpr std::size_t kMaxBytes = 16 << 20;

Result<std::string> read_text(const std::string& path) {
  const auto failed = [&] {
    const boost::system::error_code code(errno, boost::system::system_category());
    return nsq::fail(code, code.message());
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return failed();
  std::string text;
  char chunk[4096];
  while (const auto size = std::fread(chunk, 1, sizeof chunk, file.get())) {
    text.append(chunk, size);
    if (text.size() > kMaxBytes) return nsq::fail(nsq::Errc::bad_config, "it is too large");
  }
  if (std::ferror(file.get()) != 0) return failed();
  return text;
}

}  // namespace

AuthFileWatch::AuthFileWatch(boost::asio::any_io_executor executor, std::string path,
                             Authority& authority, nsq::Logger log)
    : path_(std::move(path)),
      authority_(authority),
      log_(std::move(log)),
      watch_(std::move(executor), {path_}, [this] { reload(); }) {}

Result<void> AuthFileWatch::load() {
  if (auto done = read(); !done) {
    return nsq::fail(done.error().code,
                     fmt::format("failed to load --auth-file {} - {}", path_, done.error().text()));
  }
  return {};
}

Result<void> AuthFileWatch::read() {
  const auto text = read_text(path_);
  if (!text) return std::unexpected(text.error());
  auto file = AuthFile::parse(*text);
  if (!file) return std::unexpected(file.error());
  struct stat status = {};
  const bool open_to_all = ::stat(path_.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
  if (file->has_plain_secrets() && open_to_all) {
    log_.warn("AUTH: {} holds secrets and is readable by everyone", path_);
  }
  log_.info("AUTH: {} identities in {}", file->size(), path_);
  authority_.set_file(std::move(*file));
  return {};
}

void AuthFileWatch::reload() {
  if (const auto done = read(); !done) {
    log_.error("AUTH: {} cannot be used, keeping what was there - {}", path_, done.error().text());
  }
}

}  // namespace nsqd
