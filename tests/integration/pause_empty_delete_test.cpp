#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

std::string on_topic(std::string_view action, std::string_view topic) {
  return "/topic/" + std::string(action) + "?topic=" + url_name(topic);
}

std::string on_channel(std::string_view action, std::string_view topic, std::string_view channel) {
  return "/channel/" + std::string(action) + "?topic=" + url_name(topic) +
         "&channel=" + url_name(channel);
}

// The status of a POST.
int done(Nsqd& nsqd, const std::string& target) {
  return nsqd.post(target).status;
}

TEST_CASE("10.6/85 a paused topic keeps what is published", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c");
  CHECK(done(nsqd, on_topic("pause", topic)) == 200);
  CHECK(nsqd.stat(topic, "paused") == 1);
  nsqd.publish(topic, "m");
  CHECK(nsqd.await_stat(topic, "depth", 1) == 1);
  CHECK(nsqd.stat(topic, "c", "depth") == 0);
  CHECK(nsqd.stat(topic, "c", "message_count") == 0);

  CHECK(done(nsqd, on_topic("unpause", topic)) == 200);
  CHECK(nsqd.await_stat(topic, "c", "depth", 1) == 1);
  CHECK(nsqd.stat(topic, "depth") == 0);
  CHECK(nsqd.stat(topic, "paused") == 0);
}

TEST_CASE("5.8 channels of a paused topic deliver what they have", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c");
  nsqd.publish(topic, "before");
  REQUIRE(nsqd.await_stat(topic, "c", "depth", 1) == 1);
  REQUIRE(done(nsqd, on_topic("pause", topic)) == 200);
  nsqd.publish(topic, "after");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(2));
  CHECK(client.read_message().body == "before");
  CHECK(client.marker() == ok());
  CHECK(nsqd.stat(topic, "depth") == 1);
  REQUIRE(done(nsqd, on_topic("unpause", topic)) == 200);
  CHECK(client.read_message().body == "after");
}

TEST_CASE("5.8 pausing twice, and unpausing what is not paused", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c");
  for (const char* action : {"unpause", "pause", "pause", "unpause"}) {
    CHECK(done(nsqd, on_topic(action, topic)) == 200);
    CHECK(done(nsqd, on_channel(action, topic, "c")) == 200);
  }
  CHECK(nsqd.stat(topic, "paused") == 0);
  CHECK(nsqd.stat(topic, "c", "paused") == 0);
}

TEST_CASE("10.6/86 a paused channel delivers nothing and resumes with its RDY", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(1));
  nsqd.publish(topic, "1");
  const Message message = client.read_message();
  CHECK(done(nsqd, on_channel("pause", topic, "c")) == 200);
  CHECK(nsqd.stat(topic, "c", "paused") == 1);
  nsqd.publish(topic, "2");
  client.send(req(message.id, "0"));
  CHECK(client.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "depth", 2) == 2);
  CHECK(nsqd.stat(topic, "c", "in_flight_count") == 0);

  CHECK(done(nsqd, on_channel("unpause", topic, "c")) == 200);
  const Message next = client.read_message();
  client.send(fin(next.id));
  CHECK(client.read_message().id != next.id);
}

TEST_CASE("10.6/88 emptying a channel drops queued, in-flight and deferred", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(24));
  RawClient producer = nsqd.connect();
  REQUIRE(producer.ask(mpub(topic, std::vector<std::string>(30, "m"))) == ok());
  REQUIRE(producer.ask(dpub(topic, "60000", "m")) == ok());
  std::string id;
  for (int i = 0; i < 24; ++i) id = client.read_message().id;
  REQUIRE(nsqd.await_stat(topic, "c", "depth", 6) == 6);
  REQUIRE(nsqd.await_stat(topic, "c", "deferred_count", 1) == 1);

  CHECK(done(nsqd, on_channel("empty", topic, "c")) == 200);
  for (const char* count : {"depth", "in_flight_count", "deferred_count"}) {
    CAPTURE(count);
    CHECK(nsqd.stat(topic, "c", count) == 0);
  }
  const auto shown = nsqd.stats("&topic=" + topic);
  const auto& consumer = shown.at("topics").at(0).at("channels").at(0).at("clients").at(0);
  CHECK(consumer.at("in_flight_count") == 0);
  CHECK(consumer.at("message_count") == 24);

  CHECK(client.ask(fin(id)) == error("E_FIN_FAILED FIN " + id + " failed ID not in flight"));
  REQUIRE(producer.ask(mpub(topic, std::vector<std::string>(24, "new"))) == ok());
  for (int i = 0; i < 24; ++i) CHECK(client.read_message().body == "new");
}

