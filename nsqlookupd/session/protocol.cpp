#include "nsqlookupd/session/protocol.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/bytes.hpp"
#include "common/config/values.hpp"
#include "nsqlookupd/session/identify.hpp"

namespace nsqlookupd {

using nsq::printable;
using nsq::wire::bad_body;
using nsq::wire::ChannelName;
using nsq::wire::fatal_error;
using nsq::wire::invalid;
using nsq::wire::ProtocolError;
using nsq::wire::TopicName;

namespace {

constexpr std::string_view kMagic = "  V1";
constexpr std::string_view kWhitespace = " \t\n\v\f\r";
constexpr std::size_t kSizeBytes = 4;

ProtocolError body_size_unreadable() {
  return bad_body("IDENTIFY failed to read body size");
}
ProtocolError body_unreadable() {
  return bad_body("IDENTIFY failed to read body");
}

std::string_view trim(std::string_view line) {
  const auto first = line.find_first_not_of(kWhitespace);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kWhitespace) - first + 1);
}

/// Splits at single spaces: two in a row have an empty word between them.
std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

/// What REGISTER and UNREGISTER are about.
struct Target {
  TopicName topic;
  std::optional<ChannelName> channel;
};

std::expected<Target, ProtocolError> parse_target(std::string_view command,
                                                  const std::vector<std::string_view>& params) {
  if (params.empty()) {
    return std::unexpected(invalid(fmt::format("{} insufficient number of params", command)));
  }
  auto topic = TopicName::parse(params[0]);
  if (!topic) {
    return std::unexpected(fatal_error(
        "E_BAD_TOPIC", fmt::format("{} topic name '{}' is not valid", command, params[0])));
  }
  if (params.size() < 2 || params[1].empty()) return Target{std::move(*topic), std::nullopt};
  auto channel = ChannelName::parse(params[1]);
  if (!channel) {
    return std::unexpected(fatal_error(
        "E_BAD_CHANNEL", fmt::format("{} channel name '{}' is not valid", command, params[1])));
  }
  return Target{std::move(*topic), std::move(*channel)};
}

}  // namespace

Protocol::Protocol(SessionContext& context, const std::string& remote)
    : context_(context), remote_(remote) {}

Protocol::~Protocol() {
  leave();
}

void Protocol::leave() {
  if (peer_) context_.registry.leave(*std::exchange(peer_, nullptr));
}

std::size_t Protocol::consume(std::string_view input, nsq::Now now) {
  std::string_view rest = input;
  while (!ended_ && step(rest, now)) {
  }
  return input.size() - rest.size();
}

/// @return whether to go on with what is left.
bool Protocol::step(std::string_view& input, nsq::Now now) {
  switch (state_) {
    case State::magic:
      return take_magic(input);
    case State::line:
      return take_line(input, now);
    case State::body_size:
      return take_body_size(input);
    case State::body:
      return take_body(input, now);
  }
  return false;
}

bool Protocol::take_magic(std::string_view& input) {
  if (input.size() < kMagic.size()) return false;
  const std::string_view magic = input.substr(0, kMagic.size());
  input.remove_prefix(kMagic.size());
  context_.log.info("CLIENT({}): desired protocol magic '{}'", remote_, printable(magic));
  if (magic == kMagic) {
    state_ = State::line;
    return true;
  }
  context_.log.error("client({}) bad protocol magic '{}'", remote_, printable(magic));
  reply(nsq::wire::bad_protocol().text());
  ended_ = true;
  return false;
}

bool Protocol::take_line(std::string_view& input, nsq::Now now) {
  const auto end = input.find('\n');
  if (end == std::string_view::npos ? input.size() > kMaxLineBytes : end > kMaxLineBytes) {
    fail(invalid("command line too long"));
    return false;
  }
  if (end == std::string_view::npos) return false;
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(end + 1);
  execute(trim(line), now);
  return true;
}

void Protocol::execute(std::string_view line, nsq::Now now) {
  Params params = split(line);
  const std::string_view command = params.front();
  params.erase(params.begin());
  if (command == "PING") {
    answer(ping(now));
  } else if (command == "IDENTIFY") {
    if (peer_) {
      fail(invalid("cannot IDENTIFY again"));
    } else {
      state_ = State::body_size;
    }
  } else if (command == "REGISTER") {
    answer(register_peer(params));
  } else if (command == "UNREGISTER") {
    answer(unregister_peer(params));
  } else {
    fail(nsq::wire::invalid_command(command));
  }
}

