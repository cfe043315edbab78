#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/daemon_process.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/simple_http.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsq::test {

/// The nsqd under test: the one that $NSQ_NSQD names, else the one of this build.
std::string nsqd_path();

/// `stem` with a number that no other call in this program gets: a topic nobody else uses.
std::string fresh(std::string_view stem);

/// An nsqd on free ports of 127.0.0.1 with a data path of its own, empty at first. It runs from the
/// start, and can be ended and started again on the same data path and ports. What only asks it
/// something (the const functions) may be called from several threads.
class Nsqd {
 public:
  /// Starts it with `args` besides addresses and data path, and waits until it listens.
  explicit Nsqd(const std::vector<std::string>& args = {});

  std::uint16_t tcp_port() const noexcept { return tcp_port_; }
  std::uint16_t http_port() const noexcept { return http_port_; }
  const std::filesystem::path& data_path() const noexcept { return data_.path(); }
  DaemonProcess& process() noexcept { return *process_; }

  /// Starts the ended nsqd again, and waits until it listens. `args` replace the former ones.
  void start_again(const std::vector<std::string>& args = {});

  /// A TCP connection whose magic has been sent.
  RawClient connect() const;
  /// A TCP connection that has subscribed; throws if it is refused.
  RawClient consumer(std::string_view topic, std::string_view channel) const;

  /// One request on a connection of its own.
  HttpResponse request(std::string_view method, std::string_view target, std::string_view body = {},
                       const HttpHeaders& headers = {}) const;
  HttpResponse get(std::string_view target) const { return request("GET", target); }
  HttpResponse post(std::string_view target, std::string_view body = {}) const {
    return request("POST", target, body);
  }
  SimpleHttp http() const;

  // Set-up over HTTP. They throw if it fails: a test that is about these asks post() instead.
  void create(std::string_view topic, std::string_view channel = {}) const;
  void publish(std::string_view topic, std::string_view body) const;

  /// /stats?format=json with `query` added ("&topic=t").
  nlohmann::json stats(std::string_view query = {}) const;
  /// A number or bool of a topic, or of one of its channels, in /stats; -1 if there is none.
  std::int64_t stat(std::string_view topic, std::string_view field) const;
  std::int64_t stat(std::string_view topic, std::string_view channel, std::string_view field) const;
  /// stat() once it is `wanted`, or whatever it is when the deadline has passed.
  std::int64_t await_stat(std::string_view topic, std::string_view field,
                          std::int64_t wanted) const;
  std::int64_t await_stat(std::string_view topic, std::string_view channel, std::string_view field,
                          std::int64_t wanted) const;

 private:
  TempDir data_;
  std::unique_ptr<DaemonProcess> process_;
  std::uint16_t tcp_port_ = 0;
  std::uint16_t http_port_ = 0;
};

/// A name for use in a URL: `#` as `%23`.
std::string url_name(std::string_view name);

}  // namespace nsq::test
