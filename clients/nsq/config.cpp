#include "clients/nsq/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <fmt/format.h>

#include "clients/nsq/address.hpp"
#include "clients/nsq/config_table.hpp"
#include "clients/nsq/upgrade.hpp"
#include "common/config/values.hpp"
#include "common/config/version.hpp"

namespace nsq::client {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::unexpected<Error> bad(std::string text) {
  return fail(Errc::bad_config, std::move(text));
}

std::string normal(std::string_view key) {
  std::string name(key);
  std::ranges::replace(name, '-', '_');
  return name;
}

const OptionRow* find_row(std::string_view key) {
  const auto rows = option_rows();
  const auto at = std::ranges::find(rows, key, &OptionRow::key);
  return at == rows.end() ? nullptr : &*at;
}

/// The reason that ends a "failed to coerce" message.
std::unexpected<Error> syntax(std::string_view type, std::string_view text, std::string_view why) {
  return bad(fmt::format("strconv.Parse{}: parsing {}: {}", type, config::quote(text), why));
}

// One reader a kind of option.

Result<void> read(std::string_view text, bool& to) {
  auto value = config::parse_bool(text);
  if (!value) return syntax("Bool", text, "invalid syntax");
  to = *value;
  return {};
}

Result<void> read(std::string_view text, std::optional<bool>& to) {
  return read(text, to.emplace());
}

Result<void> read(std::string_view text, std::int64_t& to) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.size() != text.size() && digits.starts_with('-')) digits = {};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), to);
  if (error == std::errc::result_out_of_range) return syntax("Int", text, "value out of range");
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return syntax("Int", text, "invalid syntax");
  }
  return {};
}

Result<void> read(std::string_view text, double& to) {
  auto value = config::parse_float(text);
  if (!value) return syntax("Float", text, "invalid syntax");
  to = *value;
  return {};
}

Result<void> read(std::string_view text, std::string& to) {
  to = text;
  return {};
}

Result<void> read(std::string_view text, Nanoseconds& to) {
  auto value = config::parse_duration(text);
  if (!value) return std::unexpected(value.error());
  to = *value;
  return {};
}

Result<void> read(std::string_view text, BackoffStrategy& to) {
  if (text.empty() || text == "exponential") {
    to = BackoffStrategy::exponential;
  } else if (text == "full_jitter") {
    to = BackoffStrategy::full_jitter;
  } else {
    return bad("not exponential or full_jitter");
  }
  return {};
}

Result<void> read(std::string_view text, TlsVersion& to) {
  static constexpr std::array<std::string_view, 5> kNames{"ssl3.0", "tls1.0", "tls1.1", "tls1.2",
                                                          "tls1.3"};
  const auto at = std::ranges::find(kNames, text);
  if (at == kNames.end()) return bad(fmt::format("{} is not a tls version", text));
  to = static_cast<TlsVersion>(at - kNames.begin());
  return {};
}

// How a value outside its range is shown; kinds without a range are never outside.

template <class T>
Result<void> check(const OptionRow&, std::string_view, const T&) {
  return {};
}

template <class T, class Show>
Result<void> check_range(std::string_view name, T value, T min, T max, Show show) {
  if (value < min) return bad(fmt::format("invalid {} ! {} < {}", name, show(value), show(min)));
  if (value > max) return bad(fmt::format("invalid {} ! {} > {}", name, show(value), show(max)));
  return {};
}

Result<void> check(const OptionRow& row, std::string_view name, const std::int64_t& value) {
  return check_range(name, value, row.min, row.max, [](std::int64_t v) { return v; });
}

Result<void> check(const OptionRow& row, std::string_view name, const double& value) {
  return check_range(name, value, static_cast<double>(row.min), static_cast<double>(row.max),
                     config::format_float);
}

Result<void> check(const OptionRow& row, std::string_view name, const Nanoseconds& value) {
  return check_range(name, value, Nanoseconds(row.min), Nanoseconds(row.max),
                     config::format_duration);
}

Result<void> set_field(Options& options, const OptionRow& row, std::string_view text) {
  return std::visit(
      [&](auto member) -> Result<void> {
        auto value = options.*member;
        if (auto done = read(text, value); !done) {
          return bad(fmt::format("failed to coerce option {} ({}) - {}", row.key, text,
                                 done.error().context));
        }
        if (auto done = check(row, row.key, value); !done) return done;
        options.*member = std::move(value);
        return {};
      },
      row.field);
}

