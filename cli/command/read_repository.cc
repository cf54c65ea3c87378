#include "cli/command/read_repository.h"

#include <cstdlib>

#include "core/system/files.h"
#include "store/pull.h"

namespace pgassay::cli {

ReadRepository::ReadRepository(const StoreArguments& arguments, const Selection& selection,
                               Context& context) {
  if (!arguments.store) {
    repository_ = open_repository(context.arguments, context.config);
    return;
  }
  StoreReader store(arguments, context);
  const std::string id = selection.ids.empty() ? "latest" : selection.ids[0];
  const store::Copy copy = store.reader().find(id, selection.filter(), context.stop);
  warn_of_unchecked(copy, context.reporter);
  const std::string named = environment("TMPDIR");
  temporary_ = make_unique_dir(named.empty() ? "/tmp" : named, "pgassay-store-");
  const OnFailure undo([this] { remove_tree(temporary_); });
  repository_ = Repository::open_or_create(temporary_);
  const unsigned jobs = context.config.jobs.value_or(default_jobs());
  store::pull(store.reader(), *copy.commit, *repository_, jobs, context.reporter, context.stop);
}

ReadRepository::~ReadRepository() {
  try {
    if (is_temporary()) remove_tree(temporary_);
  } catch (const std::exception&) {
    // It is private, and in a directory for such things.
  }
}

}  // namespace pgassay::cli
