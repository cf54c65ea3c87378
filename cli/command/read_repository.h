#pragma once

#include <memory>
#include <optional>

#include "cli/command/store_options.h"
#include "store/copy_on_demand.h"

namespace pgassay::cli {

/// Where store::CopyOnDemand makes its directory: $TMPDIR, else /tmp.
Path directory_for_copies();

/// The repository that a command reads: the one that is named; or, with --store, one of this command's own,
/// which holds the backup that was asked for and fetches its rows when they are read.
class ReadRepository {
 public:
  /// Throws as open_repository(), Reader::find() and CopyOnDemand do.
  ReadRepository(const StoreArguments& arguments, const Selection& selection, Context& context);
  ReadRepository(const ReadRepository&) = delete;
  const Repository& get() const { return copy_ ? copy_->repository() : *repository_; }
  bool is_temporary() const { return copy_.has_value(); }

 private:
  std::optional<StoreReader> store_;
  std::optional<store::CopyOnDemand> copy_;
  std::optional<Repository> repository_;
};

}  // namespace pgassay::cli
