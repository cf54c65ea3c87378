# cmake -D source=DIR -D file=FILE -P commit.cmake: writes FILE, a header that says which commit DIR is of, and touches it only
# when that is another than it said before. Without git, or outside of a clone, it is the empty text.
cmake_policy(SET CMP0053 NEW)  # @commit@ is for file(CONFIGURE) alone
execute_process(COMMAND git -c "safe.directory=${source}" -C "${source}" describe --always --dirty --exclude=* OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "")
endif()
file(CONFIGURE OUTPUT "${file}" CONTENT "inline constexpr char kCommit[] = \"@commit@\";\n" @ONLY)
