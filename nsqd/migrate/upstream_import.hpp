#pragma once

#include <cstddef>

#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "nsqd/queue/durability.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd::migrate {

struct ImportConfig {
  DatabaseConfig database;
  std::size_t max_body_bytes = 0;            ///< --max-msg-size: larger messages are passed over
  Durability durability = Durability::disk;  ///< of new topics
  std::size_t batch_bytes = 4 << 20;         ///< of messages that are written at once, about
};

/// Takes over the data path of an upstream nsqd, if `config.database.data_path` is one: its topics,
/// channels, pause states and messages go into the database, which is opened and closed for it, and
/// its files into a folder `imported-by-nsqd-<time>`. Without an `nsqd.dat`, nothing happens. To be
/// called before the database is opened to serve.
///
/// Messages keep id, timestamp and attempts. Upstream has a copy of a message for each channel;
/// each copy becomes an entry of the log for that channel only, so the log takes as much room as
/// the files did, until the channels are done with it. What a topic's own queue holds goes to all
/// its channels, behind what they have, or stays with the topic while that is paused or has none.
///
/// Damaged files are read as far as they make sense, `.bad` ones too, so that messages may come
/// twice rather than not at all; what was skipped is logged. The files are kept.
///
/// A topic that the database has already (upstream ran on the data path in between) keeps its
/// messages; upstream's come behind them, and what either side had paused is paused.
///
/// All of it takes effect in one commit at the end. Interrupted before, what was written is removed
/// at the next start, and the import begins anew; interrupted after it, the next start only moves
/// the files. Memory is bounded by the largest message and some MB.
///
/// Errors are complete sentences. The foreign files are unchanged then.
nsq::Result<void> import_upstream(const ImportConfig& config, const nsq::Logger& log);

}  // namespace nsqd::migrate
