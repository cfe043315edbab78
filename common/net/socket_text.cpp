#include "common/net/socket_text.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cctype>
#include <cstring>

#include <boost/system/error_code.hpp>

namespace nsq::net {
namespace {

Address from_v6(const sockaddr_in6& from) {
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&from.sin6_addr)) {
    inet_ntop(AF_INET, &from.sin6_addr.s6_addr[12], text, sizeof text);
    return tcp_address(text, ntohs(from.sin6_port));
  }
  inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof text);
  std::string host = text;
  char zone[IF_NAMESIZE] = {};
  if (from.sin6_scope_id != 0 && if_indextoname(from.sin6_scope_id, zone)) {
    host.append("%").append(zone);
  }
  return tcp_address(std::move(host), ntohs(from.sin6_port));
}

}  // namespace

Address from_sockaddr(const sockaddr_storage& from) {
  switch (from.ss_family) {
    case AF_INET: {
      sockaddr_in v4;
      std::memcpy(&v4, &from, sizeof v4);
      char text[INET_ADDRSTRLEN] = {};
      inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
      return tcp_address(text, ntohs(v4.sin_port));
    }
    case AF_INET6: {
      sockaddr_in6 v6;
      std::memcpy(&v6, &from, sizeof v6);
      return from_v6(v6);
    }
    default: {
      sockaddr_un local;
      std::memcpy(&local, &from, sizeof local);
      const std::size_t bytes = strnlen(local.sun_path, sizeof local.sun_path);
      return {.kind = Address::Kind::unix_socket,
              .host = {},
              .port = 0,
              .path = std::string(local.sun_path, bytes)};
    }
  }
}

std::string errno_text(int code) {
  std::string text = boost::system::error_code(code, boost::system::system_category()).message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace nsq::net
