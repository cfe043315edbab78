#include "nsqd/options/start_up.hpp"

#include <utility>

#include "common/config/flag_set.hpp"
#include "common/config/version.hpp"
#include "nsqd/options/table.hpp"

namespace nsqd {
namespace {

using nsq::config::fatal_exit;
using nsq::config::FlagSet;
using nsq::config::Parsed;

Exit usage(const FlagSet& flags) {
  auto text = flags.usage();
  text.pop_back();  // report ends the line
  return {.status = 0, .stream = Exit::Stream::err, .text = std::move(text)};
}

Exit not_instantiated(const nsq::Error& error) {
  return fatal_exit("failed to instantiate nsqd - " + error.text());
}

}  // namespace

std::variant<Startup, Exit> start_up(int argc, const char* const* argv) {
  Options options = default_options();
  bool version = false;
  FlagSet flags("nsqd");
  declare(flags, options, version);

  const auto parsed = flags.parse(argc, argv);
  if (!parsed) {
    return Exit{.status = 1, .stream = Exit::Stream::err, .text = parsed.error().text()};
  }
  if (*parsed == Parsed::help) return usage(flags);
  if (version) {
    return Exit{
        .status = 0, .stream = Exit::Stream::out, .text = nsq::config::daemon_version_line("nsqd")};
  }
  if (!options.config.empty()) {
    if (auto loaded = flags.load_file(options.config); !loaded)
      return fatal_exit(loaded.error().text());
  }
  auto lock = options.inspect.empty()
                  ? DataPathLock::acquire(options.data_path)
                  : DataPathLock::acquire(options.inspect, DataPathLock::Use::read);
  if (!lock) return not_instantiated(lock.error());
  if (auto valid = validate(options); !valid) return not_instantiated(valid.error());
  return Startup{.options = std::move(options), .lock = std::move(*lock)};
}

int report(const Exit& exit) {
  return nsq::config::report(exit, "nsqd");
}

}  // namespace nsqd
