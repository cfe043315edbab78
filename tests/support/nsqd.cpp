#include "tests/support/nsqd.hpp"

#include <stdlib.h>

#include <atomic>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

std::string local(const char* flag, std::uint16_t port) {
  return std::string(flag) + "=127.0.0.1:" + std::to_string(port);
}

// The port at the end of a line such as `TCP: listening on 127.0.0.1:4150`.
std::uint16_t port_at_end(const std::string& line) {
  return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
}

// The member of `list` whose `name_field` is `name`, or null.
const nlohmann::json* named(const nlohmann::json& list, const char* name_field,
                            std::string_view name) {
  for (const auto& item : list) {
    if (item.at(name_field).get<std::string>() == name) return &item;
  }
  return nullptr;
}

std::int64_t number(const nlohmann::json* object, std::string_view field) {
  if (!object) return -1;
  const auto& value = object->at(std::string(field));
  return value.is_boolean() ? static_cast<std::int64_t>(value.get<bool>())
                            : value.get<std::int64_t>();
}

void require_200(const HttpResponse& response, const std::string& what) {
  if (response.status != 200) throw std::runtime_error(what + " failed: " + response.body);
}

}  // namespace

std::string nsqd_path() {
  const char* from_environment = ::getenv("NSQ_NSQD");
  return from_environment ? from_environment : NSQ_BIN_DIR "/nsqd";
}

std::string fresh(std::string_view stem) {
  static std::atomic<int> next{1};
  return std::string(stem) + "_" + std::to_string(next.fetch_add(1, std::memory_order_relaxed));
}

std::string url_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '#') {
      out += "%23";
    } else {
      out += c;
    }
  }
  return out;
}

Nsqd::Nsqd(const std::vector<std::string>& args) {
  start_again(args);
}

void Nsqd::start_again(const std::vector<std::string>& args) {
  std::vector<std::string> all{local("--tcp-address", tcp_port_),
                               local("--http-address", http_port_),
                               "--data-path=" + data_.path().string()};
  all.insert(all.end(), args.begin(), args.end());
  process_.reset();  // the data path is free once it is gone
  process_ = std::make_unique<DaemonProcess>(nsqd_path(), all);
  tcp_port_ = port_at_end(process_->wait_for_line("TCP: listening on "));
  http_port_ = port_at_end(process_->wait_for_line("HTTP: listening on "));
}

RawClient Nsqd::connect() const {
  return RawClient(Socket::tcp(tcp_port_));
}

RawClient Nsqd::consumer(std::string_view topic, std::string_view channel) const {
  RawClient client = connect();
  const Frame answer = client.subscribe(topic, channel);
  if (answer != ok()) throw std::runtime_error("SUB refused: " + answer.data);
  return client;
}

SimpleHttp Nsqd::http() const {
  return SimpleHttp(Socket::tcp(http_port_));
}

HttpResponse Nsqd::request(std::string_view method, std::string_view target, std::string_view body,
                           const HttpHeaders& headers) const {
  return http().request(method, target, body, headers);
}

void Nsqd::create(std::string_view topic, std::string_view channel) const {
  std::string query = "?topic=" + url_name(topic);
  require_200(post("/topic/create" + query), "/topic/create");
  if (channel.empty()) return;
  query += "&channel=" + url_name(channel);
  require_200(post("/channel/create" + query), "/channel/create");
}

void Nsqd::publish(std::string_view topic, std::string_view body) const {
  require_200(post("/pub?topic=" + url_name(topic), body), "/pub");
}

nlohmann::json Nsqd::stats(std::string_view query) const {
  return get("/stats?format=json" + std::string(query)).json();
}

std::int64_t Nsqd::stat(std::string_view topic, std::string_view field) const {
  const auto all = stats();
  return number(named(all.at("topics"), "topic_name", topic), field);
}

std::int64_t Nsqd::stat(std::string_view topic, std::string_view channel,
                        std::string_view field) const {
  const auto all = stats();
  const auto* found = named(all.at("topics"), "topic_name", topic);
  return found ? number(named(found->at("channels"), "channel_name", channel), field) : -1;
}

std::int64_t Nsqd::await_stat(std::string_view topic, std::string_view field,
                              std::int64_t wanted) const {
  return await_value(wanted, [&] { return stat(topic, field); });
}

std::int64_t Nsqd::await_stat(std::string_view topic, std::string_view channel,
                              std::string_view field, std::int64_t wanted) const {
  return await_value(wanted, [&] { return stat(topic, channel, field); });
}

}  // namespace nsq::test