/// The name that a range error of an already set field has: `MaxInFlight`.
std::string field_name(std::string_view key) {
  std::string name;
  bool upper = true;
  for (const char c : key) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

Result<void> check_ranges(const Options& options) {
  for (const OptionRow& row : option_rows()) {
    auto done = std::visit(
        [&](auto member) { return check(row, field_name(row.key), options.*member); }, row.field);
    if (!done) return done;
  }
  return {};
}

/// Certificates that cannot be used are a mistake in the configuration, not in a connection.
Result<void> check_tls(const Options& o) {
  const bool named = !o.tls_root_ca_file.empty() || !o.tls_cert.empty() || !o.tls_key.empty();
  if (!o.tls_v1 && !o.tls_required && !named) return {};
  if (o.tls_cert.empty() != o.tls_key.empty()) return bad("tls_cert and tls_key go together");
  auto loaded = net::TlsContext::client(tls_config(o));
  if (!loaded) return bad(loaded.error().text());
  return {};
}

bool is_off(Nanoseconds value) {
  return value == Nanoseconds(-1) || value == Nanoseconds(Milliseconds(-1));
}

/// What every nsqd would refuse in IDENTIFY. Upper limits are the server's to set. Source:
/// spec/client.md 3.
Result<void> check_identify(const Options& o) {
  const auto at_least = [](std::string_view key, Nanoseconds value,
                           Nanoseconds min) -> Result<void> {
    if (value == Nanoseconds(0) || is_off(value) || value >= min) return {};
    return bad(fmt::format("invalid {} ! {} < {}", key, config::format_duration(value),
                           config::format_duration(min)));
  };
  if (auto ok = at_least("heartbeat_interval", o.heartbeat_interval, Seconds(1)); !ok) return ok;
  if (auto ok = at_least("output_buffer_timeout", o.output_buffer_timeout, Milliseconds(1)); !ok) {
    return ok;
  }
  if (o.msg_timeout != Nanoseconds(0) && o.msg_timeout < Seconds(1)) {
    return bad(
        fmt::format("invalid msg_timeout ! {} < 1s", config::format_duration(o.msg_timeout)));
  }
  if (o.output_buffer_size < -1 || (o.output_buffer_size > 0 && o.output_buffer_size < 64)) {
    return bad(fmt::format("invalid output_buffer_size ! {} < 64", o.output_buffer_size));
  }
  return {};
}

/// What this version does not do yet is refused, never ignored.
Result<void> check_supported(const Options& o) {
  const std::array<std::pair<std::string_view, bool>, 2> asked{{
      {"linger", o.linger != Nanoseconds(0)},
      {"touch_while_handling", o.touch_while_handling},
  }};
  for (const auto& [key, on] : asked) {
    if (on) return bad(fmt::format("{} is not supported yet", key));
  }
  return {};
}

Result<void> check_together(const Options& o) {
  if (o.heartbeats() && o.heartbeat_interval > o.read_timeout) {
    return bad(fmt::format("HeartbeatInterval {} must be less than ReadTimeout {}",
                           config::format_duration(o.heartbeat_interval),
                           config::format_duration(o.read_timeout)));
  }
  if (o.snappy && o.deflate) return bad("cannot enable both deflate and snappy compression");
  if (o.reconnect_min > o.reconnect_max) {
    return bad(fmt::format("invalid reconnect_min ! {} > {}",
                           config::format_duration(o.reconnect_min),
                           config::format_duration(o.reconnect_max)));
  }
  if (!o.local_addr.empty()) {
    if (auto local = Address::parse(o.local_addr); !local) {
      return bad("invalid local_addr: " + local.error().context);
    }
  }
  return {};
}

}  // namespace

Config::Config() {
  values.hostname = host_name();
  values.client_id = values.hostname.substr(0, values.hostname.find('.'));
  values.user_agent = fmt::format("nsq-cpp/{}", config::version());
}

Result<void> Config::set(std::string_view key, std::string_view text) {
  const std::string name = normal(key);
  const OptionRow* row = find_row(name);
  if (row == nullptr) return bad("invalid option " + name);
  return set_field(values, *row, text);
}

Result<void> Config::set(std::string_view key, std::int64_t number) {
  const OptionRow* row = find_row(normal(key));
  const bool duration =
      row != nullptr && std::holds_alternative<Nanoseconds Options::*>(row->field);
  return set(key, fmt::format("{}{}", number, duration ? "ms" : ""));
}

Result<void> Config::set(std::string_view key, bool value) {
  return set(key, std::string_view(value ? "true" : "false"));
}

Result<void> Config::set_pair(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return set(text, true);
  return set(text.substr(0, comma), text.substr(comma + 1));
}

Result<Options> Config::freeze() const {
  if (auto ok = check_ranges(values); !ok) return std::unexpected(ok.error());
  if (auto ok = check_together(values); !ok) return std::unexpected(ok.error());
  if (auto ok = check_tls(values); !ok) return std::unexpected(ok.error());
  if (auto ok = check_identify(values); !ok) return std::unexpected(ok.error());
  if (auto ok = check_supported(values); !ok) return std::unexpected(ok.error());
  return values;
}

}  // namespace nsq::client
