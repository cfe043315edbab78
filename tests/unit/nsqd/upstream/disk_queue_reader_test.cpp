#include "nsqd/upstream/disk_queue_reader.hpp"

#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

using Notes = std::vector<std::string>;

TEST_CASE("a queue is read over all its files", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"a", "b"}));
  folder.data(1, records({"c"}));
  folder.data(2, records({"d"}));
  folder.meta("4\n0,0\n2,31\n");
  auto reader = folder.open();
  CHECK(reader.total_bytes() == 124);
  CHECK(reader.bytes_read() == 0);
  CHECK(drain(reader) == Bodies{"a", "b", "c", "d"});
  CHECK(reader.records() == 4);
  CHECK(reader.bytes_read() == reader.total_bytes());
  CHECK(reader.notes().empty());
  CHECK(drain(reader).empty());
}

TEST_CASE("progress is told in the middle of a file", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(3, records({"a", "b", "c"}));
  folder.meta("2\n3,31\n3,93\n");
  auto reader = folder.open();
  CHECK(reader.total_bytes() == 62);
  REQUIRE(reader.next().has_value());
  CHECK(reader.bytes_read() == 31);
}

TEST_CASE("reading begins at the read position", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(4, records({"a", "b", "c"}));
  folder.data(5, records({"d"}));
  folder.meta("2\n4,62\n5,31\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"c", "d"});
  CHECK(reader.notes().empty());
}

TEST_CASE("a queue may be empty", "[upstream][reader]") {
  const UpstreamFolder folder;
  SECTION("never used") {
    folder.meta("0\n0,0\n0,0\n");
  }
  SECTION("at the beginning of a new file") {
    folder.meta("0\n7,0\n7,0\n");
  }
  SECTION("read to its end") {
    folder.data(7, records({"a"}));
    folder.meta("0\n7,31\n7,31\n");
  }
  SECTION("no files") {}
  auto reader = folder.open();
  CHECK(drain(reader).empty());
  CHECK(reader.notes().empty());
}

TEST_CASE("what was written and not synced is read too", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"a", "b", "c"}));
  folder.meta("1\n0,0\n0,31\n");
  SECTION("behind the write position") {
    auto reader = folder.open();
    CHECK(drain(reader) == Bodies{"a", "b", "c"});
    CHECK(reader.notes() ==
          Notes{"t.diskqueue.000000.dat: read beyond the write position 31, to 93",
                "t.diskqueue.meta.dat: counts 1 records, found were 3"});
  }
  SECTION("in a later file") {
    folder.meta("3\n0,0\n0,93\n");
    folder.data(1, records({"d"}));
    auto reader = folder.open();
    CHECK(drain(reader) == Bodies{"a", "b", "c", "d"});
    CHECK(reader.notes() == Notes{"t.diskqueue.000001.dat: read although behind the write position",
                                  "t.diskqueue.meta.dat: counts 3 records, found were 4"});
  }
}

TEST_CASE("a torn tail is skipped and noted", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, record("a") + record("torn").substr(0, 12));
  folder.meta("1\n0,0\n0,31\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a"});
  CHECK(reader.notes() ==
        Notes{"t.diskqueue.000000.dat: read beyond the write position 31, to 43",
              "t.diskqueue.000000.dat: ends within a record of 30 bytes at 31; the 12 bytes from "
              "there on are skipped"});
}

TEST_CASE("a bad size in the middle costs the rest of its file only", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, record("a") + big_endian(3, 4) + record("lost"));
  folder.data(1, records({"b", "c"}));
  folder.meta("4\n0,0\n1,62\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a", "b", "c"});
  CHECK(reader.notes() ==
        Notes{"t.diskqueue.000000.dat: bad record size 3 at 31; the 38 bytes from "
              "there on are skipped",
              "t.diskqueue.meta.dat: counts 4 records, found were 3"});
  CHECK(reader.bytes_read() == reader.total_bytes());
}

TEST_CASE("a file shorter than the meta file says is read to its end", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"a"}));
  SECTION("before the write position") {
    folder.meta("2\n0,0\n0,62\n");
    auto reader = folder.open();
    CHECK(drain(reader) == Bodies{"a"});
    CHECK(reader.notes() ==
          Notes{"t.diskqueue.000000.dat: ends at 31, before the write position 62",
                "t.diskqueue.meta.dat: counts 2 records, found were 1"});
  }
  SECTION("before the read position") {
    folder.data(1, records({"b"}));
    folder.meta("2\n0,62\n1,31\n");
    auto reader = folder.open();
    CHECK(drain(reader) == Bodies{"b"});
    CHECK(reader.notes() == Notes{"t.diskqueue.000000.dat: ends at 31, before the read position 62",
                                  "t.diskqueue.meta.dat: counts 2 records, found were 1"});
  }
}

