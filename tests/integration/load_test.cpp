#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"

// Many clients at once. Catch2's checks are not made for threads: those report by values.
namespace nsq::test {
namespace {

// Threads whose exceptions become the result of join(): empty if all went well.
class Threads {
 public:
  template <class Work>
  void run(Work work) {
    threads_.emplace_back([this, work] {
      try {
        work();
      } catch (const std::exception& e) {
        const std::scoped_lock lock(mu_);
        errors_.append(e.what()).append("\n");
      }
    });
  }

  std::string join() {
    for (std::thread& thread : threads_) thread.join();
    return errors_;
  }

 private:
  std::mutex mu_;
  std::string errors_;
  std::vector<std::thread> threads_;
};

constexpr int kProducers = 3;
constexpr int kConsumers = 3;
constexpr int kPerProducer = 2000;

// Publishes kPerProducer messages, every form of publishing in turn; returns the answers that were
// not OK.
int produce(Nsqd& nsqd, const std::string& topic, int number) {
  RawClient client = nsqd.connect();
  int bad = 0;
  const std::string stem = std::to_string(number) + ":";
  for (int i = 0; i < kPerProducer; i += 10) {
    std::vector<std::string> bodies;
    for (int j = 0; j < 8; ++j) bodies.push_back(stem + std::to_string(i + j));
    client.send(mpub(topic, bodies) + pub(topic, stem + std::to_string(i + 8)) +
                dpub(topic, "50", stem + std::to_string(i + 9)));
    for (int answers = 0; answers < 3; ++answers) bad += client.read() == ok() ? 0 : 1;
  }
  return bad;
}

// Finishes messages until all producers' are counted in `finished`; of the first attempts it
// requeues every seventh at once, every eleventh with a delay. Returns the bodies it finished.
std::multiset<std::string> consume(Nsqd& nsqd, const std::string& topic,
                                   std::atomic<int>& finished) {
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(20));
  std::multiset<std::string> bodies;
  int first_attempts = 0;
  auto last_arrival = std::chrono::steady_clock::now();
  while (finished.load() < kProducers * kPerProducer) {
    if (!client.readable(std::chrono::milliseconds(20))) {
      if (std::chrono::steady_clock::now() - last_arrival < kDeadline) continue;
      throw std::runtime_error("messages are missing");
    }
    last_arrival = std::chrono::steady_clock::now();
    const Message message = client.read_message();
    if (message.attempts == 1) ++first_attempts;
    if (message.attempts == 1 && first_attempts % 7 == 0) {
      client.send(req(message.id, "0"));
    } else if (message.attempts == 1 && first_attempts % 11 == 0) {
      client.send(req(message.id, "30"));
    } else {
      bodies.insert(message.body);
      client.send(fin(message.id));
      finished.fetch_add(1);
    }
  }
  client.send(rdy(0));
  client.marker();
  return bodies;
}

TEST_CASE("5.3 nothing is lost or finished twice under load", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  nsqd.create(topic, "c");
  std::atomic<int> finished{0};
  std::atomic<int> bad_answers{0};
  std::vector<std::multiset<std::string>> bodies(kConsumers);
  Threads threads;
  for (int i = 0; i < kConsumers; ++i) {
    auto& own = bodies[static_cast<std::size_t>(i)];
    threads.run([&] { own = consume(nsqd, topic, finished); });
  }
  for (int i = 0; i < kProducers; ++i) {
    threads.run([&, i] { bad_answers += produce(nsqd, topic, i); });
  }
  CHECK(threads.join() == "");

  CHECK(bad_answers.load() == 0);
  std::multiset<std::string> all;
  for (auto& part : bodies) all.merge(part);
  CHECK(all.size() == kProducers * kPerProducer);
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
  for (const char* count : {"depth", "in_flight_count", "deferred_count", "timeout_count"}) {
    CAPTURE(count);
    CHECK(nsqd.await_stat(topic, "c", count, 0) == 0);
  }
  CHECK(nsqd.stat(topic, "message_count") == kProducers * kPerProducer);
  CHECK(nsqd.stat(topic, "c", "message_count") == kProducers * kPerProducer);
}

TEST_CASE("5.8 publishing to a topic that is deleted again and again", "[integration]") {
  // Upstream can leave a consumer on a topic that is gone; ours closes every one of them.
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  std::atomic<bool> stop{false};
  std::atomic<int> unexpected{0};
  std::atomic<bool> consumer_left{false};
  Threads threads;
  threads.run([&] {
    while (!stop.load()) {
      RawClient client = nsqd.connect();
      for (int i = 0; i < 100 && !stop.load(); ++i) {
        const Frame answer = client.ask(pub(topic, "m"));
        if (answer == ok()) continue;
        if (answer != error("E_PUB_FAILED PUB failed exiting")) unexpected.fetch_add(1);
        break;
      }
    }
  });
  threads.run([&] {
    while (!stop.load()) {
      RawClient client = nsqd.connect();
      client.send(sub(topic, "c") + rdy(10));
      client.read_to_end();  // until the topic is deleted
    }
    consumer_left.store(true);
  });
  bool subscribed = true;
  for (int i = 0; i < 100 && subscribed; ++i) {
    subscribed = eventually([&] { return nsqd.stat(topic, "c", "client_count") > 0; });
    const int status = nsqd.post("/topic/delete?topic=" + topic).status;
    CHECK((status == 200 || status == 404));
  }
  CHECK(subscribed);
  stop.store(true);
  eventually([&] {
    nsqd.post("/topic/delete?topic=" + topic);
    return consumer_left.load();
  });
  CHECK(threads.join() == "");
  CHECK(unexpected.load() == 0);
  CHECK(nsqd.get("/ping").body == "OK");
}

TEST_CASE("5.9 ephemeral queues that come and go", "[integration]") {
  // Upstream refuses some of these SUBs: its one retry can meet the next disappearance.
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t") + "#ephemeral";
  std::atomic<int> refused{0};
  Threads threads;
  for (int i = 0; i < 4; ++i) {
    threads.run([&] {
      for (int round = 0; round < 50; ++round) {
        RawClient client = nsqd.connect();
        const Frame answer = client.subscribe(topic, "c#ephemeral");
        if (answer != ok()) refused.fetch_add(1);
        client.send(rdy(1) + pub(topic, "m"));
      }
    });
  }
  CHECK(threads.join() == "");
  CHECK(refused.load() == 0);
  // A publish that was behind the last SUB's end may have made the topic anew; it has no channel.
  CHECK(eventually([&] { return nsqd.stat(topic, "c#ephemeral", "client_count") == -1; }));
}

TEST_CASE("1.7 the largest MPUB arrives whole", "[integration]") {
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  std::vector<std::string> bodies;
  for (char c = 'a'; c < 'e'; ++c) bodies.emplace_back(1048576, c);
  bodies.emplace_back(5242880 - mpub_body(bodies).size() - 4, 'e');
  REQUIRE(nsqd.connect().ask(mpub(topic, bodies)) == ok());
  RawClient client = nsqd.consumer(topic, "c");
  client.send(rdy(5));
  for (const std::string& body : bodies) CHECK((client.read_message().body == body));
}

TEST_CASE("1.8 a consumer that does not read is closed and its messages survive", "[integration]") {
  // Upstream stops delivering, but keeps the connection as long as the client sends something.
  Nsqd& nsqd = plain_nsqd();
  const std::string topic = fresh("t");
  constexpr int kMessages = 40;  // of 1 MiB: more than any socket buffer takes
  RawClient stuck = nsqd.connect();
  REQUIRE(stuck.ask(identify(R"({"heartbeat_interval":1000,"msg_timeout":1000})")) == ok());
  REQUIRE(stuck.subscribe(topic, "c") == ok());
  RawClient producer = nsqd.connect();
  for (int i = 0; i < kMessages; ++i) {
    REQUIRE(producer.ask(pub(topic, std::string(1048576, 'x'))) == ok());
  }
  stuck.send(rdy(kMessages));
  CHECK(eventually([&] {
    stuck.send("NOP\n");
    return nsqd.stat(topic, "c", "client_count") == 0;
  }));
  stuck.close();

  RawClient next = nsqd.consumer(topic, "c");
  next.send(rdy(kMessages));
  std::set<std::string> ids;
  while (ids.size() < kMessages) {
    const Message message = next.read_message();
    CHECK(message.body.size() == 1048576);
    ids.insert(message.id);
    next.send(fin(message.id));
  }
  CHECK(next.marker() == ok());
  CHECK(nsqd.await_stat(topic, "c", "in_flight_count", 0) == 0);
}

TEST_CASE("a stuck channel among ten holds nobody up", "[integration]") {
  constexpr int kOthers = 9;
  constexpr int kRounds = 50;
  constexpr int kBatch = 200;
  constexpr int kInMemory = 100;
  constexpr int kHeld = 10;
  Nsqd nsqd({"--mem-queue-size=" + std::to_string(kInMemory)});
  RawClient stuck = nsqd.consumer("t", "stuck");
  stuck.send(rdy(kHeld));  // and neither finishes nor reads anything
  std::vector<RawClient> others;
  for (int i = 0; i < kOthers; ++i) {
    others.push_back(nsqd.consumer("t", "c" + std::to_string(i)));
    others.back().send(rdy(kBatch));
  }
  RawClient producer = nsqd.connect();
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::string> bodies;
    for (int i = 0; i < kBatch; ++i) bodies.push_back(std::to_string(round * kBatch + i));
    REQUIRE(producer.ask(mpub("t", bodies)) == ok());
    for (RawClient& other : others) {
      std::multiset<std::string> got;
      std::string fins;
      for (int i = 0; i < kBatch; ++i) {
        const Message message = other.read_message();
        got.insert(message.body);
        fins += fin(message.id);
      }
      REQUIRE(got == std::multiset<std::string>(bodies.begin(), bodies.end()));
      other.send(fins);
    }
  }
  for (int i = 0; i < kOthers; ++i) {
    const auto channel = "c" + std::to_string(i);
    CHECK(nsqd.await_stat("t", channel, "in_flight_count", 0) == 0);
    CHECK(nsqd.stat("t", channel, "depth") == 0);
  }
  CHECK(nsqd.stat("t", "stuck", "in_flight_count") == kHeld);
  const auto depth = nsqd.stat("t", "stuck", "depth");
  CHECK(depth == kRounds * kBatch - kHeld);
  // A batch goes to a consumer that waits as a whole, at any limit.
  CHECK(depth - nsqd.stat("t", "stuck", "backend_depth") <= kInMemory + kBatch);
}

}  // namespace
}  // namespace nsq::test
