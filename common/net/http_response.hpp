#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "common/net/http_message.hpp"

namespace nsq::net {

/// The Date header's line, made anew once a second. Lives on one thread.
class HttpDate {
 public:
  /// "Date: Tue, 02 Jan 2024 03:04:05 GMT\r\n" for now; views into this object until the next call.
  std::string_view line();

 private:
  std::time_t made_at_ = -1;
  std::string line_;
};

/// How an answer depends on its request and connection.
struct HttpAnswerForm {
  bool http_1_0 = false;
  bool keep_alive = true;
  bool head = false;          ///< a HEAD request's answer: no body, but its length
  bool body_follows = false;  ///< likewise, as the caller sends the body itself
};

/// Appends the answer as it goes over the wire to `out`.
void append_response(std::string& out, const HttpResponse& response, HttpAnswerForm form,
                     std::string_view date_line);

}  // namespace nsq::net
