#include "tests/support/nsqlookupd.hpp"

#include <stdlib.h>

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "common/base/bytes.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {
namespace {

std::vector<std::string> with_addresses(const std::vector<std::string>& args) {
  std::vector<std::string> all{"--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0",
                               "--broadcast-address=127.0.0.1"};
  all.insert(all.end(), args.begin(), args.end());
  return all;
}

std::uint16_t port_at_end(const std::string& line) {
  return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
}

Nsqlookupd::Names sorted(Nsqlookupd::Names names) {
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string nsqlookupd_path() {
  const char* from_environment = ::getenv("NSQ_NSQLOOKUPD");
  return from_environment ? from_environment : NSQ_BIN_DIR "/nsqlookupd";
}

std::string lookup_identify(std::string_view body) {
  return "  V1IDENTIFY\n" + be32(static_cast<std::uint32_t>(body.size())) + std::string(body);
}

std::string lookup_identity(std::string_view broadcast_address) {
  return nlohmann::json{{"broadcast_address", broadcast_address},
                        {"hostname", "h"},
                        {"tcp_port", 4150},
                        {"http_port", 4151},
                        {"version", "1.3.0"}}
      .dump();
}

void LookupPeer::fill(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    const std::string more = socket_.receive();
    if (more.empty()) throw std::runtime_error("nsqlookupd closed; unread: \"" + buffer_ + '"');
    buffer_ += more;
  }
}

std::string LookupPeer::read() {
  fill(4);
  const std::size_t size = load_be32(buffer_.data());
  if (size > 1_MiB) throw std::runtime_error("bad reply size " + std::to_string(size));
  fill(4 + size);
  std::string reply = buffer_.substr(4, size);
  buffer_.erase(0, 4 + size);
  return reply;
}

std::string LookupPeer::ask(std::string_view bytes) {
  send(bytes);
  return read();
}

std::string LookupPeer::identify(std::string_view broadcast_address) {
  return ask(lookup_identify(lookup_identity(broadcast_address)));
}

bool LookupPeer::at_end() {
  return buffer_.empty() && socket_.receive().empty();
}

Nsqlookupd::Nsqlookupd(const std::vector<std::string>& args)
    : process_(nsqlookupd_path(), with_addresses(args)),
      tcp_port_(port_at_end(process_.wait_for_line("TCP: listening on "))),
      http_port_(port_at_end(process_.wait_for_line("HTTP: listening on "))) {}

LookupPeer Nsqlookupd::peer(std::string_view broadcast_address,
                            const std::vector<std::string>& registrations) const {
  LookupPeer peer = connect();
  peer.identify(broadcast_address);
  for (const std::string& names : registrations) {
    const std::string reply = peer.ask("REGISTER " + names + "\n");
    if (reply != "OK") throw std::runtime_error("REGISTER refused: " + reply);
  }
  return peer;
}

Nsqlookupd::Names Nsqlookupd::topics() const {
  return sorted(get("/topics").json().at("topics"));
}

Nsqlookupd::Names Nsqlookupd::channels(std::string_view topic) const {
  return sorted(get("/channels?topic=" + url_name(topic)).json().at("channels"));
}

Nsqlookupd::Names Nsqlookupd::producers(std::string_view topic) const {
  Names addresses;
  const auto answer = get("/lookup?topic=" + url_name(topic)).json();
  for (const auto& producer : answer.at("producers")) {
    addresses.push_back(producer.at("broadcast_address"));
  }
  return sorted(std::move(addresses));
}

nlohmann::json Nsqlookupd::nodes() const {
  return get("/nodes").json().at("producers");
}

}  // namespace nsq::test
