#include "common/base/errc.hpp"

#include <string>

namespace nsq {
namespace {

class NsqCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "nsq"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::need_more:
        return "need more data";
      case Errc::frame_too_large:
        return "frame too large";
      case Errc::bad_frame:
        return "malformed frame";
      case Errc::bad_number:
        return "parse error";
      case Errc::out_of_range:
        return "value out of range";
      case Errc::bad_name:
        return "invalid name";
      case Errc::bad_address:
        return "invalid address";
      case Errc::bad_config:
        return "invalid configuration";
      case Errc::bad_json:
        return "invalid JSON";
      case Errc::closed:
        return "closed";
      case Errc::exiting:
        return "exiting";
      case Errc::not_in_flight:
        return "ID not in flight";
      case Errc::not_owner:
        return "client does not own message";
      case Errc::too_many_consumers:
        return "too many consumers";
      case Errc::timed_out:
        return "timed out";
      case Errc::rejected:
        return "rejected";
      case Errc::unknown_outcome:
        return "connection lost before the answer";
      case Errc::storage_failed:
        return "storage failed";
    }
    return "unknown error";
  }
};

}  // namespace

const boost::system::error_category& nsq_category() noexcept {
  static const NsqCategory kCategory;
  return kCategory;
}

}  // namespace nsq
