#pragma once

#include <memory>
#include <optional>

#include "cli/command/store_options.h"

namespace pgassay::cli {

/// The repository that a command reads: the one that is named; or, with --store, one of this command's own in
/// $TMPDIR, which holds the backup that was asked for, pulled out of the store, and is removed at the end.
class ReadRepository {
 public:
  /// Throws as open_repository(), Reader::find() and pull() do.
  ReadRepository(const StoreArguments& arguments, const Selection& selection, Context& context);
  ReadRepository(const ReadRepository&) = delete;
  ~ReadRepository();
  const Repository& get() const { return *repository_; }
  bool is_temporary() const { return !temporary_.empty(); }

 private:
  Path temporary_;
  std::optional<Repository> repository_;
};

}  // namespace pgassay::cli
