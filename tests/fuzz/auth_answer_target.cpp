#include "common/base/assert.hpp"
#include "common/base/log.hpp"
#include "nsqd/auth/answer.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {

void fuzz_auth_answer(std::string_view input) {
  const auto grant = nsqd::parse_auth_answer(input);
  if (!grant) {
    NSQ_ASSERT(grant.error().code == Errc::bad_json);
    NSQ_ASSERT(printable(grant.error().text()) == grant.error().text());
    return;
  }
  NSQ_ASSERT(grant->ttl >= Seconds(1) && grant->generation == 0);
  // Whoever has no entry may do nothing; any pattern can be asked about any name.
  for (const std::string_view name : {"", "orders", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa#ephemeral"}) {
    const bool publish = grant->permissions->may_publish(name);
    const bool subscribe = grant->permissions->may_subscribe(name, "billing");
    NSQ_ASSERT(grant->permissions->count() > 0 || (!publish && !subscribe));
  }
}

}  // namespace nsq::fuzz
