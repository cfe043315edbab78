#include "tests/integration/restart.hpp"

#include <signal.h>

#include <algorithm>
#include <ostream>

#include <catch2/catch.hpp>

namespace nsq::test {

std::ostream& operator<<(std::ostream& out, Ending ending) {
  return out << (ending == Ending::kill ? "kill" : "stop");
}

void end(Nsqd& nsqd, Ending ending) {
  if (ending == Ending::kill) {
    REQUIRE(nsqd.process().stop(SIGKILL) == killed_by(SIGKILL));
  } else {
    REQUIRE(nsqd.process().stop(SIGTERM) == exited(0));
  }
}

void restart(Nsqd& nsqd, Ending ending, const std::vector<std::string>& args) {
  end(nsqd, ending);
  nsqd.start_again(args);
}

void outlast_sync_timeout(Nsqd& nsqd) {
  RawClient client = nsqd.consumer("timer", "c#ephemeral");
  client.send(rdy(1));
  REQUIRE(client.ask(dpub("timer", "500", "due")) == ok());
  const Message due = client.read_message();
  client.send(fin(due.id));
  REQUIRE(client.marker() == ok());
}

std::vector<Message> consume(Nsqd& nsqd, std::string_view topic, std::string_view channel,
                             int count) {
  RawClient client = nsqd.consumer(topic, channel);
  client.send(rdy(count));
  std::vector<Message> messages;
  for (int i = 0; i < count; ++i) messages.push_back(client.read_message());
  std::string commands = rdy(0);  // first: each FIN makes room for one more
  for (const Message& message : messages) commands += fin(message.id);
  client.send(commands);
  REQUIRE(client.marker() == ok());
  return messages;
}

std::vector<Message> look_at(Nsqd& nsqd, std::string_view topic, std::string_view channel,
                             int count) {
  RawClient client = nsqd.consumer(topic, channel);
  client.send(rdy(count));
  std::vector<Message> messages;
  for (int i = 0; i < count; ++i) messages.push_back(client.read_message());
  client.send(rdy(0));
  for (const Message& message : messages) client.send(req(message.id, "0"));
  REQUIRE(client.marker() == ok());
  return messages;
}

std::vector<std::string> bodies(const std::vector<Message>& messages) {
  std::vector<std::string> out;
  for (const Message& message : messages) out.push_back(message.body);
  return out;
}

std::vector<std::string> sorted(std::vector<std::string> strings) {
  std::sort(strings.begin(), strings.end());
  return strings;
}

}  // namespace nsq::test
