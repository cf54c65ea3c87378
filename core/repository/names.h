// Which directory stands for a name, on a file system that may fold names ("App", "app") and may hold those
// that earlier versions gave.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/repository/layout.h"
#include "core/system/place.h"

namespace pgassay {

/// Every name that a directory of it may have: encode_name(); that with a digest, beside a directory that
/// folds into the same; the one that was given before names were portable.
std::vector<std::string> names_on_disk(std::string_view name);
/// Is the directory `entry` one of these?
bool stands_for(std::string_view entry, std::string_view name);
/// What `entry` stands for; as decode_name() of one that was cut.
std::string name_of_entry(std::string_view entry);

/// The entry of `dir` for that name: the one that is there, or one that can be made.
Place entry_for(const Place& dir, std::string_view name, std::string_view suffix = {});
/// REPO/SOURCE/DATABASE
Place home_of(const Place& root, std::string_view source, std::string_view database);

std::string cut_name(std::string encoded);  ///< as encode_name() cuts

/// As part_file(), of a table whose file would fold into another one's.
std::string part_file_apart(const QualifiedName& name, unsigned index, RowFormat format);
std::string folded(std::string_view file);  ///< what a file system that folds case takes it for

}  // namespace pgassay
