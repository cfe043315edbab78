// A network between nsqd and nsqlookupd that swallows everything for a while.

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/two_hosts.hpp"

namespace nsq::test {
namespace {

using Names = Nsqlookupd::Names;

// Publishes and consumes over connections that are there already.
void check_delivery(RawClient& publisher, RawClient& consumer, const std::string& topic) {
  for (int i = 0; i < 10; ++i) {
    const std::string body = std::to_string(i);
    REQUIRE(publisher.ask(pub(topic, body)) == ok());
    const Message message = consumer.read_message();
    CHECK(message.body == body);
    consumer.send(fin(message.id));
  }
}

// The nsqlookupd of a TwoHosts, asked on its own host.
class FarLookupd {
 public:
  explicit FarLookupd(const TwoHosts& hosts)
      : hosts_(hosts), lookupd_(hosts.on(1, [] {
          return std::make_unique<Nsqlookupd>(
              std::vector<std::string>{"--tcp-address=0.0.0.0:0", "--http-address=0.0.0.0:0",
                                       "--broadcast-address=" + TwoHosts::address(1)});
        })) {}

  std::string tcp_address() const {
    return TwoHosts::address(1) + ":" + std::to_string(lookupd_->tcp_port());
  }
  Names channels(const std::string& topic) const {
    return hosts_.on(1, [&] { return lookupd_->channels(topic); });
  }
  std::size_t node_count() const {
    return hosts_.on(1, [&] { return lookupd_->nodes().size(); });
  }

 private:
  const TwoHosts& hosts_;
  std::unique_ptr<Nsqlookupd> lookupd_;
};

TEST_CASE("cluster: a partition between nsqd and nsqlookupd", "[integration][cluster]") {
  const auto hosts = TwoHosts::make();
  if (!hosts) {
    WARN("skipped, for there can be no second network here: " << hosts.error());
    return;
  }
  const FarLookupd lookupd(*hosts);
  const auto nsqd = hosts->on(0, [&] {
    return std::make_unique<Nsqd>(std::vector<std::string>{
        "--lookupd-tcp-address=" + lookupd.tcp_address(), "--http-client-connect-timeout=100ms",
        "--http-client-request-timeout=100ms"});
  });
  hosts->on(0, [&] { nsqd->create("t", "c"); });
  CHECK(await_value(Names{"c"}, [&] { return lookupd.channels("t"); }) == Names{"c"});
  RawClient publisher = hosts->on(0, [&] { return nsqd->connect(); });
  RawClient consumer = hosts->on(0, [&] { return nsqd->consumer("t", "c"); });
  consumer.send(rdy(1));

  hosts->cut();
  check_delivery(publisher, consumer, "t");
  RawClient newcomer = hosts->on(0, [&] { return nsqd->consumer("meanwhile", "new"); });
  newcomer.send(rdy(1));
  check_delivery(publisher, newcomer, "meanwhile");
  nsqd->process().wait_for_line("REGISTER meanwhile - i/o timeout");
  check_delivery(publisher, consumer, "t");
  CHECK(lookupd.node_count() == 1);  // nobody said goodbye
  CHECK(lookupd.channels("meanwhile").empty());

  hosts->mend();
  CHECK(await_value(Names{"new"}, [&] { return lookupd.channels("meanwhile"); }) == Names{"new"});
  // The connection from before the cut ends too, so that nobody is sent there twice.
  CHECK(await_value(std::size_t{1}, [&] { return lookupd.node_count(); }) == 1);
  check_delivery(publisher, consumer, "t");
  CHECK(nsqd->process().stop() == exited(0));
}

}  // namespace
}  // namespace nsq::test
