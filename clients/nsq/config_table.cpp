#include "clients/nsq/config_table.hpp"

#include <array>

namespace nsq::client {

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kNoMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();

constexpr auto kRows = std::to_array<OptionRow>({
    {"dial_timeout", &Options::dial_timeout},
    {"read_timeout", &Options::read_timeout, 100 * kMs, 5 * kMinute},
    {"write_timeout", &Options::write_timeout, 100 * kMs, 5 * kMinute},
    {"local_addr", &Options::local_addr},
    {"lookupd_poll_interval", &Options::lookupd_poll_interval, 10 * kMs, 5 * kMinute},
    {"lookupd_poll_jitter", &Options::lookupd_poll_jitter, 0, 1},
    {"lookupd_poll_timeout", &Options::lookupd_poll_timeout},
    {"max_requeue_delay", &Options::max_requeue_delay, 0, kHour},
    {"default_requeue_delay", &Options::default_requeue_delay, 0, kHour},
    {"backoff_strategy", &Options::backoff_strategy},
    {"max_backoff_duration", &Options::max_backoff_duration, 0, kHour},
    {"backoff_multiplier", &Options::backoff_multiplier, 0, kHour},
    {"max_attempts", &Options::max_attempts, 0, 65535},
    {"low_rdy_idle_timeout", &Options::low_rdy_idle_timeout, kSecond, 5 * kMinute},
    {"low_rdy_timeout", &Options::low_rdy_timeout, kSecond, 5 * kMinute},
    {"rdy_redistribute_interval", &Options::rdy_redistribute_interval, kMs, 5 * kSecond},
    {"client_id", &Options::client_id},
    {"hostname", &Options::hostname},
    {"user_agent", &Options::user_agent},
    {"heartbeat_interval", &Options::heartbeat_interval},
    {"sample_rate", &Options::sample_rate, 0, 99},
    {"tls_v1", &Options::tls_v1},
    {"tls_root_ca_file", &Options::tls_root_ca_file},
    {"tls_cert", &Options::tls_cert},
    {"tls_key", &Options::tls_key},
    {"tls_insecure_skip_verify", &Options::tls_insecure_skip_verify},
    {"tls_min_version", &Options::tls_min_version},
    {"deflate", &Options::deflate},
    {"deflate_level", &Options::deflate_level, 1, 9},
    {"snappy", &Options::snappy},
    {"output_buffer_size", &Options::output_buffer_size},
    {"output_buffer_timeout", &Options::output_buffer_timeout},
    {"max_in_flight", &Options::max_in_flight, 0, kNoMax},
    {"msg_timeout", &Options::msg_timeout, 0, kNoMax},
    {"auth_secret", &Options::auth_secret},
    {"skip_lookupd_authorization", &Options::skip_lookupd_authorization},
    {"lookupd_authorization", &Options::lookupd_authorization},

    {"handshake_timeout", &Options::handshake_timeout, kMs, kHour},
    {"stop_timeout", &Options::stop_timeout, 0, kNoMax},
    {"tls_required", &Options::tls_required},
    {"tls_server_name", &Options::tls_server_name},
    {"reconnect_min", &Options::reconnect_min, kMs, kHour},
    {"reconnect_max", &Options::reconnect_max, kMs, kHour},
    {"reconnect_max_attempts", &Options::reconnect_max_attempts, 0, kNoMax},
    {"handler_concurrency", &Options::handler_concurrency, 1, 65535},
    {"max_frame_size", &Options::max_frame_size, 1024, kMaxInt32},
    {"max_msg_size", &Options::max_msg_size, 0, kMaxInt32},
    {"max_body_size", &Options::max_body_size, 0, kMaxInt32},
    {"publish_timeout", &Options::publish_timeout, kMs, kHour},
    {"max_outstanding_messages", &Options::max_outstanding_messages, 1, kNoMax},
    {"max_outstanding_bytes", &Options::max_outstanding_bytes, 1, kNoMax},
    {"linger", &Options::linger, 0, kMinute},
    {"batch_max_messages", &Options::batch_max_messages, 1, kMaxInt32},
    {"batch_max_bytes", &Options::batch_max_bytes, 1, kMaxInt32},
    {"retry_budget", &Options::retry_budget, 0, 100},
    {"touch_while_handling", &Options::touch_while_handling},
    {"topology_region", &Options::topology_region},
    {"topology_zone", &Options::topology_zone},
});

}  // namespace

std::span<const OptionRow> option_rows() noexcept {
  return kRows;
}

}  // namespace nsq::client
