#include "common/config/option.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/values.hpp"

namespace nsq::config {
namespace {

Result<void> expected(std::string_view what) {
  return fail(Errc::bad_config, fmt::format("expected {}", what));
}

template <class T>
Result<void> assign(T& target, const Result<T>& parsed) {
  if (!parsed) return std::unexpected(parsed.error());
  target = *parsed;
  return {};
}

// Flags say "parse error" for any bad value; the file's message may be more exact.
template <class T>
Result<void> assign_flag(T& target, const Result<T>& parsed) {
  if (!parsed && parsed.error().code != Errc::out_of_range) {
    return fail(parsed.error().code, "parse error");
  }
  return assign(target, parsed);
}

bool is_scalar(const FileValue& value) {
  return !std::holds_alternative<FileValue::List>(value.value) &&
         !std::holds_alternative<FileValue::Other>(value.value);
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The elements between the commas; none of an empty text.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  if (trim(text).empty()) return parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.emplace_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// The elements of a list in the file: an array of scalars, or one comma-separated string.
Result<std::vector<std::string>> elements(const FileValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return split(*text);
  std::vector<std::string> parts;
  if (const auto* list = std::get_if<FileValue::List>(&value.value)) {
    for (const FileValue& element : *list) {
      if (!is_scalar(element)) return fail(Errc::bad_config, "expected a list of plain values");
      parts.push_back(element.text);
    }
    return parts;
  }
  if (!is_scalar(value)) return fail(Errc::bad_config, "expected a list");
  parts.push_back(value.text);
  return parts;
}

class BoolValue final : public Value {
 public:
  explicit BoolValue(bool& target) : target_(target) {}
  Result<void> set(std::string_view text) override {
    return assign_flag(target_, parse_bool(text));
  }
  Result<void> set_from_file(const FileValue& value) override {
    // Upstream reads 0 as true; here a number means what it says.
    const bool number = std::holds_alternative<std::int64_t>(value.value);
    if (number && value.text != "0" && value.text != "1") return expected("a boolean");
    const auto parsed = parse_bool(is_scalar(value) ? value.text : "");
    if (!parsed || std::holds_alternative<double>(value.value)) return expected("a boolean");
    target_ = *parsed;
    return {};
  }
  std::string_view type_name() const override { return ""; }
  std::string default_text() const override { return target_ ? "true" : ""; }
  std::string shown() const override { return target_ ? "true" : "false"; }
  bool boolean_like() const override { return true; }

 private:
  bool& target_;
};

class IntValue final : public Value {
 public:
  explicit IntValue(std::int64_t& target) : target_(target) {}
  Result<void> set(std::string_view text) override { return assign_flag(target_, parse_int(text)); }
  Result<void> set_from_file(const FileValue& value) override {
    if (const auto* number = std::get_if<std::int64_t>(&value.value)) {
      target_ = *number;
      return {};
    }
    const auto* text = std::get_if<std::string>(&value.value);
    return text ? assign(target_, parse_int(*text)) : expected("an integer");
  }
  std::string_view type_name() const override { return "int"; }
  std::string default_text() const override { return target_ == 0 ? "" : shown(); }
  std::string shown() const override { return fmt::format("{}", target_); }
  bool within(const Bounds& bounds) const override {
    return target_ >= bounds.min && target_ <= bounds.max;
  }

 private:
  std::int64_t& target_;
};

class FloatValue final : public Value {
 public:
  explicit FloatValue(double& target) : target_(target) {}
  Result<void> set(std::string_view text) override {
    return assign_flag(target_, parse_float(text));
  }
  Result<void> set_from_file(const FileValue& value) override {
    if (!is_scalar(value) || std::holds_alternative<bool>(value.value)) return expected("a number");
    return assign(target_, parse_float(value.text));
  }
  std::string_view type_name() const override { return "float"; }
  std::string default_text() const override { return target_ == 0 ? "" : shown(); }
  std::string shown() const override { return format_float(target_); }

 private:
  double& target_;
};

class StringValue final : public Value {
 public:
  explicit StringValue(std::string& target) : target_(target) {}
  Result<void> set(std::string_view text) override {
    target_ = text;
    return {};
  }
  Result<void> set_from_file(const FileValue& value) override {
    if (!is_scalar(value)) return expected("a string");
    target_ = value.text;
    return {};
  }
  std::string_view type_name() const override { return "string"; }
  std::string default_text() const override { return target_.empty() ? "" : quote(target_); }
  std::string shown() const override { return target_; }

 private:
  std::string& target_;
};

class DurationValue final : public Value {
 public:
  explicit DurationValue(Nanoseconds& target) : target_(target) {}
  Result<void> set(std::string_view text) override {
    return assign_flag(target_, parse_duration(text));
  }
  Result<void> set_from_file(const FileValue& value) override {
    if (const auto* number = std::get_if<std::int64_t>(&value.value)) return set_millis(*number);
    const auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr) return expected("a duration");
    // Digits alone, in a string too, are milliseconds: some options once were plain integers.
    if (!text->empty() && text->find_first_not_of("0123456789") == std::string::npos) {
      std::int64_t millis = 0;
      if (auto parsed = assign(millis, parse_decimal(*text)); !parsed) return parsed;
      return set_millis(millis);
    }
    return assign(target_, parse_duration(*text));
  }
  std::string_view type_name() const override { return "duration"; }
  std::string default_text() const override {
    return target_.count() == 0 ? "" : format_duration(target_);
  }
  std::string shown() const override { return fmt::format("{}", target_.count()); }
  bool within(const Bounds& bounds) const override {
    return target_.count() >= bounds.min && target_.count() <= bounds.max;
  }

 private:
  // Without Go's octal meaning of a leading 0.
  static Result<std::int64_t> parse_decimal(std::string_view digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return parse_int(digits);
  }
  Result<void> set_millis(std::int64_t millis) {
    std::int64_t nanos = 0;
    if (__builtin_mul_overflow(millis, std::int64_t{1'000'000}, &nanos)) {
      return fail(Errc::out_of_range, "value out of range");
    }
    target_ = Nanoseconds{nanos};
    return {};
  }

  Nanoseconds& target_;
};

class StringListValue final : public Value {
 public:
  explicit StringListValue(std::vector<std::string>& target) : target_(target) {}
  Result<void> set(std::string_view text) override {
    target_.emplace_back(text);
    return {};
  }
  Result<void> set_from_file(const FileValue& value) override {
    return assign(target_, elements(value));
  }
  void clear() override { target_.clear(); }
  std::string_view type_name() const override { return "value"; }
  std::string default_text() const override { return target_.empty() ? "" : shown(); }
  std::string shown() const override {
    using Json = nlohmann::json;
    return Json(target_).dump(-1, ' ', false, Json::error_handler_t::replace);
  }

