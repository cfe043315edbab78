#include "tests/integration/secured_cluster.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/integration/every_route.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"

namespace nsq::test {
namespace {

namespace fs = std::filesystem;

/// What the clients may do, as lines of the auth file.
const std::vector<std::pair<std::string, std::string>> kPermissions{
    {"billing", "publish = [\"orders\"]\nsubscribe = [\"orders/billing\"]\n"},
    {"prometheus", "monitor = true\n"},
    {"operator", "admin = true\n"}};

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void overwrite(const fs::path& from, const fs::path& to) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
}

std::uint16_t port_of(DaemonProcess& process, const std::string& name) {
  const std::string line = process.wait_for_line(name + ": listening on ");
  return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
}

}  // namespace

std::string packaged(const std::string& file,
                     const std::vector<std::pair<std::string, std::string>>& replacements) {
  std::string text = read_file(fs::path(NSQ_SOURCE_DIR "/packaging/secured") / file);
  for (const auto& [from, to] : replacements) {
    auto at = text.find(from);
    if (at == text.npos) throw std::runtime_error(file + " does not have " + from);
    for (; at != text.npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  }
  return text;
}

std::string shell(const std::string& line) {
  const Finished done = run_to_end("/bin/sh", {"-c", line});
  if (done.status != exited(0)) throw std::runtime_error(line + " failed: " + done.out + done.err);
  return done.out;
}

SecuredCluster::SecuredCluster() {
  issue("authority");
  for (const auto& [name, permissions] : kPermissions) entries_[name] = issue("client " + name);
  for (std::size_t i = 0; i < kHosts; ++i) {
    hosts_.at(i).etc = authority() / fmt::format("mq{}", i + 1);
    fs::create_directories(host(i).etc / "data");
    overwrite(ca(), host(i).etc / "ca.pem");
    renew_host(i);
  }
  write_auth_files();
  for (std::size_t i = 0; i < kHosts; ++i) start_lookupd(i);
  for (std::size_t i = 0; i < kHosts; ++i) start_nsqd(i);
}

void SecuredCluster::start_lookupd(std::size_t index) {
  SecuredHost& on = hosts_.at(index);
  const fs::path file = on.etc / "nsqlookupd.toml";
  write_file(file, packaged("nsqlookupd.toml", {{"\"mq1\"", "\"localhost\""},
                                                {"/etc/nsq", on.etc.string()},
                                                {"0.0.0.0:4160", "127.0.0.1:0"},
                                                {"0.0.0.0:4161", "127.0.0.1:0"}}));
  on.lookupd = std::make_unique<DaemonProcess>(
      nsqlookupd_path(), std::vector<std::string>{"--config=" + file.string()});
  on.lookupd_tcp = port_of(*on.lookupd, "TCP");
  on.lookupd_http = port_of(*on.lookupd, "HTTP");
}

void SecuredCluster::start_nsqd(std::size_t index) {
  SecuredHost& on = hosts_.at(index);
  const auto lookupd = [&](std::size_t i) {
    return fmt::format("localhost:{}", host(i).lookupd_tcp);
  };
  const fs::path file = on.etc / "nsqd.toml";
  write_file(file, packaged("nsqd.toml", {{"id = 1", fmt::format("id = {}", index + 1)},
                                          {"mq1:4160", lookupd(0)},
                                          {"mq2:4160", lookupd(1)},
                                          {"\"mq1\"", "\"localhost\""},
                                          {"/var/lib/nsq", (on.etc / "data").string()},
                                          {"/etc/nsq", on.etc.string()},
                                          {"0.0.0.0:4150", "127.0.0.1:0"},
                                          {"0.0.0.0:4152", "127.0.0.1:0"}}));
  on.nsqd = std::make_unique<DaemonProcess>(nsqd_path(),
                                            std::vector<std::string>{"--config=" + file.string()});
  on.nsqd_tcp = port_of(*on.nsqd, "TCP");
  on.nsqd_https = port_of(*on.nsqd, "HTTPS");
}

std::string SecuredCluster::issue(const std::string& arguments) const {
  return shell(fmt::format("cd {} && {}/packaging/secured/issue {}", authority().string(),
                           NSQ_SOURCE_DIR, arguments));
}

/// As an operator would who keeps the auth file beside the authority, and copies it to the hosts.
void SecuredCluster::write_auth_files() const {
  std::string text;
  for (const auto& [name, permissions] : kPermissions) text += entries_.at(name) + permissions;
  for (const SecuredHost& on : hosts_) {
    write_file(on.etc / "next", text);
    fs::permissions(on.etc / "next", fs::perms::owner_read | fs::perms::owner_write);
    fs::rename(on.etc / "next", on.etc / "auth.toml");
  }
}

Visitor SecuredCluster::client(const std::string& name) const {
  return {.name = name,
          .certificate = {authority() / (name + ".pem"), authority() / (name + ".key")},
          .secret = read_file(authority() / (name + ".secret"))};
}

void SecuredCluster::renew_client(const std::string& name) {
  entries_[name] = issue("client " + name);
  write_auth_files();
}

void SecuredCluster::renew_host(std::size_t index) {
  const std::string name = fmt::format("mq{}", index + 1);
  issue(fmt::format("host {} localhost 127.0.0.1", name));
  overwrite(authority() / (name + ".key"), host(index).etc / "host.key");
  overwrite(authority() / (name + ".pem"), host(index).etc / "host.pem");
}

net::TlsClientConfig SecuredCluster::tls(const Visitor& visitor) const {
  net::TlsClientConfig config;
  config.root_ca = ca();
  config.cert = visitor.certificate.cert;
  config.key = visitor.certificate.key;
  return config;
}

std::string SecuredCluster::say(std::uint16_t port, const Visitor& visitor,
                                const std::string& bytes) const {
  LayeredClient client(port, RawClient::Magic::omit);
  if (!client.start_tls(tls(visitor)).empty()) return {};
  client.send(bytes);
  return client.read_to_end();
}

nlohmann::json SecuredCluster::get(std::uint16_t port, const Visitor& visitor,
                                   const std::string& target) const {
  const ApiRequest request{.method = "GET", .pattern = {}, .target = target, .body = {}};
  const std::string answer = say(port, visitor, request.bytes(visitor.secret));
  if (!answer.starts_with("HTTP/1.1 200 ")) throw std::runtime_error(target + ": " + answer);
  return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
}

client::Config SecuredCluster::config(const Visitor& visitor) const {
  client::Config config;
  config.values.tls_required = true;
  config.values.tls_root_ca_file = ca();
  config.values.tls_cert = visitor.certificate.cert;
  config.values.tls_key = visitor.certificate.key;
  config.values.auth_secret = visitor.secret;
  return config;
}

}  // namespace nsq::test
