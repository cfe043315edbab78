#pragma once

#include <string_view>

namespace nsq::fuzz {

// Each takes any bytes and aborts when a decoder breaks its contract. Deterministic, no I/O.

void fuzz_frame(std::string_view input);         ///< decode_frame, decode_message
void fuzz_command_line(std::string_view input);  ///< parse_command_line and its decimal parameters
void fuzz_mpub(std::string_view input);      ///< MpubParser whole and in pieces, parse_sized_body
void fuzz_identify(std::string_view input);  ///< both IDENTIFY documents, quote
void fuzz_lookup_protocol(std::string_view input);  ///< a peer's conversation with nsqlookupd
void fuzz_snappy(std::string_view input);           ///< a snappy stream, there and back
void fuzz_deflate(std::string_view input);          ///< a DEFLATE stream, there and back
void fuzz_auth_answer(std::string_view input);      ///< parse_auth_answer, and what it allows
void fuzz_auth_file(std::string_view input);        ///< AuthFile::parse, and whom it knows

}  // namespace nsq::fuzz
