#pragma once

#include <string>
#include <vector>

namespace nsq::torture {

struct ChannelPlan {
  std::string name;
  int consumers = 1;
  bool late = false;  ///< created in some later round, not before the first
};

struct TopicPlan {
  std::string name;
  std::string durability;
  bool lossless = true;  ///< false: a crash may lose messages, and set back what was kept
  std::vector<ChannelPlan> channels;
};

/// What is published to and consumed from. The same in every run.
std::vector<TopicPlan> make_plan();

}  // namespace nsq::torture
