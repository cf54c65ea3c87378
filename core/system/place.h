// The one door to the files of a repository. A repository is copied by whatever tool there is, and may have
// been in other hands: what lies in it is looked at before it is opened. Nothing here follows a symbolic
// link, leaves the root, waits for a named pipe, or reads anything but a regular file; what is of another
// kind throws BadBackup, which says what it is. Everything that is made is private (files 0600, directories
// 0700) whatever the umask, where the file system keeps modes. Each function throws Error with the path and
// the system's words; all may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/fd.h"

namespace pgassay {

/// Files below a root that lie elsewhere, in a store perhaps, and are fetched when they are opened for
/// reading. On the disk there is something of their size in their place.
class Elsewhere {
 public:
  virtual ~Elsewhere() = default;
  /// `below`: relative to the root. Returns the file, at its first byte, or no descriptor when the one on the
  /// disk is it. May be called from any thread.
  virtual Fd open(const std::string& below) const = 0;
};

/// A name below a root. Only the functions of this header open it: there is no way from here to a Path but
/// path(), which is for messages and for other programs.
class Place {
 public:
  Place() = default;
  /// The root, as its owner named it: links that lead to it are followed. It need not be there.
  explicit Place(Path root) : root_(std::move(root)) {}
  /// The same, some of whose files are fetched by open_for_reading().
  Place with_files_from(std::shared_ptr<const Elsewhere> elsewhere) const;
  /// The same below a root that is an absolute path.
  Place absolute() const;
  /// One name or several, with '/'. Throws BadBackup when it would lead out ("..", "", "/x").
  Place operator/(std::string_view names) const;
  /// Of the root: itself.
  Place parent_path() const;
  /// The last name, empty of the root.
  std::string filename() const;
  const Path& root() const { return root_; }
  const std::string& below() const { return below_; }  ///< relative to the root, with '/'; empty: the root
  bool empty() const { return root_.empty(); }
  const Elsewhere* elsewhere() const { return elsewhere_.get(); }
  Path path() const { return below_.empty() ? root_ : root_ / below_; }
  std::string string() const { return path().string(); }
  friend bool operator==(const Place&, const Place&) = default;

 private:
  Place with_below(std::string below) const;
  Path root_;
  std::string below_;
  std::shared_ptr<const Elsewhere> elsewhere_;
};

/// Relative, without empty names, "." and "..": what operator/ takes.
bool leads_below(std::string_view names);

Fd open_for_reading(const Place& file);
Fd open_directory(const Place& dir);  ///< for its lock, or to read it
Fd create_file(const Place& file);    ///< must not exist; for writing
/// For reading and writing; made when absent, never unlinked. Throws BadBackup when the file has a second
/// name (a hard link), which may be a file of somebody else's.
Fd open_lock_file(const Place& file);
/// Throws BadBackup when it is longer than `limit` bytes.
std::string read_file(const Place& file, std::size_t limit);
void write_new_file(const Place& file, std::string_view contents);  ///< must not exist; flushed with fsync
/// Writes FILE.tmp beside it, fsync, rename over FILE, fsync of the directory: old or new, never half. Two
/// writers of one file must exclude each other.
void replace_file(const Place& file, std::string_view contents);
/// `line` and a line feed at the end of a file, which is made where it is absent; on disk when it returns.
/// What a crash left of a line there is cut off first. One writer at a time.
void append_line(const Place& file, std::string_view line);

/// mkdir -p with 0700 for what it makes, the root and what is above it included; the directories that it is
/// made in are flushed.
void make_private_dirs(const Place& dir);
void fsync_path(const Place& file_or_dir);
/// rename(2) that fails with EEXIST instead of replacing (renameat2 RENAME_NOREPLACE).
/// False when the target exists; throws on anything else.
bool rename_noreplace(const Place& from, const Place& to);
/// A file, a link itself, or a directory and all in it; absent is fine. Throws Error when another file system
/// is mounted in it, and BadBackup when it is nested deeper than any backup.
void remove_tree(const Place& place);
/// Hard link of `existing` put in the place of `replaced`, atomically. False when that can't be done here,
/// for whatever reason: then `replaced` is as it was.
bool link_over(const Place& existing, const Place& replaced);

std::uint64_t free_bytes(const Place& any_on_it);  ///< what an unprivileged writer may use
std::uint64_t size_of_file(const Place& file);     ///< throws BadBackup when it is no regular file
std::uint64_t link_count(const Place& file);
/// What is there itself, never what a link leads to; file_type::not_found is no error.
std::filesystem::file_type type_of(const Place& place);
bool exists(const Place& place);
bool is_directory(const Place& place);
bool is_regular_file(const Place& place);
/// What is no directory below dir, as relative names with '/', sorted: links, pipes and devices too.
std::vector<std::string> list_files(const Place& dir);
std::vector<std::string> list_names(
    const Place& dir);  ///< the entries of one directory, sorted; absent: none

}  // namespace pgassay
