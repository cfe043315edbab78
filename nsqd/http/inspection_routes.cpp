// What the process is made of at this moment: /debug/threads and /debug/memory.

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/net/run_on.hpp"
#include "nsqd/http/routes.hpp"
#include "nsqd/http/topic_memory.hpp"
#include "nsqd/queue/block.hpp"
#include "nsqd/stats/memory_figures.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;
using Json = nlohmann::ordered_json;

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// A thread of this process by the fields of its `stat`: the state, and CPU time in ticks.
Json thread_of(const std::filesystem::path& folder) {
  const std::string line = first_line(folder / "stat");
  const auto name_end = line.rfind(')');  // the name may hold anything
  if (name_end == line.npos) return nullptr;
  std::vector<std::string> fields;  // from the third on
  for (auto at = line.find_first_not_of(' ', name_end + 1); at != line.npos;) {
    const auto end = std::min(line.find(' ', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(' ', end);
  }
  if (fields.size() < 13) return nullptr;
  const auto seconds = [](const std::string& ticks) {
    return static_cast<double>(std::strtoull(ticks.c_str(), nullptr, 10)) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
  };
  return {{"id", std::stoi(folder.filename())},
          {"name", first_line(folder / "comm")},
          {"state", fields[0]},
          {"user_seconds", seconds(fields[11])},
          {"system_seconds", seconds(fields[12])}};
}

HttpResponse threads() {
  Json all = Json::array();
  std::error_code error;
  const std::filesystem::directory_iterator folders("/proc/self/task", error);
  if (!error) {
    for (const auto& folder : folders) {
      if (auto thread = thread_of(folder.path()); !thread.is_null()) all.push_back(thread);
    }
  }
  return json_response(Json{{"threads", std::move(all)}}.dump());
}

Json topic_memory(const TopicStats& topic) {
  Json channels = Json::array();
  for (const ChannelStats& channel : topic.channels) {
    channels.push_back({{"channel_name", channel.name}, {"bytes", channel.memory_bytes}});
  }
  return {{"topic_name", topic.name}, {"bytes", memory_bytes(topic)}, {"channels", channels}};
}

HttpResponse memory(const ApiContext& context) {
  Json rows = Json::array();
  for (const TopicStats& topic : topics_by_memory(context.broker))
    rows.push_back(topic_memory(topic));
  const MemoryFigures figures = read_memory_figures();
  const Json document{{"messages_bytes", Block::bytes_in_use()},
                      {"heap_in_use_bytes", figures.heap_in_use_bytes},
                      {"heap_idle_bytes", figures.heap_idle_bytes},
                      {"topics", std::move(rows)}};
  return json_response(document.dump());
}

}  // namespace

void add_inspection_routes(HttpRouter& router, const ApiContextPtr& context) {
  router.add({.method = HttpMethod::get,
              .pattern = "/debug/threads",
              .handler = HttpHandler([](HttpRequest&) { return threads(); })});
  router.add({.method = HttpMethod::get,
              .pattern = "/debug/memory",
              .handler = HttpAsyncHandler([context](HttpRequest&) {
                return run_on(context->background, [context] { return memory(*context); });
              })});
}

}  // namespace nsqd
