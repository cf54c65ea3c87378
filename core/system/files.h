// The one place that opens, writes, renames and removes files. Everything it makes is private (files 0600,
// directories 0700) whatever the umask. Every function throws Error with the path and the system's words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/bytes.h"

namespace pgassay {

using Path = std::filesystem::path;

/// Owns a file descriptor. Closes it quietly; a writer whose close() must be looked at calls close() itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

Fd open_for_reading(const Path& file);  ///< O_RDONLY|O_CLOEXEC; works for directories too
Fd create_file(const Path& file);       ///< O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600
void write_all(int fd, Bytes bytes, const Path& name_for_errors);
/// Up to buffer.size() bytes; 0 is the end of the file.
std::size_t read_some(int fd, std::span<std::byte> buffer, const Path& name_for_errors);
void close_checked(Fd&& fd, const Path& name_for_errors);  ///< close(2), an error of which is an error
void start_writeback(int fd);  ///< asks the kernel to begin writing the file out; best effort

std::string read_file(const Path& file, std::size_t limit = std::size_t{1} << 30);
std::string read_tail(const Path& file, std::size_t bytes);        ///< the last so many bytes of it, or all
void write_new_file(const Path& file, std::string_view contents);  ///< must not exist; flushed with fsync
/// Writes FILE.tmp beside it, fsync, rename over FILE, fsync of the directory: old or new, never half. Two
/// writers of one file must exclude each other.
void replace_file(const Path& file, std::string_view contents);
/// `line` and a line feed at the end of a file, which is made where it is absent; on disk when it returns.
/// What a crash left of a line there is cut off first. One writer at a time.
void append_line(const Path& file, std::string_view line);

/// mkdir -p with 0700 for what it makes; the directories that it is made in are flushed.
void make_private_dirs(const Path& dir);
/// A new directory of mode 0700 below base, named prefix and six random characters (mkdtemp(3)).
Path make_unique_dir(const Path& base, std::string_view prefix);
void set_mode(const Path& path, unsigned mode);              ///< chmod(2)
void give_to(const Path& path, unsigned uid, unsigned gid);  ///< chown(2); of a symbolic link the link itself
unsigned owner_of(const Path& path);                         ///< uid; of a symbolic link the link's own
void fsync_path(const Path& file_or_dir);
/// syncfs(2). It tells of what failed to be written since `any_on_it` was opened, so open that first.
void sync_filesystem(const Fd& any_on_it, const Path& name_for_errors);
/// rename(2) that fails with EEXIST instead of replacing (renameat2 RENAME_NOREPLACE).
/// False when the target exists; throws on anything else.
bool rename_noreplace(const Path& from, const Path& to);
void remove_tree(const Path& dir);  ///< never follows symbolic links; absent is fine
/// Hard link of `existing` put in the place of `replaced`, atomically. False on EXDEV, EMLINK, ENOENT, EPERM.
bool link_over(const Path& existing, const Path& replaced);

std::uint64_t free_bytes(const Path& any_path_on_it);  ///< what an unprivileged writer may use
bool is_in_memory(const Path& any_path_on_it);         ///< tmpfs or ramfs
std::uint64_t size_of_file(const Path& file);
std::uint64_t link_count(const Path& file);
/// What is there, of a symbolic link what it leads to; file_type::not_found is no error, all else that keeps
/// us from knowing is.
std::filesystem::file_status status_of(const Path& path);
std::filesystem::file_status link_status_of(const Path& path);  ///< of a symbolic link the link itself
/// Regular files below dir as relative paths with '/', sorted; other kinds of file are in it too (see
/// is_regular).
std::vector<std::string> list_files(const Path& dir);
std::vector<std::string> list_names(const Path& dir);  ///< the entries of one directory, sorted; absent: none

enum class LockMode { shared, exclusive };
/// flock(2) without waiting. False when somebody else holds it.
bool try_lock(const Fd& fd, LockMode mode);
/// Opens (making it when absent) a lock file that is never unlinked.
Fd open_lock_file(const Path& file);

}  // namespace pgassay
