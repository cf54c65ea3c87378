#include "stack/model/facts.h"

namespace pgassay::stack {
namespace {

bool has_key(const std::string& text, const std::string& key) {
  for (std::size_t at = text.find(key + ":"); at != std::string::npos; at = text.find(key + ":", at + 1)) {
    const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    if (text.find_first_not_of(" \"'", line) == at) return true;
  }
  return false;
}

}  // namespace

std::string StackFacts::file_with(const std::string& key) const {
  for (std::size_t i = compose_texts.size(); i-- > 0;)
    if (has_key(compose_texts[i], key)) return settings.compose_files[i].string();
  return settings.compose_files.at(0).string();
}

}  // namespace pgassay::stack
