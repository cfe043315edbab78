#pragma once

#include <string>
#include <string_view>

namespace nsq::config {

/// A daemon is to end before it began to serve.
struct Exit {
  enum class Stream {
    out,        ///< plain text on stdout: --version
    err,        ///< plain text on stderr: --help, a bad flag
    fatal_log,  ///< one FATAL log line on stderr
  };
  int status = 1;
  Stream stream = Stream::err;
  std::string text;  ///< without a newline at the end
};

/// Prints what `exit` says where it says. A log line begins with `[<program>] `, never with the
/// configured prefix, which may be what is wrong. @return the status for main to return.
int report(const Exit& exit, std::string_view program);

/// The Exit of a start that failed: `text` as a FATAL line, status 1.
Exit fatal_exit(std::string text);

}  // namespace nsq::config
