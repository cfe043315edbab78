#pragma once

#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "nsqd/storage/corruption.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/import_mark.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

/// What a database holds, with the ends of the logs behind the last cursors read after a crash.
struct Recovered {
  std::vector<schema::Stored> topics;  ///< by number
  bool clean = false;                  ///< the last nsqd stopped in order
  std::optional<ImportMark> import;    ///< one that did not end, or of which files were not moved
};

/// Reads it without changing anything. What an interrupted import wrote is left out, and so is what
/// cannot be read of the messages.
nsq::Result<Recovered> read_state(const Database& database, CorruptStretches& corrupt);

/// Reads it, and brings the database's content up to date after a stop of any kind: removes what
/// deleted topics and an interrupted import left behind, and all marks. Nobody else uses the
/// database meanwhile. To be called when migrate::import_upstream has had its turn.
nsq::Result<std::vector<schema::Stored>> recover(Database& database, CorruptStretches& corrupt);

/// Whether a deferred message, by its number and the channel that it is for (0: all), waits for
/// `channel`, or, null, for the topic itself, which keeps what its channels do not get yet.
bool takes_deferred(const TopicImage& image, const ChannelImage* channel, Offset number,
                    ChannelId target) noexcept;

}  // namespace nsqd
