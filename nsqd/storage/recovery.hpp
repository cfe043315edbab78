#pragma once

#include <vector>

#include "common/base/result.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

/// Brings the database's content up to date after a stop of any kind: reads the records of all
/// topics, and, after a crash, the end of their logs behind the last cursors. Nobody else uses the
/// database meanwhile.
nsq::Result<std::vector<schema::Stored>> recover(Database& database);

/// The same without changing anything, for a look at a stopped data path.
nsq::Result<std::vector<schema::Stored>> read_topics(const Database& database);

}  // namespace nsqd
