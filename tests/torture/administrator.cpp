#include "tests/torture/administrator.hpp"

#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/simple_http.hpp"

namespace nsq::torture {
namespace {

using std::chrono::milliseconds;

test::HttpResponse ask(const World& world, const char* method, const std::string& target) {
  return test::SimpleHttp(test::Socket::tcp(world.http_port)).request(method, target);
}

const nlohmann::json* named(const nlohmann::json& list, const char* field,
                            const std::string& name) {
  for (const auto& item : list) {
    if (item.at(field) == name) return &item;
  }
  return nullptr;
}

}  // namespace

Administrator::Administrator(World& world, std::uint64_t stream)
    : world_(world), random_(world.seed, stream) {
  for (std::size_t t = 0; t < world_.ledgers.size(); ++t) {
    places_.push_back({.topic = t});
    const std::size_t channels = world_.ledgers[t]->plan().channels.size();
    for (std::size_t c = 0; c < channels; ++c) places_.push_back({.topic = t, .channel = c});
  }
}

void Administrator::run() {
  serve(world_, "the administrator", [this] { session(); });
}

void Administrator::session() {
  while (world_.stage.phase() == Phase::working) {
    world_.stage.rest(milliseconds(random_.between(10, 120)));
    if (world_.stage.phase() != Phase::working) break;
    Place& place = places_[random_.below(places_.size())];
    const auto& ledger = *world_.ledgers[place.topic];
    try {
      if (place.channel == kWholeTopic || ledger.is_created(place.channel)) {
        toggle(place);
      } else if (random_.chance(30)) {
        create_late(place);
      }
    } catch (const std::runtime_error&) {
      break;  // killed before the answer
    }
  }
  world_.stage.rest(milliseconds(10));
}

bool Administrator::post(const std::string& action, const Place& place, const std::string& more) {
  const TopicPlan& plan = world_.ledgers[place.topic]->plan();
  std::string target = place.channel == kWholeTopic
                           ? fmt::format("/topic/{}?topic={}", action, plan.name)
                           : fmt::format("/channel/{}?topic={}&channel={}", action, plan.name,
                                         plan.channels[place.channel].name);
  return ask(world_, "POST", target + more).status == 200;
}

// Paused places are unpaused more often than others are paused, so that most is running.
void Administrator::toggle(Place& place) {
  const bool pause = place.paused.value_or(true) ? random_.chance(10) : random_.chance(20);
  if (place.paused == pause) return;
  if (!pause && place.channel != kWholeTopic) {
    world_.ledgers[place.topic]->set_paused_all_run(place.channel, false);
  }
  place.paused.reset();
  if (post(pause ? "pause" : "unpause", place)) place.paused = pause;
}

void Administrator::create_late(Place& place) {
  if (post("create", place)) world_.ledgers[place.topic]->created(place.channel);
}

void Administrator::create_all() {
  for (const Place& place : places_) {
    TopicLedger& ledger = *world_.ledgers[place.topic];
    const bool topic = place.channel == kWholeTopic;
    if (!topic && ledger.plan().channels[place.channel].late) continue;
    const std::string durability = topic ? "&durability=" + ledger.plan().durability : "";
    if (!post("create", place, durability)) throw std::runtime_error("create: " + name(place));
    if (!topic) ledger.created(place.channel);
  }
}

void Administrator::check_after_start(int run) {
  const auto stats =
      ask(world_, "GET", "/stats?format=json&include_clients=false&include_mem=false").json();
  for (Place& place : places_) {
    const TopicPlan& plan = world_.ledgers[place.topic]->plan();
    const auto* shown = named(stats.at("topics"), "topic_name", plan.name);
    if (shown && place.channel != kWholeTopic) {
      shown = named(shown->at("channels"), "channel_name", plan.channels[place.channel].name);
    }
    check(place, shown ? std::optional(shown->at("paused").get<bool>()) : std::nullopt, run);
  }
}

void Administrator::check(Place& place, const std::optional<bool>& shown, int run) {
  TopicLedger& ledger = *world_.ledgers[place.topic];
  const bool topic = place.channel == kWholeTopic;
  if (!topic && !ledger.is_created(place.channel)) {
    if (shown) ledger.created(place.channel);  // only the answer was lost
  } else if (!shown) {
    world_.report.violation("gone after a restart", fmt::format("{}, run {}", name(place), run));
    if (!post("create", place)) throw std::runtime_error("create: " + name(place));
  } else if (place.paused && *place.paused != *shown) {
    world_.report.violation(
        "a pause state changed by a restart",
        fmt::format("{}: was {}, is {}, run {}", name(place), *place.paused ? "paused" : "running",
                    *shown ? "paused" : "running", run));
  }
  place.paused = shown.value_or(false);
  if (!topic) ledger.set_paused_all_run(place.channel, *place.paused);
}

void Administrator::unpause_all() {
  for (Place& place : places_) {
    TopicLedger& ledger = *world_.ledgers[place.topic];
    if (place.channel != kWholeTopic) {
      if (!ledger.is_created(place.channel)) continue;
      ledger.set_paused_all_run(place.channel, false);
    }
    if (!post("unpause", place)) throw std::runtime_error("unpause: " + name(place));
    place.paused = false;
  }
}

std::string Administrator::name(const Place& place) const {
  const TopicPlan& plan = world_.ledgers[place.topic]->plan();
  if (place.channel == kWholeTopic) return "topic " + plan.name;
  return "channel " + plan.name + "/" + plan.channels[place.channel].name;
}

}  // namespace nsq::torture
