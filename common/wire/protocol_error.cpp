#include "common/wire/protocol_error.hpp"

#include <utility>

#include <fmt/format.h>

#include "common/wire/quote.hpp"

namespace nsq::wire {
namespace {

bool is_message_command(Command command) {
  return command == Command::fin || command == Command::req || command == Command::touch;
}

std::string failed_code(Command command) {
  return fmt::format("E_{}_FAILED", to_string(command));
}

}  // namespace

std::string ProtocolError::text() const {
  return description.empty() ? code : fmt::format("{} {}", code, description);
}

ProtocolError parse_protocol_error(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::string_view code = text.substr(0, space);
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  const bool kept = code == "E_FIN_FAILED" || code == "E_REQ_FAILED" || code == "E_TOUCH_FAILED";
  return {.code = std::string(code), .description = std::string(rest), .fatal = !kept};
}

ProtocolError fatal_error(std::string_view code, std::string description) {
  return {.code = std::string(code), .description = std::move(description), .fatal = true};
}

ProtocolError bad_protocol() {
  return fatal_error("E_BAD_PROTOCOL", {});
}

ProtocolError invalid(std::string description) {
  return fatal_error("E_INVALID", std::move(description));
}

ProtocolError bad_body(std::string description) {
  return fatal_error("E_BAD_BODY", std::move(description));
}

ProtocolError bad_message(std::string description) {
  return fatal_error("E_BAD_MESSAGE", std::move(description));
}

ProtocolError invalid_command(std::string_view token) {
  return invalid(fmt::format("invalid command {}", token));
}

ProtocolError wrong_state(std::string_view token) {
  return invalid(fmt::format("cannot {} in current state", token));
}

ProtocolError tls_required(std::string_view token) {
  return invalid(fmt::format("cannot {} in current state (TLS required)", token));
}

ProtocolError too_few_params(Command command) {
  return invalid(fmt::format("{} insufficient number of {}", to_string(command),
                             is_message_command(command) ? "params" : "parameters"));
}

ProtocolError bad_topic(Command command, std::string_view name) {
  // MPUB says its code twice, and clients have seen it so (spec/nsqd.md 1.6).
  return fatal_error("E_BAD_TOPIC", fmt::format("{}{} topic name {} is not valid",
                                                command == Command::mpub ? "E_BAD_TOPIC " : "",
                                                to_string(command), quote(name)));
}

ProtocolError bad_channel(Command command, std::string_view name) {
  return fatal_error("E_BAD_CHANNEL", fmt::format("{} channel name {} is not valid",
                                                  to_string(command), quote(name)));
}

ProtocolError invalid_message_id() {
  return invalid("invalid message ID");
}

ProtocolError message_failed(Command command, std::string_view id, std::string_view why) {
  return {.code = failed_code(command),
          .description = fmt::format("{} {} failed {}", to_string(command), id, why),
          .fatal = false};
}

ProtocolError command_failed(Command command, std::string_view why) {
  return fatal_error(failed_code(command), fmt::format("{} failed {}", to_string(command), why));
}

}  // namespace nsq::wire
