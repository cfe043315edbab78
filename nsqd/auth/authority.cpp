#include "nsqd/auth/authority.hpp"

#include <utility>

namespace nsqd {

using boost::asio::awaitable;
using nsq::Result;

Authority::Authority(AuthServers::Settings servers, const nsq::Logger& log,
                     bool verifies_certificates)
    : servers_(std::move(servers), log), verifies_certificates_(verifies_certificates) {}

PeerCertificate Authority::certificate(const nsq::net::TlsPeer* peer) const {
  if (!peer) return {};
  return {.tls = true, .common_name = peer->common_name, .verified = verifies_certificates_};
}

std::shared_ptr<const AuthFile> Authority::file() const {
  const nsq::MutexLock lock(mutex_);
  return file_;
}

void Authority::set_file(AuthFile file) {
  auto made = std::make_shared<const AuthFile>(std::move(file));
  const nsq::MutexLock lock(mutex_);
  file_ = std::move(made);
  generation_.fetch_add(1, std::memory_order_release);
}

std::optional<Grant> Authority::ask_file(const Credentials& client) const {
  std::shared_ptr<const AuthFile> file;
  std::uint64_t generation = 0;
  {
    const nsq::MutexLock lock(mutex_);
    file = file_;
    generation = file_generation();
  }
  const auto identity = file ? file->find(client) : nullptr;
  if (!identity) return std::nullopt;
  Grant grant;
  grant.identity = identity->entry().name;
  grant.identity_url = identity->entry().url;
  grant.permissions = identity;
  grant.generation = generation;
  return grant;
}

awaitable<Result<Grant>> Authority::ask(Credentials client) const {
  if (auto grant = ask_file(client)) co_return std::move(*grant);
  if (servers_.empty()) {
    co_return nsq::fail(nsq::Errc::rejected, "the auth file does not know this client");
  }
  co_return co_await servers_.ask(std::move(client));
}

}  // namespace nsqd
