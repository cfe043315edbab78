#pragma once

#include <type_traits>

#include <boost/system/error_code.hpp>

namespace nsq {

/// Why something failed, for the whole suite. Operating system and library errors keep their own
/// boost::system categories; these are ours.
enum class Errc {
  need_more = 1,       ///< the input ends before the value does; call again with more bytes
  frame_too_large,     ///< a size field beyond the limit: the stream is lost, close the connection
  bad_frame,           ///< a frame that breaks the protocol: close the connection
  bad_number,          ///< text that is not the number, duration or boolean that was asked for
  out_of_range,        ///< a number outside its limits
  bad_name,            ///< not a valid topic or channel name
  bad_address,         ///< not a usable network address
  bad_config,          ///< an option or a config file that cannot be used
  bad_json,            ///< not JSON, or not of the expected shape
  closed,              ///< the object or the peer is closed
  exiting,             ///< the topic, the channel or the daemon is going away
  not_in_flight,       ///< a message id that is not in flight on the channel
  not_owner,           ///< a message that is in flight on another connection
  too_many_consumers,  ///< the channel is at --max-channel-consumers
  timed_out,           ///< a deadline passed
  rejected,            ///< the peer refused; the text says why
  unknown_outcome,     ///< sent, but the connection ended before the answer
  storage_failed,      ///< the log could not take or give a message
};

/// The category of Errc: "nsq".
const boost::system::error_category& nsq_category() noexcept;

inline boost::system::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), nsq_category()};
}

}  // namespace nsq

template <>
struct boost::system::is_error_code_enum<nsq::Errc> : std::true_type {};
