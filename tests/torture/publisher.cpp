#include "tests/torture/publisher.hpp"

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace nsq::torture {
namespace {

using std::chrono::milliseconds;

// Publishers wait when a channel is so far behind: the drain at the end has to end.
constexpr std::uint64_t kMostOutstanding = 30'000;

bool too_far_ahead(const TopicLedger& topic) {
  return topic.outstanding() > kMostOutstanding;
}

// Half of the deferrals are short, so that many fall due around a crash.
milliseconds some_delay(Random& random) {
  return milliseconds(random.chance(50) ? random.between(1, 100) : random.between(100, 3000));
}

std::vector<std::string> bodies_of(const TopicLedger& topic, const Batch& batch) {
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < batch.count; ++i) bodies.push_back(topic.body(batch.first + i));
  return bodies;
}

}  // namespace

void TcpPublisher::run() {
  serve(world_, "a TCP publisher", [this] { session(); });
}

void TcpPublisher::session() {
  sent_.clear();
  std::optional<Link> link;
  if (world_.stage.phase() == Phase::working) link = Link::open(world_.tcp_port);
  if (!link) {
    world_.stage.rest(milliseconds(10));
    return;
  }
  while (world_.stage.phase() == Phase::working) {
    std::string commands;
    for (int i = random_.between(1, 12); i > 0; --i) commands += make_command();
    link->send(commands);
    if (!read_answers(*link)) return;
    world_.stage.rest(milliseconds(random_.between(0, 15)));
  }
}

std::string TcpPublisher::make_command() {
  TopicLedger& topic = *world_.ledgers[random_.below(world_.ledgers.size())];
  if (too_far_ahead(topic)) return "NOP\n";
  const int dice = random_.between(0, 99);
  if (dice < 20) {
    const milliseconds delay = some_delay(random_);
    const Batch batch = topic.begin(1, delay, "DPUB");
    sent_.push_back({.topic = &topic, .batch = batch});
    return test::dpub(topic.plan().name, std::to_string(delay.count()), topic.body(batch.first));
  }
  if (dice < 35) {
    const Batch batch = topic.begin(random_.between<std::size_t>(2, 60), {}, "MPUB");
    sent_.push_back({.topic = &topic, .batch = batch});
    return test::mpub(topic.plan().name, bodies_of(topic, batch));
  }
  const Batch batch = topic.begin(1, {}, "PUB");
  sent_.push_back({.topic = &topic, .batch = batch});
  return test::pub(topic.plan().name, topic.body(batch.first));
}

// False when the connection is of no more use.
bool TcpPublisher::read_answers(Link& link) {
  while (!sent_.empty()) {
    const auto frame = link.await_next();
    if (!frame) return false;
    const Sent sent = sent_.front();
    sent_.pop_front();
    if (*frame == test::ok()) {
      sent.topic->acknowledged(sent.batch);
      continue;
    }
    world_.report.counters.refused += sent.batch.count;
    if (!is_stopping(frame->data)) {
      world_.report.violation("a publish was refused", frame->data);
    }
    return false;
  }
  return true;
}

void HttpPublisher::run() {
  serve(world_, "an HTTP publisher", [this] { session(); });
}

void HttpPublisher::session() {
  std::optional<test::SimpleHttp> http;
  try {
    if (world_.stage.phase() == Phase::working) http.emplace(test::Socket::tcp(world_.http_port));
    while (http && world_.stage.phase() == Phase::working) {
      if (!publish(*http)) break;
      world_.stage.rest(milliseconds(random_.between(0, 20)));
    }
  } catch (const std::runtime_error&) {
    // Refused, or closed before the answer: the publish, if any, is neither promised nor not.
  }
  world_.stage.rest(milliseconds(10));
}

bool HttpPublisher::publish(test::SimpleHttp& http) {
  TopicLedger& topic = *world_.ledgers[random_.below(world_.ledgers.size())];
  if (too_far_ahead(topic)) return true;
  const std::string to = "topic=" + topic.plan().name;
  const int dice = random_.between(0, 99);
  const milliseconds delay = dice < 30 ? some_delay(random_) : milliseconds(0);
  const bool many = dice >= 60;
  const char* how = many ? "/mpub" : dice < 30 ? "/pub?defer" : "/pub";
  const Batch batch = topic.begin(many ? random_.between<std::size_t>(2, 40) : 1, delay, how);
  const std::vector<std::string> bodies = bodies_of(topic, batch);

  std::string target = "/pub?" + to;
  std::string body = bodies.front();
  if (dice < 30) target += fmt::format("&defer={}", delay.count());
  if (many && dice < 80) {
    target = "/mpub?binary=true&" + to;
    body = test::mpub_body(bodies);
  } else if (many) {
    target = "/mpub?" + to;
    body.clear();
    for (const auto& line : bodies) body += line + "\n";
  }
  const auto answer = http.request("POST", target, body);
  if (answer.status == 200) {
    topic.acknowledged(batch);
    return true;
  }
  world_.report.counters.refused += batch.count;
  if (answer.status != 503) world_.report.violation("a publish was refused", answer.body);
  return false;
}

}  // namespace nsq::torture
