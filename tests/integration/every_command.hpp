#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/wire/command.hpp"

namespace nsq::test {

/// A command of nsqd's TCP protocol as bytes.
struct TriedCommand {
  wire::Command command;
  std::string name;
  std::string bytes;
  bool needs_permission;  ///< AUTH has to come before it
};

/// Every command that nsqd has, well formed, about topic `orders` and channel `billing`; AUTH with
/// the secret `guessed`.
std::vector<TriedCommand> nsqd_commands();

/// What can be said to nsqlookupd's TCP port: every command, with the magic and what has to come
/// before it.
std::vector<std::string> nsqlookupd_conversations();

/// `AUTH` with a secret.
std::string auth(std::string_view secret);

}  // namespace nsq::test
