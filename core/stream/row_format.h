// How COPY writes rows: https://www.postgresql.org/docs/current/sql-copy.html
#pragma once

namespace pgassay {

enum class RowFormat {
  text,   ///< a line each, of COPY's text format
  binary  ///< tuples between a header and a trailer
};

}  // namespace pgassay
