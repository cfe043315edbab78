#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nsq::bench {

/// Follows the answers on one HTTP/1.1 connection without keeping their bodies, which may come with
/// their length or in chunks.
class HttpReader {
 public:
  enum class Seen { part, whole, nonsense };

  /// Takes bytes as they came; at most one answer may end in them, and nothing may follow it.
  Seen feed(std::string_view bytes);

  /// Of the last whole answer.
  int status() const noexcept { return status_; }
  std::uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  enum class State { status_line, header, body, chunk_size, chunk, trailer };

  Seen take_line();
  Seen take_header();
  Seen begin_body();
  Seen end_answer();

  State state_ = State::status_line;
  std::string line_;             ///< so far, of all states but body and chunk
  std::uint64_t remaining_ = 0;  ///< of the body or chunk, with the chunk's line end
  bool chunked_ = false;
  int status_ = 0;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace nsq::bench