TEST_CASE("10.6/89 emptying a topic leaves its channels alone", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c");
  nsqd.publish(topic, "in the channel");
  REQUIRE(nsqd.await_stat(topic, "c", "depth", 1) == 1);
  REQUIRE(done(nsqd, on_topic("pause", topic)) == 200);
  nsqd.publish(topic, "in the topic");
  REQUIRE(nsqd.await_stat(topic, "depth", 1) == 1);
  CHECK(done(nsqd, on_topic("empty", topic)) == 200);
  CHECK(nsqd.stat(topic, "depth") == 0);
  CHECK(nsqd.stat(topic, "c", "depth") == 1);
  CHECK(nsqd.stat(topic, "message_count") == 2);
  REQUIRE(done(nsqd, on_topic("unpause", topic)) == 200);
  nsqd.publish(topic, "later");
  CHECK(nsqd.await_stat(topic, "c", "depth", 2) == 2);
}

TEST_CASE("10.6/90 deleting a channel closes its consumers without a frame", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.consumer(topic, "c");
  RawClient other = nsqd.consumer(topic, "other");
  CHECK(done(nsqd, on_channel("delete", topic, "c")) == 200);
  CHECK(client.read_to_end() == "");
  CHECK(nsqd.stat(topic, "c", "depth") == -1);
  CHECK(nsqd.stat(topic, "depth") == 0);
  CHECK(done(nsqd, on_channel("delete", topic, "c")) == 404);
  CHECK(other.marker() == ok());
}

TEST_CASE("10.6/90 deleting a topic closes the consumers of all its channels", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient one = nsqd.consumer(topic, "one");
  RawClient two = nsqd.consumer(topic, "two");
  nsqd.publish(topic, "m");
  CHECK(done(nsqd, on_topic("delete", topic)) == 200);
  CHECK(one.read_to_end() == "");
  CHECK(two.read_to_end() == "");
  CHECK(nsqd.stat(topic, "depth") == -1);
  CHECK(done(nsqd, on_topic("delete", topic)) == 404);

  nsqd.publish(topic, "m");  // a new topic of that name
  CHECK(nsqd.await_stat(topic, "depth", 1) == 1);
  CHECK(nsqd.stat(topic, "message_count") == 1);
}

TEST_CASE("10.6/91 a topic outlives its last channel", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c");
  REQUIRE(done(nsqd, on_channel("delete", topic, "c")) == 200);
  nsqd.publish(topic, "m");
  CHECK(nsqd.await_stat(topic, "depth", 1) == 1);
  RawClient client = nsqd.consumer(topic, "next");
  client.send(rdy(1));
  CHECK(client.read_message().body == "m");
}

TEST_CASE("10.6/92 an ephemeral channel goes with its last consumer", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  RawClient one = nsqd.consumer(topic, "c#ephemeral");
  RawClient two = nsqd.consumer(topic, "c#ephemeral");
  one.close();
  REQUIRE(nsqd.await_stat(topic, "c#ephemeral", "client_count", 1) == 1);
  two.close();
  CHECK(nsqd.await_stat(topic, "c#ephemeral", "client_count", -1) == -1);
  CHECK(nsqd.stat(topic, "depth") == 0);
}

TEST_CASE("10.6/92 an ephemeral topic goes with its last channel", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t") + "#ephemeral";
  RawClient client = nsqd.consumer(topic, "c#ephemeral");
  CHECK(nsqd.stat(topic, "depth") == 0);
  client.close();
  CHECK(nsqd.await_stat(topic, "depth", -1) == -1);
}

TEST_CASE("5.9 a lasting channel keeps an ephemeral topic", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t") + "#ephemeral";
  RawClient client = nsqd.consumer(topic, "c");
  client.close();
  REQUIRE(nsqd.await_stat(topic, "c", "client_count", 0) == 0);
  nsqd.publish(topic, "m");
  CHECK(nsqd.await_stat(topic, "c", "depth", 1) == 1);
  CHECK(done(nsqd, on_channel("delete", topic, "c")) == 200);
  CHECK(nsqd.await_stat(topic, "depth", -1) == -1);
}

TEST_CASE("5.9 an ephemeral channel that never had a consumer stays", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c#ephemeral");
  nsqd.publish(topic, "m");
  CHECK(nsqd.await_stat(topic, "c#ephemeral", "depth", 1) == 1);
}

