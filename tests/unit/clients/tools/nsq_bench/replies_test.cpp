#include "clients/tools/nsq_bench/replies.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using namespace nsq::bench;

TEST_CASE("HTTP answers cut at any byte are counted once", "[nsq_bench][replies]") {
  const std::string stream =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
      "HTTP/1.1 200 OK\r\ncontent-length:0\r\nDate: x\r\n\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    Replies replies;
    const ScanResult first = scan_http_replies(std::string_view(stream).substr(0, cut), replies);
    REQUIRE_FALSE(first.bad);
    const ScanResult second =
        scan_http_replies(std::string_view(stream).substr(first.consumed), replies);
    CHECK(first.consumed + second.consumed == stream.size());
    CHECK(replies.ok == 2);
    CHECK(replies.error.empty());
  }
}

TEST_CASE("an HTTP failure is the error, with its body", "[nsq_bench][replies]") {
  Replies replies;
  scan_http_replies("HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nwrong", replies);
  CHECK(replies.ok == 0);
  CHECK(replies.error == "HTTP 400 wrong");
}

TEST_CASE("what is no HTTP answer of known length is bad", "[nsq_bench][replies]") {
  Replies replies;
  CHECK(scan_http_replies("  V2", replies).bad);
  CHECK(scan_http_replies("HTTP/1.1 200 OK\r\n\r\n", replies).bad);
  CHECK(scan_http_replies("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'), replies).bad);
}

TEST_CASE("frame answers are sorted into OK, heartbeats and errors", "[nsq_bench][replies]") {
  using namespace std::string_view_literals;
  Replies replies;
  const auto stream =
      "\0\0\0\6\0\0\0\0OK\0\0\0\x0f\0\0\0\0_heartbeat_\0\0\0\x0d\0\0\0\1E_INVALID\0\0\0\6\0\0\0\0OK"sv;
  const ScanResult result = scan_frame_replies(stream, replies);
  CHECK(result.consumed == stream.size());
  CHECK(replies.ok == 2);
  CHECK(replies.heartbeats == 1);
  CHECK(replies.error == "E_INVALID");
}
