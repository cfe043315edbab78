#include "tests/support/simple_http.hpp"

#include <cctype>
#include <sstream>
#include <stdexcept>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>

namespace nsq::test {
namespace {

namespace http = boost::beast::http;

HttpResponse converted(const http::response<http::string_body>& response) {
  HttpResponse out;
  out.status = static_cast<int>(response.result_int());
  out.body = response.body();
  for (const auto& field : response) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers[name] = std::string(field.value());
  }
  return out;
}

}  // namespace

std::string HttpResponse::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

nlohmann::json HttpResponse::json() const {
  return nlohmann::json::parse(body);
}

HttpResponse SimpleHttp::read(bool to_head) {
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.skip(to_head);
  parser.body_limit(boost::none);
  while (!parser.is_done()) {
    boost::system::error_code ec;
    const std::size_t used = parser.put(boost::asio::buffer(buffer_), ec);
    buffer_.erase(0, used);
    if (ec && ec != http::error::need_more) throw std::runtime_error("not HTTP: " + ec.message());
    if (parser.is_done()) break;
    const std::string more = socket_.receive();
    if (more.empty()) {
      if (!parser.got_some()) throw std::runtime_error("the server closed without a response");
      parser.put_eof(ec);
      if (ec) throw std::runtime_error("the server closed within a response");
    }
    buffer_ += more;
  }
  return converted(parser.get());
}

HttpResponse SimpleHttp::request(std::string_view method, std::string_view target,
                                 std::string_view body, const HttpHeaders& headers) {
  std::string head(method);
  head.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  for (const auto& header : headers) head.append(header).append("\r\n");
  if (!body.empty() || method == "POST" || method == "PUT") {
    head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  head.append("\r\n").append(body);
  send(head);
  return read(method == "HEAD");
}

bool SimpleHttp::at_end() {
  return buffer_.empty() && socket_.receive().empty();
}

std::string chunked(std::string_view text) {
  std::ostringstream out;
  out << std::hex << text.size() << "\r\n" << text << "\r\n0\r\n\r\n";
  return out.str();
}

std::string api_error(std::string_view code) {
  return "{\"message\":\"" + std::string(code) + "\"}";
}

}  // namespace nsq::test