TEST_CASE("missing data files are noted and passed over", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(3, records({"a"}));
  folder.meta("9\n1,0\n5,0\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a"});
  CHECK(reader.notes() ==
        Notes{"t.diskqueue.meta.dat: names data files 1 to 4, of which 3 are missing",
              "t.diskqueue.meta.dat: counts 9 records, found were 1"});
}

TEST_CASE("absurd positions do no harm", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(3, records({"a"}));
  folder.meta("9223372036854775807\n0,0\n9223372036854775807,9223372036854775807\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a"});
  CHECK(reader.notes().front() ==
        "t.diskqueue.meta.dat: names data files 0 to 9223372036854775807, of which "
        "9223372036854775807 are missing");
}

TEST_CASE("a file before the read position is left out", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"old"}));
  folder.data(1, records({"a"}));
  folder.meta("1\n1,0\n1,31\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a"});
  CHECK(reader.notes() ==
        Notes{"t.diskqueue.000000.dat: not read: it lies before the read position"});
}

TEST_CASE("a reader beyond the writer reads what is there", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(2, records({"old"}));
  folder.data(5, records({"a", "b"}));
  folder.meta("0\n5,31\n2,33\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"b"});
}

TEST_CASE("without a usable meta file everything is read", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(8, records({"b"}));
  folder.data(7, records({"a"}));
  std::string reason = "missing";
  SECTION("missing") {}
  SECTION("malformed") {
    folder.meta("1\n7,");
    reason = "malformed";
  }
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a", "b"});
  CHECK(reader.notes() == Notes{"t.diskqueue.meta.dat: is " + reason +
                                ": reading all data files from their beginning"});
  CHECK_FALSE(reader.positions().has_value());
}

TEST_CASE("a negative depth does not matter", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"a", "b"}));
  folder.meta("-3\n0,0\n0,62\n");
  auto reader = folder.open();
  CHECK(drain(reader) == Bodies{"a", "b"});
  CHECK(reader.notes() == Notes{"t.diskqueue.meta.dat: has a negative depth, -3",
                                "t.diskqueue.meta.dat: counts -3 records, found were 2"});
}

TEST_CASE("a .bad file is read as far as it goes", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.write("t.diskqueue.000000.dat.bad", record("a") + "garbage that is no record");
  folder.data(1, records({"b"}));
  folder.meta("1\n1,0\n1,31\n");
  SECTION("in its place") {
    auto reader = folder.open();
    CHECK(drain(reader) == Bodies{"a", "b"});
    CHECK(reader.notes() ==
          Notes{"t.diskqueue.000000.dat.bad: bad record size 1734439522 at 31; the 25 bytes from "
                "there on are skipped",
                "t.diskqueue.000000.dat.bad: set aside by upstream; 1 records read, which may have "
                "been delivered before"});
  }
  SECTION("unless it is not wanted") {
    auto reader = folder.open({.bad_files = false});
    CHECK(drain(reader) == Bodies{"b"});
    CHECK(reader.notes() == Notes{"t.diskqueue.000000.dat.bad: not read"});
  }
}

TEST_CASE("messages beyond --max-msg-size are counted and skipped", "[upstream][reader]") {
  const UpstreamFolder folder;
  const std::string large(11, 'x');
  folder.data(0, records({"a", large, large, "b"}));
  folder.meta("4\n0,0\n0,144\n");
  auto reader = folder.open({.max_body_bytes = 10});
  CHECK(drain(reader) == Bodies{"a", "b"});
  CHECK(reader.notes() ==
        Notes{"t.diskqueue.000000.dat: 2 records with bodies of more than 10 bytes are skipped",
              "t.diskqueue.meta.dat: counts 4 records, found were 2"});
}

TEST_CASE("a file that vanishes is an error, not a loss", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"a"}));
  folder.data(1, records({"b"}));
  folder.meta("2\n0,0\n1,31\n");
  auto reader = folder.open();
  REQUIRE(reader.next().has_value());
  const auto second = folder.path() / "t.diskqueue.000001.dat";
  std::filesystem::remove(second);
  const auto failed = reader.next();
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().text() == "open " + second.string() + ": No such file or directory");
}

TEST_CASE("the reader of a channel's queue reads that one", "[upstream][reader]") {
  const UpstreamFolder folder;
  folder.data(0, records({"topic"}));
  folder.meta("1\n0,0\n0,35\n");
  folder.write("t:c.diskqueue.000000.dat", records({"channel"}));
  folder.write("t:c.diskqueue.meta.dat", "1\n0,0\n0,37\n");
  auto reader = folder.open({}, "t:c");
  CHECK(reader.name() == queue_name("t:c"));
  CHECK(drain(reader) == Bodies{"channel"});
}
