#include "common/base/errc.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/result.hpp"

using namespace nsq;

TEST_CASE("every code has a text of its own", "[base][errc]") {
  std::set<std::string> texts;
  const int last = static_cast<int>(Errc::storage_failed);
  for (int value = 1; value <= last; ++value) {
    CAPTURE(value);
    const auto text = nsq_category().message(value);
    CHECK(text != "unknown error");
    CHECK(texts.insert(text).second);
  }
  CHECK(nsq_category().message(0) == "unknown error");
  CHECK(nsq_category().message(last + 1000) == "unknown error");
}

TEST_CASE("codes turn into error_code of our category", "[base][errc]") {
  const boost::system::error_code code = Errc::need_more;
  CHECK(code);
  CHECK(code == Errc::need_more);
  CHECK(code != Errc::closed);
  CHECK(code.category() == nsq_category());
  CHECK(std::string(code.category().name()) == "nsq");
  CHECK(code != boost::system::error_code(1, boost::system::system_category()));
}

TEST_CASE("the reasons that clients are shown have the protocol's words", "[base][errc]") {
  CHECK(boost::system::error_code(Errc::not_in_flight).message() == "ID not in flight");
  CHECK(boost::system::error_code(Errc::not_owner).message() == "client does not own message");
  CHECK(boost::system::error_code(Errc::exiting).message() == "exiting");
}

TEST_CASE("an error shows its context, or else its code's text", "[base][result]") {
  const Result<int> bare = fail(Errc::closed);
  REQUIRE_FALSE(bare.has_value());
  CHECK(bare.error().text() == "closed");
  const Result<int> with_context = fail(Errc::bad_config, "config: no such file");
  CHECK(with_context.error().text() == "config: no such file");
  CHECK(with_context.error().code == Errc::bad_config);
  const Result<int> good = 7;
  CHECK(good.value() == 7);
}
