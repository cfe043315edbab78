#pragma once

#include <string_view>

namespace nsq::fuzz {

// Each takes any bytes and aborts when a decoder breaks its contract. Deterministic, no I/O.

void fuzz_frame(std::string_view input);         ///< decode_frame, decode_message
void fuzz_command_line(std::string_view input);  ///< parse_command_line and its decimal parameters
void fuzz_mpub(std::string_view input);      ///< MpubParser whole and in pieces, parse_sized_body
void fuzz_identify(std::string_view input);  ///< both IDENTIFY documents, quote
void fuzz_lookup_protocol(std::string_view input);  ///< a peer's conversation with nsqlookupd

}  // namespace nsq::fuzz
