#pragma once

#include <string>
#include <string_view>

#include "common/wire/command.hpp"

namespace nsq::wire {

/// What a client is told when something fails: the content of an error frame. Source:
/// spec/nsqd.md 1.6.
struct ProtocolError {
  std::string code{};         ///< "E_INVALID"
  std::string description{};  ///< may be empty
  bool fatal = true;          ///< the connection closes behind it

  /// The frame's data: code and description with one space between; the bare code without one.
  std::string text() const;

  friend bool operator==(const ProtocolError&, const ProtocolError&) = default;
};

/// The error whose frame carried `text`: the code is its first word. FIN, REQ and TOUCH failures
/// are not fatal, everything else is.
ProtocolError parse_protocol_error(std::string_view text);

/// A fatal error of any code.
ProtocolError fatal_error(std::string_view code, std::string description);

ProtocolError bad_protocol();                        ///< a wrong magic
ProtocolError invalid(std::string description);      ///< E_INVALID
ProtocolError bad_body(std::string description);     ///< E_BAD_BODY
ProtocolError bad_message(std::string description);  ///< E_BAD_MESSAGE

/// `invalid command <token>`
ProtocolError invalid_command(std::string_view token);
/// `cannot <token> in current state`
ProtocolError wrong_state(std::string_view token);
/// `cannot <token> in current state (TLS required)`
ProtocolError tls_required(std::string_view token);
/// `<COMMAND> insufficient number of parameters`, or `... params` for FIN, REQ and TOUCH.
ProtocolError too_few_params(Command command);
/// `E_BAD_TOPIC <COMMAND> topic name "<name>" is not valid`, the code twice for MPUB.
ProtocolError bad_topic(Command command, std::string_view name);
/// `E_BAD_CHANNEL <COMMAND> channel name "<name>" is not valid`
ProtocolError bad_channel(Command command, std::string_view name);
/// `invalid message ID`
ProtocolError invalid_message_id();
/// `E_<COMMAND>_FAILED <COMMAND> <id> failed <why>` of FIN, REQ or TOUCH; the connection is kept.
ProtocolError message_failed(Command command, std::string_view id, std::string_view why);
/// `E_<COMMAND>_FAILED <COMMAND> failed <why>` of PUB, MPUB, DPUB or SUB.
ProtocolError command_failed(Command command, std::string_view why);

}  // namespace nsq::wire
