// AUTH, and what a client may do: spec/nsqd.md 3.

#include <utility>

#include <fmt/core.h>

#include "common/net/address.hpp"
#include "common/wire/auth_reply.hpp"
#include "nsqd/session/protocol.hpp"

namespace nsqd {

namespace wire = nsq::wire;

namespace {

/// `ip` of `ip:port`; empty for a unix socket's `@`.
std::string ip_of(std::string_view remote_address) {
  const auto parts = nsq::net::split_host_port(remote_address);
  return parts ? std::string(parts->host) : std::string();
}

wire::AuthReply welcome(const Grant& grant) {
  return {.identity = grant.identity,
          .identity_url = grant.identity_url,
          .permission_count = static_cast<std::int64_t>(grant.permissions->count())};
}

}  // namespace

Protocol::Step Protocol::auth(const CommandLine& line, std::string_view rest, nsq::Now now) {
  if (state_ != State::init) return fail(wire::wrong_state("AUTH"));
  if (line.param_count != 0) return fail(wire::invalid("AUTH invalid number of parameters"));
  const Step body = read_body(Command::auth, rest, context_.options.max_body_size);
  if (body != Step::done) return body;
  if (login_ && login_->grant) return fail(wire::invalid("AUTH already set"));
  if (!context_.authority) return fail(wire::fatal_error("E_AUTH_DISABLED", "AUTH disabled"));
  if (!login_) login_ = std::make_unique<Login>();
  if (!login_->answer) {
    return ask_authority({std::string(body_), ip_of(remote_address_),
                          context_.authority->certificate(tls_peer_ ? &*tls_peer_ : nullptr)});
  }
  auto answer = *std::exchange(login_->answer, std::nullopt);
  if (!answer) return auth_failed(answer.error());
  if (answer->permissions->count() == 0) {
    return fail(wire::fatal_error("E_UNAUTHORIZED", "AUTH no authorizations found"));
  }
  adopt(std::move(*answer), now);
  replies_.add_frame(wire::FrameType::response, wire::encode_auth_reply(welcome(*login_->grant)));
  return Step::done;
}

Protocol::Step Protocol::authorize(Command command, std::string_view topic,
                                   std::string_view channel, nsq::Now now) {
  if (!context_.authority) return Step::done;
  const std::string_view name = wire::to_string(command);
  if (!login_ || !login_->grant) {
    return fail(wire::fatal_error("E_AUTH_FIRST", fmt::format("AUTH required before {}", name)));
  }
  if (!grant_holds(now)) {
    if (!login_->answer) return ask_authority(login_->client);
    auto answer = *std::exchange(login_->answer, std::nullopt);
    if (!answer) return auth_failed(answer.error());
    adopt(std::move(*answer), now);
  }
  const Permissions& permissions = *login_->grant->permissions;
  const bool allowed =
      channel.empty() ? permissions.may_publish(topic) : permissions.may_subscribe(topic, channel);
  if (!allowed) {
    return fail(wire::fatal_error(
        "E_UNAUTHORIZED",
        fmt::format("AUTH failed for {} on \"{}\" \"{}\"", name, topic, channel)));
  }
  if (channel.empty()) topic_allowed_ = true;
  return Step::done;
}

Protocol::Step Protocol::check_subscription(nsq::Now now) {
  const bool of_present_file = login_->grant->generation == 0 ||
                               login_->grant->generation == context_.authority->file_generation();
  if (of_present_file) return Step::done;
  return authorize(Command::sub, subscription_.topic->name().view(), subscription_.channel->name(),
                   now);
}

bool Protocol::grant_holds(nsq::Now now) const {
  const Grant& grant = *login_->grant;
  if (grant.generation != 0) return grant.generation == context_.authority->file_generation();
  return now.mono < login_->until;
}

/// The command at hand comes again with the answer: nothing of it has happened yet.
Protocol::Step Protocol::ask_authority(Credentials client) {
  login_->client = std::move(client);
  login_->asking = true;
  if_cut_off_.reset();
  needed_ = 0;
  host_.ask_authority(login_->client);
  return Step::need_more;
}

void Protocol::authenticated(nsq::Result<Grant> answer) {
  login_->asking = false;
  login_->answer = std::move(answer);
}

void Protocol::adopt(Grant grant, nsq::Now now) {
  const auto never = nsq::MonoTime::max();
  login_->until = grant.ttl < never - now.mono ? now.mono + grant.ttl : never;
  login_->grant = std::move(grant);
  topic_allowed_ = false;
  client_->set_auth(login_->grant->identity, login_->grant->identity_url);
  context_.log.info("[{}] AUTH: identity={}", remote_address_,
                    nsq::printable(login_->grant->identity));
}

/// Why is for the log only: a client is not told about the servers behind.
Protocol::Step Protocol::auth_failed(const nsq::Error& why) {
  context_.log.warn("PROTOCOL(V2): [{}] AUTH failed {}", remote_address_, why.text());
  return fail(wire::fatal_error("E_AUTH_FAILED", "AUTH failed"));
}

}  // namespace nsqd