bool Protocol::take_body_size(std::string_view& input) {
  if (input.size() < kSizeBytes) return false;
  const auto size = static_cast<std::int32_t>(nsq::load_be32(input.data()));
  input.remove_prefix(kSizeBytes);
  if (size < 0 || static_cast<std::size_t>(size) > kMaxBodyBytes) {
    fail(body_unreadable(), fmt::format("body of {} bytes", size));
    return false;
  }
  body_bytes_ = static_cast<std::size_t>(size);
  state_ = State::body;
  return true;
}

bool Protocol::take_body(std::string_view& input, nsq::Now now) {
  if (input.size() < body_bytes_) return false;
  const std::string_view body = input.substr(0, body_bytes_);
  input.remove_prefix(body_bytes_);
  state_ = State::line;
  answer(identify(body, now));
  return true;
}

Protocol::Reply Protocol::identify(std::string_view body, nsq::Now now) {
  auto identity = parse_identify(body);
  if (!identity) return std::unexpected(bad_body("IDENTIFY failed to decode JSON body"));
  if (!is_complete(*identity)) return std::unexpected(bad_body("IDENTIFY missing fields"));
  context_.log.info("CLIENT({}): IDENTIFY Address:{} TCP:{} HTTP:{} Version:{}", remote_,
                    printable(identity->broadcast_address), identity->tcp_port, identity->http_port,
                    printable(identity->version));
  peer_ = &context_.registry.join(remote_, std::move(*identity), now);
  return context_.identify_reply;
}

Protocol::Reply Protocol::ping(nsq::Now now) {
  if (!peer_) return "OK";
  if (context_.log.enabled(nsq::LogLevel::info)) {
    context_.log.info("CLIENT({}): pinged (last ping {})", remote_,
                      nsq::config::format_duration(now.mono - peer_->last_update().mono));
  }
  context_.registry.ping(*peer_, now);
  return "OK";
}

Protocol::Reply Protocol::register_peer(const Params& params) {
  if (!peer_) return std::unexpected(invalid("client must IDENTIFY"));
  const auto target = parse_target("REGISTER", params);
  if (!target) return std::unexpected(target.error());
  const auto& [topic, channel] = *target;
  if (channel) {
    context_.registry.add(*peer_, topic, *channel);
  } else {
    context_.registry.add(*peer_, topic);
  }
  return "OK";
}

Protocol::Reply Protocol::unregister_peer(const Params& params) {
  if (!peer_) return std::unexpected(invalid("client must IDENTIFY"));
  const auto target = parse_target("UNREGISTER", params);
  if (!target) return std::unexpected(target.error());
  const auto& [topic, channel] = *target;
  if (channel) {
    context_.registry.remove(*peer_, topic, *channel);
  } else {
    context_.registry.remove(*peer_, topic);
  }
  return "OK";
}

void Protocol::end_of_input(std::string_view rest) {
  if (ended_) return;
  // As upstream's readers name it: nothing came, or not all of it.
  const std::string_view cause = rest.empty() ? "EOF" : "unexpected EOF";
  switch (state_) {
    case State::magic:
      context_.log.error("failed to read protocol version - {}", cause);
      break;
    case State::line:
      break;
    case State::body_size:
      fail(body_size_unreadable(), cause);
      break;
    case State::body:
      fail(body_unreadable(), cause);
      break;
  }
  ended_ = true;
}

void Protocol::answer(const Reply& outcome) {
  if (outcome) {
    reply(*outcome);
  } else {
    fail(outcome.error());
  }
}

void Protocol::fail(const ProtocolError& error, std::string_view cause) {
  failure_ = printable(error.text());
  context_.log.error("[{}] - {}{}{}", remote_, failure_, cause.empty() ? "" : " - ", cause);
  reply(error.text());
  ended_ = true;
}

void Protocol::reply(std::string_view text) {
  const std::size_t before = replies_.size();
  replies_.resize(before + kSizeBytes);
  nsq::store_be32(replies_.data() + before, static_cast<std::uint32_t>(text.size()));
  replies_ += text;
}

}  // namespace nsqlookupd
