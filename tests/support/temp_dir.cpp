#include "tests/support/temp_dir.hpp"

#include <stdlib.h>

#include <stdexcept>
#include <string>
#include <system_error>

namespace nsq::test {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "nsq-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed: " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // nothing to be done about it in a destructor
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace nsq::test