 private:
  std::vector<std::string>& target_;
};

class FloatListValue final : public Value {
 public:
  explicit FloatListValue(std::vector<double>& target) : target_(target) {}
  Result<void> set(std::string_view text) override {
    const auto parts = split(text);
    if (parts.empty()) return fail(Errc::bad_number, fmt::format("Could not parse: {}", text));
    return append(parts);
  }
  Result<void> set_from_file(const FileValue& value) override {
    const auto parts = elements(value);
    if (!parts) return std::unexpected(parts.error());
    target_.clear();
    return append(*parts);
  }
  void clear() override { target_.clear(); }
  std::string_view type_name() const override { return "value"; }
  std::string default_text() const override { return target_.empty() ? "" : shown(); }
  std::string shown() const override {
    std::vector<std::string> numbers;
    numbers.reserve(target_.size());
    for (const double number : target_) numbers.push_back(format_float(number));
    return fmt::format("[{}]", fmt::join(numbers, ","));
  }

 private:
  Result<void> append(const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
      const auto number = parse_float(part);
      if (!number) return fail(Errc::bad_number, "Could not parse: " + part);
      target_.push_back(*number);
    }
    return {};
  }

  std::vector<double>& target_;
};

class CustomValue final : public Value {
 public:
  explicit CustomValue(Custom custom) : custom_(std::move(custom)) {}
  Result<void> set(std::string_view text) override { return custom_.set(text); }
  Result<void> set_from_file(const FileValue& value) override {
    return is_scalar(value) ? custom_.set(value.text) : expected("a plain value");
  }
  void clear() override {
    if (custom_.clear) custom_.clear();
  }
  std::string_view type_name() const override { return custom_.boolean_like ? "" : "value"; }
  std::string default_text() const override { return custom_.text ? custom_.text() : ""; }
  std::string shown() const override { return custom_.shown ? custom_.shown() : default_text(); }
  bool boolean_like() const override { return custom_.boolean_like; }
  bool custom() const override { return true; }

 private:
  Custom custom_;
};

}  // namespace

std::unique_ptr<Value> make_value(bool& target) {
  return std::make_unique<BoolValue>(target);
}
std::unique_ptr<Value> make_value(std::int64_t& target) {
  return std::make_unique<IntValue>(target);
}
std::unique_ptr<Value> make_value(double& target) {
  return std::make_unique<FloatValue>(target);
}
std::unique_ptr<Value> make_value(std::string& target) {
  return std::make_unique<StringValue>(target);
}
std::unique_ptr<Value> make_value(Nanoseconds& target) {
  return std::make_unique<DurationValue>(target);
}
std::unique_ptr<Value> make_value(std::vector<std::string>& target) {
  return std::make_unique<StringListValue>(target);
}
std::unique_ptr<Value> make_value(std::vector<double>& target) {
  return std::make_unique<FloatListValue>(target);
}
std::unique_ptr<Value> make_value(Custom custom) {
  return std::make_unique<CustomValue>(std::move(custom));
}

}  // namespace nsq::config
