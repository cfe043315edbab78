#include "nsqd/session/reply_queue.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/session/frames.hpp"

using namespace nsqd;
using nsq::wire::Command;
using nsq::wire::FrameType;

namespace {

Texts take(ReplyQueue& replies) {
  const Texts frames = texts(replies.ready());
  replies.ready().clear();
  return frames;
}

}  // namespace

TEST_CASE("replies that wait for nothing are ready at once", "[session][replies]") {
  ReplyQueue replies;
  CHECK(replies.empty());
  replies.add_publish(Command::pub, 2, 0);
  replies.add_frame(FrameType::response, "CLOSE_WAIT");
  CHECK_FALSE(replies.empty());
  CHECK(take(replies) == Texts{"OK", "OK", "CLOSE_WAIT"});
  CHECK(replies.empty());
}

TEST_CASE("a publish is answered when it is committed, and not before", "[session][replies]") {
  ReplyQueue replies;
  replies.add_publish(Command::pub, 1, 5);
  CHECK(take(replies).empty());
  CHECK_FALSE(replies.empty());
  replies.committed(4);
  CHECK(take(replies).empty());
  replies.committed(5);
  CHECK(take(replies) == Texts{"OK"});
  CHECK(replies.empty());
}

TEST_CASE("what comes behind a held reply waits with it", "[session][replies]") {
  ReplyQueue replies;
  replies.add_frame(FrameType::response, "first");
  replies.add_publish(Command::pub, 2, 5);
  replies.add_frame(FrameType::error, "E_FIN_FAILED x");
  replies.add_publish(Command::mpub, 1, 0);
  replies.add_publish(Command::dpub, 1, 6);
  replies.add_frame(FrameType::response, "last");
  CHECK(take(replies) == Texts{"first"});
  replies.committed(5);
  CHECK(take(replies) == Texts{"OK", "OK", "E_FIN_FAILED x", "OK"});
  replies.committed(6);
  CHECK(take(replies) == Texts{"OK", "last"});
}

TEST_CASE("publishes with one ticket are answered each", "[session][replies]") {
  ReplyQueue replies;
  replies.add_publish(Command::pub, 1, 5);
  replies.add_publish(Command::pub, 3, 5);
  replies.add_publish(Command::mpub, 1, 5);
  replies.add_publish(Command::pub, 1, 7);
  replies.committed(5);
  CHECK(take(replies).size() == 5);
  replies.committed(9);
  CHECK(take(replies).size() == 1);
}

TEST_CASE("a failed commit ends the replies with its error", "[session][replies]") {
  ReplyQueue replies;
  replies.add_publish(Command::pub, 2, 5);
  replies.add_frame(FrameType::response, "behind the good one");
  replies.add_publish(Command::mpub, 1, 6);
  replies.add_publish(Command::pub, 4, 6);
  replies.add_frame(FrameType::response, "never sent");
  replies.add_publish(Command::pub, 1, 7);
  replies.failed(6, "disk full");
  CHECK(replies.broken());
  CHECK(take(replies) ==
        Texts{"OK", "OK", "behind the good one", "E_MPUB_FAILED MPUB failed disk full"});
  replies.committed(7);
  replies.add_frame(FrameType::response, "nor this");
  replies.add_publish(Command::pub, 1, 0);
  replies.failed(7, "again");
  CHECK(take(replies).empty());
  CHECK(replies.empty());
}

TEST_CASE("a failed commit that nothing waits for changes nothing", "[session][replies]") {
  ReplyQueue replies;
  replies.add_publish(Command::pub, 1, 5);
  replies.failed(3, "other");
  CHECK_FALSE(replies.broken());
  CHECK(take(replies).empty());
  replies.committed(5);
  CHECK(take(replies) == Texts{"OK"});
}
