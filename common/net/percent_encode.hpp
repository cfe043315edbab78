#pragma once

#include <string>
#include <string_view>

namespace nsq::net {

/// The text as it may stand in a URL's path or in the value of a query's parameter: every byte but
/// `A-Z a-z 0-9 - _ . ~` becomes `%` and two upper-case hexadecimal digits. Source: RFC 3986, 2.
std::string percent_encode(std::string_view text);

}  // namespace nsq::net
