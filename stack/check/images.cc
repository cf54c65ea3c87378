// Check 14.
#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

/// "" where there is none.
std::string tag_of(const std::string& image) {
  const std::size_t name = image.rfind('/') + 1;  // npos + 1 is 0
  const std::size_t colon = image.find(':', name);
  return colon == std::string::npos ? "" : image.substr(colon + 1);
}

}  // namespace

void check_images(const StackFacts& stack, const Surroundings&, Findings& out) {
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  for (const auto& [name, service] : model->services) {
    if (service.image.empty() || service.builds || service.image.find('@') != std::string::npos) continue;
    const std::string tag = tag_of(service.image);
    if (!tag.empty() && tag != "latest") continue;
    out.warn(stack.file_with(name), "services." + name + ".image",
             service.image + " may be another image tomorrow, also on the way back",
             "write a version, such as " +
                 service.image.substr(0, service.image.size() - (tag.empty() ? 0 : 7)) +
                 ":1.2.3, or a digest");
  }
}

}  // namespace pgassay::stack
