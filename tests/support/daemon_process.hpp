#pragma once

#include <signal.h>
#include <sys/types.h>

#include <condition_variable>
#include <exception>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace nsq::test {

/// How a process ended: by exit (`signal` 0) or by a signal (`code` -1).
struct ExitStatus {
  int code = -1;
  int signal = 0;

  bool operator==(const ExitStatus&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ExitStatus& status);

inline ExitStatus exited(int code) {
  return {.code = code, .signal = 0};
}
inline ExitStatus killed_by(int signal) {
  return {.code = -1, .signal = signal};
}

/// A child process whose output is collected in memory. It never outlives its object, nor the test
/// program. Every wait has the deadline of eventually.hpp and throws std::runtime_error with the
/// log when it passes. Destroyed by an exception (a failed REQUIRE is one), it prints the end of
/// its log. Used from one thread; a thread of its own reads the output and reaps.
class DaemonProcess {
 public:
  /// Starts `program`, a path, with `args`.
  DaemonProcess(const std::string& program, const std::vector<std::string>& args);
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  /// Waits for a line on stderr that contains `part`, and returns it without its end.
  std::string wait_for_line(std::string_view part);

  bool running() const;
  void send_signal(int signal);
  ExitStatus wait();
  ExitStatus stop(int signal = SIGTERM) {
    send_signal(signal);
    return wait();
  }

  /// What came so far.
  std::string out() const;
  std::string err() const;

 private:
  void collect(int out_fd, int err_fd);
  void tell_end(bool ended_alone) const;
  std::optional<std::string> find_line(std::string_view part) const;

  const int exceptions_at_start_ = std::uncaught_exceptions();
  pid_t pid_ = -1;
  mutable std::mutex mu_;  // guards what follows
  mutable std::condition_variable changed_;
  std::string out_;
  std::string err_;
  std::optional<ExitStatus> status_;
  std::thread collector_;
};

/// Runs a program to its end.
struct Finished {
  ExitStatus status;
  std::string out;
  std::string err;
};
Finished run_to_end(const std::string& program, const std::vector<std::string>& args);

}  // namespace nsq::test
