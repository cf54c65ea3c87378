#pragma once

#include <string_view>

#include "core/system/fd.h"

namespace pgassay {

/// A file without a name, private, for reading and writing, in $TMPDIR or /tmp: gone with its descriptor.
/// Throws Error.
Fd make_spool_file();
/// The same in memory, for a secret that no disk is to see; it holds the text.
Fd make_memory_file(std::string_view text);
void rewind_file(const Fd& file);  ///< to its first byte
/// Another program opens it anew by this name while the descriptor is inherited.
Path path_of_inherited(const Fd& file);

}  // namespace pgassay
