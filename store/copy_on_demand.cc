#include "store/copy_on_demand.h"

#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>

#include "core/repository/names.h"
#include "core/system/files.h"
#include "store/unpacking.h"

namespace pgassay::store {
namespace {

/// May be called from any thread.
class RowsInStore : public Elsewhere {
 public:
  RowsInStore(Reader& reader, const Commit& commit, Place dir, const Unpacked& unpacked, std::stop_token stop)
      : reader_(reader), commit_(commit), dir_(std::move(dir)), stop_(std::move(stop)) {
    for (const auto& [object, files] : unpacked.rows()) {
      auto held = std::make_shared<Held>();
      held->object = object;
      held->files = files;
      for (const Placed& one : files) {
        held_[(dir_ / one.file).below()] = held;
        lay_out(one);
      }
    }
  }

  Fd open(const std::string& below) const override {
    const auto found = held_.find(below);
    if (found == held_.end()) return {};
    Held& held = *found->second;
    if (is_one_file(held.files)) return reader_.open(commit_, held.object, stop_);
    const std::lock_guard lock(held.mutex);
    if (!held.is_here) unpack_object(reader_, commit_, held.object, held.files, dir_, stop_);
    held.is_here = true;
    return {};
  }

 private:
  struct Held {
    Bound object;
    std::vector<Placed> files;
    std::mutex mutex;  ///< of a pack, while it is fetched
    bool is_here = false;
  };

  /// A file of its size that takes no room. Whoever read it as it is would find zeros, which are no rows.
  void lay_out(const Placed& one) const {
    const Place file = dir_ / one.file;
    make_private_dirs(file.parent_path());
    Fd fd = create_file(file);
    if (::ftruncate(fd.get(), static_cast<off_t>(one.bytes)) != 0) throw_errno("can't make", file.string());
    close_checked(std::move(fd), file.path());
  }

  Reader& reader_;
  const Commit commit_;
  const Place dir_;
  const std::stop_token stop_;
  std::map<std::string, std::shared_ptr<Held>> held_;
};

}  // namespace

CopyOnDemand::CopyOnDemand(Reader& reader, const Commit& commit, const Path& parent,
                           const std::stop_token& stop)
    : dir_(make_unique_dir(parent, "pgassay-store-")) {
  const OnFailure undo([this] { remove_tree(dir_); });
  const Repository here = Repository::open_or_create(dir_);
  const Place dir = home_of(here.root(), commit.id.source, commit.id.database) / commit.id.stamp;
  make_private_dirs(dir);
  const Unpacked unpacked(reader, commit, dir, stop);
  repository_ = here.with_files_from(std::make_shared<RowsInStore>(reader, commit, dir, unpacked, stop));
}

CopyOnDemand::~CopyOnDemand() {
  try {
    remove_tree(dir_);
  } catch (const std::exception&) {
    // It is private, and in a directory for such things.
  }
}

}  // namespace pgassay::store
