#include "nsqd/upstream/queue_files.hpp"

#include "tests/unit/nsqd/upstream/fixture.hpp"

using namespace nsqd::upstream;
using namespace nsqd::upstream::test;

TEST_CASE("the name of a file tells queue, kind and number", "[upstream][queue_files]") {
  struct Row {
    std::string_view name, queue;
    FileKind kind;
    std::int64_t number;
  };
  const auto row = GENERATE(values<Row>({
      {"t.diskqueue.000000.dat", "t", FileKind::data, 0},
      {"t:c.diskqueue.000012.dat", "t:c", FileKind::data, 12},
      {"t.diskqueue.1234567.dat", "t", FileKind::data, 1234567},
      {"t.diskqueue.000003.dat.bad", "t", FileKind::bad, 3},
      {"t:c.diskqueue.meta.dat", "t:c", FileKind::meta, 0},
      {"t.diskqueue.meta.dat.5577006791947779410.tmp", "t", FileKind::temporary, 0},
      {"a.diskqueue.000001.dat.diskqueue.000002.dat", "a.diskqueue.000001.dat", FileKind::data, 2},
      {"x#ephemeral.diskqueue.000000.dat", "x#ephemeral", FileKind::data, 0},
  }));
  CAPTURE(row.name);
  const auto name = parse_file_name(row.name);
  REQUIRE(name.has_value());
  CHECK(name->queue == queue_name(row.queue));
  CHECK(name->kind == row.kind);
  CHECK(name->number == row.number);
}

TEST_CASE("other files are not of a disk queue", "[upstream][queue_files]") {
  const auto name = GENERATE(values<std::string_view>({
      "nsqd.dat",
      "t.diskqueue.dat",
      "t.diskqueue.00001.dat",    // five digits
      "t.diskqueue.0000001.dat",  // seven for what takes six
      "t.diskqueue.-00001.dat",
      "t.diskqueue.00000a.dat",
      "t.diskqueue.99999999999999999999.dat",  // no 64-bit number
      "t.diskqueue.000001.dat.worse",
      "t.diskqueue.000001.bad",
      "t.diskqueue.meta.dat.bad",
      "t.diskqueue.meta.dat.12x.tmp",
      "t.diskqueue.meta.dat..tmp",
      "t.diskqueue.meta.dat.tmp",
      "t.diskqueue.",
      ".diskqueue.000001.dat",
      "t:.diskqueue.000001.dat",
      "t:c:d.diskqueue.000001.dat",
      "no spaces.diskqueue.000001.dat",
      "",
  }));
  CAPTURE(name);
  CHECK_FALSE(parse_file_name(name).has_value());
}

TEST_CASE("files are named as upstream names them", "[upstream][queue_files]") {
  CHECK(data_file_name(queue_name("t"), 7) == "t.diskqueue.000007.dat");
  CHECK(data_file_name(queue_name("t:c"), 12345678) == "t:c.diskqueue.12345678.dat");
  CHECK(meta_file_name(queue_name("t:c")) == "t:c.diskqueue.meta.dat");
}

TEST_CASE("the meta file is three lines of numbers", "[upstream][queue_files]") {
  const Positions positions{
      .depth = 12, .read_file = 3, .read_offset = 45, .write_file = 6, .write_offset = 789};
  CHECK(format_positions(positions) == "12\n3,45\n6,789\n");
  CHECK(parse_positions("12\n3,45\n6,789\n") == positions);
  CHECK(format_positions({}) == "0\n0,0\n0,0\n");
  CHECK(parse_positions("-4\n0,0\n0,0\n") == Positions{.depth = -4});
}

TEST_CASE("a meta file of another form is refused", "[upstream][queue_files]") {
  const auto text = GENERATE(values<std::string_view>(
      {"", "\n", "1", "1\n", "1\n2,3\n4,5", "1\n2,3\n4,5\n6", "1\n2;3\n4,5\n", "x\n2,3\n4,5\n",
       "1\n-2,3\n4,5\n", "1\n2,-3\n4,5\n", "1\n2,3\n-4,5\n", "1\n2,3\n4,-5\n",
       "1\n99999999999999999999,3\n4,5\n", std::string_view("\0\0\0\0\0\0\0\0", 8)}));
  CAPTURE(text);
  CHECK_FALSE(parse_positions(text).has_value());
}
