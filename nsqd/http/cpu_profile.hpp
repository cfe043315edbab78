#pragma once

#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace nsqd {

/// A CPU profile of this process: where its threads were at each hundredth of a second of CPU time,
/// as pprof reads it (gperftools' format, with the process's mappings). Nothing is measured, and no
/// timer runs, while there is none.
///
/// The profiler is the process's, so there is one profile at a time. Destroying one that is not
/// finished ends it. Any thread, one after the other.
class CpuProfile {
 public:
  /// Begins. Errc::rejected while another profile is being taken; else the system's error.
  static nsq::Result<std::unique_ptr<CpuProfile>> start();

  ~CpuProfile();
  CpuProfile(const CpuProfile&) = delete;
  CpuProfile& operator=(const CpuProfile&) = delete;

  /// Ends it and returns the profile; some KB as a rule. Once.
  nsq::Result<std::string> finish();

 private:
  explicit CpuProfile(int file) noexcept : file_(file) {}

  int file_;  // in memory: the profiler writes to a file, and reads nothing
  bool running_ = true;
};

}  // namespace nsqd
