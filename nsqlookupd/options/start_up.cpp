#include "nsqlookupd/options/start_up.hpp"

#include <utility>

#include "common/config/version.hpp"

namespace nsqlookupd {

using nsq::config::Exit;
using nsq::config::fatal_exit;
using nsq::config::FlagSet;
using nsq::config::Parsed;

std::variant<Options, Exit> start_up(int argc, const char* const* argv) {
  constexpr std::string_view kProgram = "nsqlookupd";
  Options options = default_options();
  bool version = false;
  FlagSet flags{std::string(kProgram)};
  declare(flags, options, version);

  const auto parsed = flags.parse(argc, argv);
  if (!parsed) {
    return Exit{.status = 1, .stream = Exit::Stream::err, .text = parsed.error().text()};
  }
  if (*parsed == Parsed::help) {
    auto usage = flags.usage();
    usage.pop_back();  // report ends the line
    return Exit{.status = 0, .stream = Exit::Stream::err, .text = std::move(usage)};
  }
  if (version) {
    return Exit{.status = 0,
                .stream = Exit::Stream::out,
                .text = nsq::config::daemon_version_line(kProgram)};
  }
  if (!options.config.empty()) {
    if (auto loaded = flags.load_file(options.config); !loaded) {
      return fatal_exit(loaded.error().text());
    }
  }
  if (auto checked = flags.check_bounds(); !checked) {
    return fatal_exit("failed to instantiate nsqlookupd - " + checked.error().text());
  }
  if (auto checked = check_tls(options); !checked) {
    return fatal_exit("failed to instantiate nsqlookupd - " + checked.error().text());
  }
  return options;
}

}  // namespace nsqlookupd