TEST_CASE("10.6/93 an ephemeral topic drops what exceeds the memory queue", "[integration]") {
  Nsqd& nsqd = tight_nsqd();  // mem-queue-size 10
  const std::string topic = fresh("t") + "#ephemeral";
  RawClient client = nsqd.connect();
  for (int i = 0; i < 15; ++i) CHECK(client.ask(pub(topic, "m")) == ok());
  CHECK(nsqd.await_stat(topic, "depth", 10) == 10);
  CHECK(nsqd.stat(topic, "backend_depth") == 0);
  CHECK(nsqd.stat(topic, "message_count") == 15);
}

TEST_CASE("10.6/93 an ephemeral channel drops what exceeds the memory queue", "[integration]") {
  Nsqd& nsqd = tight_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c#ephemeral");
  nsqd.create(topic, "lasting");
  RawClient client = nsqd.connect();
  for (int i = 0; i < 15; ++i) CHECK(client.ask(pub(topic, "m")) == ok());
  CHECK(nsqd.await_stat(topic, "lasting", "depth", 15) == 15);
  CHECK(nsqd.await_stat(topic, "c#ephemeral", "depth", 10) == 10);
  CHECK(nsqd.stat(topic, "c#ephemeral", "backend_depth") == 0);
}

TEST_CASE("10.6/94 valid names", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string name =
      GENERATE(std::string("."), std::string("-"), std::string("A_z.0-9"), std::string(64, 'n'),
               std::string(54, 'n') + "#ephemeral", std::string("a#ephemeral"));
  CAPTURE(name);
  CHECK(done(nsqd, on_topic("create", name)) == 200);
  CHECK(done(nsqd, on_channel("create", name, name)) == 200);
  CHECK(nsqd.connect().ask(pub(name, "m")) == ok());
  CHECK(nsqd.connect().subscribe(name, name) == ok());
  done(nsqd, on_topic("delete", name));  // an ephemeral one may have gone with its consumer
}

TEST_CASE("10.6/94 invalid names", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string name = GENERATE(std::string(65, 'n'), std::string(55, 'n') + "#ephemeral",
                                    std::string("%23ephemeral"), std::string("a%23eph"),
                                    std::string("a%23ephemeral%23ephemeral"), std::string("a%20b"),
                                    std::string("a+b"), std::string("%C3%A9"), std::string("a%0A"),
                                    std::string("a%2Fb"), std::string("a:b"));
  CAPTURE(name);
  std::string escaped = name;
  if (const auto at = escaped.find('#'); at != std::string::npos) escaped.replace(at, 1, "%23");
  const HttpResponse topic = nsqd.post("/topic/create?topic=" + escaped);
  CHECK(topic.status == 400);
  CHECK(topic.body == api_error("INVALID_TOPIC"));
  const HttpResponse channel = nsqd.post("/channel/create?topic=t&channel=" + escaped);
  CHECK(channel.status == 400);
  CHECK(channel.body == api_error("INVALID_ARG_CHANNEL"));
}

TEST_CASE("10.7/95 what exceeds the memory queue is counted as backend depth", "[integration]") {
  Nsqd& nsqd = tight_nsqd();
  const std::string topic = fresh("t");
  RawClient client = nsqd.connect();
  for (int i = 0; i < 15; ++i) REQUIRE(client.ask(pub(topic, "m")) == ok());
  CHECK(nsqd.stat(topic, "depth") == 15);
  CHECK(nsqd.stat(topic, "backend_depth") == 5);
}

TEST_CASE("10.7/97 without a memory queue all is backend depth, in order", "[integration]") {
  const Nsqd nsqd({"--mem-queue-size=0"});
  nsqd.create("t", "c");
  RawClient producer = nsqd.connect();
  std::vector<std::string> bodies;
  for (int i = 0; i < 100; ++i) bodies.push_back(std::to_string(i));
  REQUIRE(producer.ask(mpub("t", bodies)) == ok());
  REQUIRE(nsqd.await_stat("t", "c", "depth", 100) == 100);
  CHECK(nsqd.stat("t", "c", "backend_depth") == 100);
  RawClient client = nsqd.consumer("t", "c");
  client.send(rdy(1));
  for (const std::string& body : bodies) {
    const Message message = client.read_message();
    REQUIRE(message.body == body);
    client.send(fin(message.id));
  }
}

}  // namespace
}  // namespace nsq::test
