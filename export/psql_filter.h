// SQL of pg_restore on its way to psql. psql has a language of its own around SQL: backslash commands, and
// variables written :name. What a dump says must never be taken for either (CVE-2025-8714).
#pragma once

#include <string>
#include <string_view>

#include "core/stream/part.h"

namespace pgassay::exports {

/// Follows the text as psql's lexer does, with memory for one dollar quote's tag, and passes it on
/// - without pg_restore's own \restrict and \unrestrict lines; any other backslash outside of quotes and
///   comments throws BadBackup;
/// - with a blank after a colon that psql might take for the beginning of a variable (a slice, a[1:n]);
/// - with CREATE SCHEMA public made harmless, for a new database has it.
/// What follows the offence is never passed on.
class PsqlFilter : public ChunkSink {
 public:
  explicit PsqlFilter(ChunkSink& out) : out_(out) {}
  void chunk(Bytes bytes) override;
  /// Throws BadBackup when the text ends within a quote or a comment.
  void finish();
  /// What ends an open quote or comment and the statement, wherever the text was cut.
  std::string closing() const;

 private:
  enum class State { normal, line_comment, block_comment, string, identifier, tag, dollar, backslash };
  void take(char c);
  void normal(char c);
  void in_string(char c);
  void in_block_comment(char c);
  void in_tag(char c);
  void in_dollar(char c);
  void in_backslash_line(char c);
  bool begins_something(char c);
  void note_head(char c);
  void note_word(char c);
  void end_statement();
  void emit(char c);
  void hold_or_emit(char c);
  void flush();

  ChunkSink& out_;
  std::string ready_, held_;
  State state_ = State::normal;
  std::string tag_, window_, backslash_line_, head_;
  char last_ = '\0';        ///< the character before, of SQL itself; \0 after a quote or a comment
  bool line_start_ = true;  ///< nothing but blanks since the last line feed, and no statement begun
  bool in_word_ = false, lone_e_ = false, lone_colon_ = false;
  bool escapes_ = false, escaped_ = false, continues_escapes_ = false;
  unsigned depth_ = 0;
};

}  // namespace pgassay::exports
