#include "tests/integration/every_command.hpp"

#include "tests/support/nsqlookupd.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {

using wire::Command;

namespace {

std::string bytes_of(Command command, const std::string& name) {
  if (command == Command::identify) return identify(R"({"client_id":"stranger"})");
  if (command == Command::auth) return auth("guessed");
  if (command == Command::sub) return sub("orders", "billing");
  if (command == Command::pub) return pub("orders", "x");
  if (command == Command::mpub) return mpub("orders", {"x"});
  if (command == Command::dpub) return dpub("orders", "1", "x");
  return name + " 0123456789abcdef 1\n";
}

}  // namespace

std::vector<TriedCommand> nsqd_commands() {
  std::vector<TriedCommand> all;
  for (int i = static_cast<int>(Command::unknown) + 1;; ++i) {
    const auto command = static_cast<Command>(i);
    const std::string name(wire::to_string(command));
    if (name.empty()) return all;
    const bool needs_permission = command == Command::sub || command == Command::pub ||
                                  command == Command::mpub || command == Command::dpub;
    all.push_back({command, name, bytes_of(command, name), needs_permission});
  }
}

std::vector<std::string> nsqlookupd_conversations() {
  const std::string identified = lookup_identify(lookup_identity("stranger"));
  return {"  V1PING\n", identified, identified + "REGISTER orders billing\n",
          identified + "UNREGISTER orders\n"};
}

std::string auth(std::string_view secret) {
  return "AUTH\n" + be32(static_cast<std::uint32_t>(secret.size())) + std::string(secret);
}

}  // namespace nsq::test
