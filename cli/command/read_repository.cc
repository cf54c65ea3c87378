#include "cli/command/read_repository.h"

namespace pgassay::cli {

Path directory_for_copies() {
  const std::string named = environment("TMPDIR");
  return named.empty() ? "/tmp" : named;
}

ReadRepository::ReadRepository(const StoreArguments& arguments, const Selection& selection,
                               Context& context) {
  if (!arguments.store) {
    repository_ = open_repository(context.arguments, context.config);
    return;
  }
  store_.emplace(arguments, context);
  const store::Copy copy = store_->reader().find(selection.id(), selection.filter(), context.stop);
  warn_of_unchecked(copy, context.reporter);
  copy_.emplace(store_->reader(), *copy.commit, directory_for_copies(), context.stop);
}

}  // namespace pgassay::cli
