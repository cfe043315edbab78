#include "tests/torture/plan.hpp"

namespace nsq::torture {

std::vector<TopicPlan> make_plan() {
  return {
      {.name = "disk_many",
       .durability = "disk",
       .channels = {{.name = "a", .consumers = 2},
                    {.name = "b"},
                    {.name = "c"},
                    {.name = "late_1", .late = true},
                    {.name = "late_2", .late = true}}},
      {.name = "disk_one", .durability = "disk", .channels = {{.name = "only", .consumers = 2}}},
      {.name = "disk_two", .durability = "disk", .channels = {{.name = "a"}, {.name = "b"}}},
      {.name = "sync_two",
       .durability = "sync",
       .channels = {{.name = "a"}, {.name = "b"}, {.name = "late", .late = true}}},
      {.name = "memory_two",
       .durability = "memory",
       .lossless = false,
       .channels = {{.name = "a"}, {.name = "b"}}},
  };
}

}  // namespace nsq::torture
