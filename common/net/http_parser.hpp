#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/net/http_message.hpp"
#include "common/net/http_router.hpp"

namespace nsq::net {

/// Takes one request off a stream of bytes. Routes it when its headers are complete, so that a body
/// over the route's limit is refused before it is read. No I/O.
class HttpParser {
 public:
  enum class Status {
    need_more,  ///< all usable input is taken; call again with what was left and more
    head,       ///< request() has all but its body, which is still to come: call again for it
    complete,   ///< request() is whole
    refused,    ///< request() has no body: it is too large, or will not be read
    malformed,  ///< not HTTP; error_status() is the answer
  };

  /// Whether a request with a body is shown before any of that is taken, as Status::head.
  enum class Pause : bool { never, after_head };

  /// @param router  may be null: nothing is found then. Outlives the parser.
  HttpParser(const HttpRouter* router, std::uint32_t max_header_bytes, Pause pause = Pause::never);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  /// Parses the front of `in` and removes what it took. Not to be called again after another status
  /// than need_more and head.
  Status put(std::string_view& in);

  HttpRequest& request() noexcept;
  HttpMatch& match() noexcept;
  /// 400, 431 or 501.
  int error_status() const noexcept;
  /// Whether the client wants to keep the connection.
  bool keep_alive() const;
  /// Whether the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nsq::net
