#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/nsqd.hpp"
#include "tests/torture/administrator.hpp"
#include "tests/torture/clients.hpp"
#include "tests/torture/options.hpp"
#include "tests/torture/random.hpp"

namespace nsq::torture {

/// Runs the rounds: starts the daemon, lets the clients loose, ends it, and compares. Lives on the
/// main thread, and owns the daemon and the clients' threads.
class Director {
 public:
  explicit Director(Options options);
  ~Director();
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;

  /// All rounds, or up to the first drain that finds something wrong. @return whether all was well.
  bool run();

  /// Copies the data path to where --keep says, if it does.
  void keep_data();

  /// What was wrong, for people; empty if nothing was.
  std::string findings() const { return report_.text(); }

 private:
  /// How a round ends.
  enum class Exit {
    killed,   // under load
    stopped,  // by SIGTERM, under load
    settled,  // by SIGTERM, after the clients have left
  };

  void start_clients();
  void round(int number);
  Exit choose_exit();
  void let_live(std::chrono::milliseconds time);
  void end_life(Exit exit);
  void start(const std::string& mem_queue_size);
  void start_and_kill();
  void begin_run();
  void stop_cleanly();
  void park();
  void drain();
  void await_empty();
  std::int64_t undelivered(std::string& where) const;
  void check_empty(const char* when);
  void print_round(int number, const std::string& what);

  const Options options_;
  Random random_;
  Report report_;
  Ledgers ledgers_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<World> world_;
  std::unique_ptr<test::Nsqd> nsqd_;
  std::unique_ptr<Administrator> administrator_;
  std::vector<std::thread> clients_;
  int run_ = 0;
  Counters before_;  // of the last line that was printed
};

}  // namespace nsq::torture
