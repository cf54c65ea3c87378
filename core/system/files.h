// Files that lie in no repository: those of a user, of a throwaway server, of the system. (A repository's go
// through place.h.) Everything that is made here is private (files 0600, directories 0700) whatever the
// umask. Every function throws Error with the path and the system's words.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/fd.h"

namespace pgassay {

Fd open_for_reading(const Path& file);  ///< O_RDONLY|O_CLOEXEC; works for directories too
Fd create_file(const Path& file);       ///< O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600
std::string read_file(const Path& file, std::size_t limit = std::size_t{1} << 30);
std::string read_tail(const Path& file, std::size_t bytes);        ///< the last so many bytes of it, or all
void write_new_file(const Path& file, std::string_view contents);  ///< must not exist; flushed with fsync
/// Writes FILE.tmp beside it, fsync, rename over FILE, fsync of the directory: old or new, never half. Two
/// writers of one file must exclude each other.
void replace_file(const Path& file, std::string_view contents);

/// mkdir -p with 0700 for what it makes; the directories that it is made in are flushed.
void make_private_dirs(const Path& dir);
/// A new directory of mode 0700 below base, named prefix and six random characters (mkdtemp(3)).
Path make_unique_dir(const Path& base, std::string_view prefix);
void set_mode(const Path& path, unsigned mode);              ///< chmod(2)
void give_to(const Path& path, unsigned uid, unsigned gid);  ///< chown(2); of a symbolic link the link itself
unsigned owner_of(const Path& path);                         ///< uid; of a symbolic link the link's own
void fsync_path(const Path& file_or_dir);
void remove_tree(const Path& dir);  ///< never follows symbolic links; absent is fine

std::uint64_t free_bytes(const Path& any_path_on_it);  ///< what an unprivileged writer may use
bool is_in_memory(const Path& any_path_on_it);         ///< tmpfs or ramfs
std::uint64_t size_of_file(const Path& file);
/// What is there, of a symbolic link what it leads to; file_type::not_found is no error, all else that keeps
/// us from knowing is.
std::filesystem::file_status status_of(const Path& path);
std::filesystem::file_status link_status_of(const Path& path);  ///< of a symbolic link the link itself
/// Regular files below dir as relative paths with '/', sorted; other kinds of file are in it too (see
/// is_regular).
std::vector<std::string> list_files(const Path& dir);
std::vector<std::string> list_names(const Path& dir);  ///< the entries of one directory, sorted; absent: none

/// Opens (making it when absent) a lock file that is never unlinked.
Fd open_lock_file(const Path& file);

}  // namespace pgassay
