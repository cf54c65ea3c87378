// Reads what `pg_dumpall --globals-only` writes, without psql: a dump is data, and psql would obey backslash
// commands that somebody put into it (CVE-2025-8714). Only the statements that pg_dumpall is known to write
// are understood; anything else is an error, so nothing unexpected can reach the server.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgassay::restore {

struct SqlToken {
  enum class Kind { word, quoted, string, symbol };
  Kind kind = Kind::symbol;
  std::string text;                ///< word: folded to lower case; quoted: the identifier; string: as written
  std::size_t begin = 0, end = 0;  ///< where it stands in the statement's text

  bool is(std::string_view word) const { return kind == Kind::word && text == word; }
  bool names() const { return kind == Kind::word || kind == Kind::quoted; }
};

struct SqlStatement {
  std::string text;  ///< without its semicolon
  unsigned line = 0;
  std::vector<SqlToken> tokens;
};

/// Cuts a script where PostgreSQL's own lexer would. Throws BadBackup with the line: a backslash command
/// other than \restrict and \unrestrict, an open quote, a C comment, a zero byte.
std::vector<SqlStatement> split_statements(std::string_view sql);

struct GlobalStatement {
  enum class Kind {
    session,       ///< SET client_encoding, standard_conforming_strings, …
    create_role,   ///< CREATE ROLE role
    alter_role,    ///< ALTER ROLE role WITH …
    role_setting,  ///< ALTER ROLE role [IN DATABASE …] SET …
    membership,    ///< GRANT object TO role …
    role_note,     ///< COMMENT or SECURITY LABEL ON ROLE role
    parameter,     ///< GRANT or REVOKE … ON PARAMETER … TO or FROM role
    tablespace,    ///< whatever concerns the tablespace named object
  };
  Kind kind = Kind::session;
  std::string role, object;
  SqlStatement statement;
};

/// Throws BadBackup naming the line of a statement that is none of these.
std::vector<GlobalStatement> read_globals(std::string_view sql);

/// The text without PASSWORD '…'.
std::string without_password(const SqlStatement& statement);
/// The text without the words given (lower case), of ALTER ROLE … WITH.
std::string without_words(const SqlStatement& statement, const std::vector<std::string>& words);
/// The text without GRANTED BY and what follows it.
std::string without_grantor(const SqlStatement& statement);
bool has_word(const SqlStatement& statement, std::string_view word);

}  // namespace pgassay::restore
