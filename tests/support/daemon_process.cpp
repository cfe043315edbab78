#include "tests/support/daemon_process.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <iostream>
#include <ostream>
#include <stdexcept>

#include "tests/support/eventually.hpp"

namespace nsq::test {
namespace {

[[noreturn]] void fail_with_errno(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + strerror(errno));
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_with_errno("pipe2");
  return {.read_end = ends[0], .write_end = ends[1]};
}

// Between fork and exec of a program with threads: only async-signal-safe calls.
[[noreturn]] void become(const char* program, char* const* argv, int out, int err, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent went before the line above
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execv(program, argv);
  ::_exit(127);
}

// Appends what can be read now; false at the end of the stream.
bool append_available(int fd, std::string& to) {
  std::array<char, 16384> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n > 0) to.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ExitStatus& status) {
  if (status.signal != 0) return out << "killed by signal " << status.signal;
  return out << "exit status " << status.code;
}

DaemonProcess::DaemonProcess(const std::string& program, const std::vector<std::string>& args) {
  if (::access(program.c_str(), X_OK) != 0) fail_with_errno(program.c_str());
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);

  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail_with_errno("fork");
  if (pid_ == 0) become(program.c_str(), argv.data(), out.write_end, err.write_end, parent);
  ::close(out.write_end);
  ::close(err.write_end);
  collector_ = std::thread([this, out, err] { collect(out.read_end, err.read_end); });
}

DaemonProcess::~DaemonProcess() {
  const bool ended_alone = !running();
  send_signal(SIGKILL);
  collector_.join();
  if (std::uncaught_exceptions() > exceptions_at_start_) tell_end(ended_alone);
}

void DaemonProcess::tell_end(bool ended_alone) const {
  constexpr std::size_t kLogTail = 8192;
  std::cerr << "process " << pid_ << " of the failed test ";
  if (ended_alone) {
    std::cerr << "had ended: " << *status_;
  } else {
    std::cerr << "was running";
  }
  const auto skipped = err_.size() > kLogTail ? err_.size() - kLogTail : 0;
  std::cerr << "; the end of its log:\n" << std::string_view(err_).substr(skipped) << '\n';
}

void DaemonProcess::collect(int out_fd, int err_fd) {
  bool out_open = true;
  bool err_open = true;
  while (out_open || err_open) {
    std::array<pollfd, 2> fds{{{.fd = out_open ? out_fd : -1, .events = POLLIN, .revents = 0},
                               {.fd = err_open ? err_fd : -1, .events = POLLIN, .revents = 0}}};
    ::poll(fds.data(), fds.size(), -1);
    const std::scoped_lock lock(mu_);
    if (fds[0].revents != 0) out_open = append_available(out_fd, out_);
    if (fds[1].revents != 0) err_open = append_available(err_fd, err_);
    changed_.notify_all();
  }
  ::close(out_fd);
  ::close(err_fd);

  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0) {
  }
  // Reaped under the lock, so that no signal can ever reach a later owner of the same pid.
  const std::scoped_lock lock(mu_);
  int raw = 0;
  ::waitpid(pid_, &raw, 0);
  status_ = WIFSIGNALED(raw) ? killed_by(WTERMSIG(raw)) : exited(WEXITSTATUS(raw));
  changed_.notify_all();
}

std::optional<std::string> DaemonProcess::find_line(std::string_view part) const {
  std::size_t start = 0;
  for (std::size_t end = 0; (end = err_.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string_view line = std::string_view(err_).substr(start, end - start);
    if (line.find(part) != std::string_view::npos) return std::string(line);
  }
  return std::nullopt;
}

std::string DaemonProcess::wait_for_line(std::string_view part) {
  std::unique_lock lock(mu_);
  std::optional<std::string> line;
  changed_.wait_for(lock, kDeadline, [&] { return (line = find_line(part)) || status_; });
  if (line) return *line;
  throw std::runtime_error("no line with \"" + std::string(part) + "\" in the log:\n" + err_);
}

bool DaemonProcess::running() const {
  const std::scoped_lock lock(mu_);
  return !status_;
}

void DaemonProcess::send_signal(int signal) {
  const std::scoped_lock lock(mu_);
  if (!status_) ::kill(pid_, signal);
}

ExitStatus DaemonProcess::wait() {
  std::unique_lock lock(mu_);
  if (changed_.wait_for(lock, kDeadline, [&] { return status_.has_value(); })) return *status_;
  throw std::runtime_error("still running; its log:\n" + err_);
}

std::string DaemonProcess::out() const {
  const std::scoped_lock lock(mu_);
  return out_;
}

std::string DaemonProcess::err() const {
  const std::scoped_lock lock(mu_);
  return err_;
}

Finished run_to_end(const std::string& program, const std::vector<std::string>& args) {
  DaemonProcess process(program, args);
  const ExitStatus status = process.wait();
  return {.status = status, .out = process.out(), .err = process.err()};
}

}  // namespace nsq::test
