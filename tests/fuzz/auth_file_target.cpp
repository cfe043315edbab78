#include "common/base/assert.hpp"
#include "common/base/log.hpp"
#include "nsqd/auth/auth_file.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {

void fuzz_auth_file(std::string_view input) {
  const auto file = nsqd::AuthFile::parse(input);
  if (!file) {
    NSQ_ASSERT(file.error().code == Errc::bad_config);
    NSQ_ASSERT(printable(file.error().text()) == file.error().text());
    return;
  }
  // Who shows nothing is nobody, whatever the file says.
  NSQ_ASSERT(!file->find({}));
  nsqd::Credentials client;
  client.secret = "app-secret";
  client.peer = {.tls = true, .common_name = "app.example", .verified = true};
  const auto identity = file->find(client);
  if (!identity) return;
  NSQ_ASSERT(file->size() > 0 && identity->count() > 0);
  // Who may manage a topic may manage each of its channels, and see it.
  NSQ_ASSERT(!identity->may_manage("orders") || identity->may_manage("orders", "billing"));
  const bool concerned = identity->may_publish("orders") ||
                         identity->may_subscribe("orders", "billing") ||
                         identity->may_manage("orders", "billing");
  NSQ_ASSERT(!concerned || identity->may_see("orders"));
}

}  // namespace nsq::fuzz
