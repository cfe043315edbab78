#include "common/wire/protocol_error.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace nsq::wire;

TEST_CASE("an error's text is code, space, description", "[wire][protocol_error]") {
  CHECK(bad_protocol().text() == "E_BAD_PROTOCOL");
  CHECK(fatal_error("E_AUTH_DISABLED", "AUTH disabled").text() == "E_AUTH_DISABLED AUTH disabled");
  CHECK(bad_body("x").text() == "E_BAD_BODY x");
  CHECK(bad_message("x").text() == "E_BAD_MESSAGE x");
}

TEST_CASE("the catalogue's texts are exact", "[wire][protocol_error]") {
  CHECK(invalid_command("ASDF").text() == "E_INVALID invalid command ASDF");
  CHECK(invalid_command("").text() == "E_INVALID invalid command ");
  CHECK(wrong_state("RDY").text() == "E_INVALID cannot RDY in current state");
  CHECK(tls_required("NOP").text() == "E_INVALID cannot NOP in current state (TLS required)");
  CHECK(too_few_params(Command::sub).text() == "E_INVALID SUB insufficient number of parameters");
  CHECK(too_few_params(Command::dpub).text() == "E_INVALID DPUB insufficient number of parameters");
  CHECK(too_few_params(Command::fin).text() == "E_INVALID FIN insufficient number of params");
  CHECK(too_few_params(Command::req).text() == "E_INVALID REQ insufficient number of params");
  CHECK(too_few_params(Command::touch).text() == "E_INVALID TOUCH insufficient number of params");
  CHECK(invalid_message_id().text() == "E_INVALID invalid message ID");
  CHECK(bad_topic(Command::pub, "bad:name").text() ==
        "E_BAD_TOPIC PUB topic name \"bad:name\" is not valid");
  CHECK(bad_topic(Command::sub, "").text() == "E_BAD_TOPIC SUB topic name \"\" is not valid");
  CHECK(bad_topic(Command::mpub, "a\n").text() ==
        "E_BAD_TOPIC E_BAD_TOPIC MPUB topic name \"a\\n\" is not valid");
  CHECK(bad_channel(Command::sub, "x y").text() ==
        "E_BAD_CHANNEL SUB channel name \"x y\" is not valid");
  CHECK(command_failed(Command::mpub, "exiting").text() == "E_MPUB_FAILED MPUB failed exiting");
}

TEST_CASE("only a failed FIN, REQ or TOUCH keeps the connection", "[wire][protocol_error]") {
  const Command command = GENERATE(Command::fin, Command::req, Command::touch);
  const auto error = message_failed(command, "0123456789abcdef", "ID not in flight");
  const std::string name(to_string(command));
  CHECK(error.text() ==
        "E_" + name + "_FAILED " + name + " 0123456789abcdef failed ID not in flight");
  CHECK_FALSE(error.fatal);
  CHECK(parse_protocol_error(error.text()) == error);
}

TEST_CASE("a client reads code and description back", "[wire][protocol_error]") {
  CHECK(parse_protocol_error("E_BAD_PROTOCOL") == bad_protocol());
  CHECK(parse_protocol_error("E_INVALID invalid command ") == invalid_command(""));
  const auto empty = parse_protocol_error("");
  CHECK(empty.code.empty());
  CHECK(empty.fatal);
}
