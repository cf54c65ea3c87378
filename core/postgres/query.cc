#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include "core/postgres/connection_impl.h"
#include "core/postgres/server_trouble.h"
#include "core/postgres/statement_text.h"
#include "core/system/bounded_call.h"

namespace pgassay {
namespace {

/// TLS and GSSAPI keep bytes that they have decrypted where poll(2) cannot see them; a wait of this length
/// bounds what that costs.
constexpr std::chrono::milliseconds kHiddenBytes(100);
constexpr std::chrono::seconds kCancelPatience(3);

std::string field(const PGresult* result, int code) {
  return one_line(PQresultErrorField(result, code));
}

/// Blanks at the end, as French has them before a colon.
std::string without_blanks(std::string_view text) {
  while (text.ends_with(' ') || text.ends_with("\u00a0")) text.remove_suffix(text.back() == ' ' ? 1 : 2);
  return std::string(text);
}

/// "COPY public.t, line 3, column id" of the context line "COPY public.t, line 3, column id: "x"", the rest
/// of which is data; also where the server says "ligne" and "colonne", or another word.
std::string copy_position(const PGresult* result) {
  const std::string context = field(result, PG_DIAG_CONTEXT);
  if (!context.starts_with("COPY ")) return {};
  for (auto comma = context.find(", "); comma != std::string::npos; comma = context.find(", ", comma + 2)) {
    const auto number = context.find(' ', comma + 2);
    if (number == std::string::npos) break;
    const auto end = std::min(context.find_first_not_of("0123456789", number + 1), context.size());
    if (end == number + 1) continue;
    std::string position =
        context.substr(0, comma) + ", line " + context.substr(number + 1, end - number - 1);
    const auto name = context.find(' ', end + 2);
    if (context.compare(end, 2, ", ") == 0 && name != std::string::npos)
      position += ", column " + without_blanks(context.substr(name + 1, context.find(':', name) - name - 1));
    return position;
  }
  return {};
}

/// Did code of the database's users say it, by RAISE or plpy.error()? Its SQLSTATE is then a word of theirs.
bool is_raised(const PGresult* result) {
  const std::string by = field(result, PG_DIAG_SOURCE_FUNCTION);
  return by == "exec_stmt_raise" || by == "PLy_output";
}

std::string message_of(const PGresult* result) {
  std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = one_line(PQresultErrorMessage(result));
  const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  // Of a violated constraint the detail is the row.
  const bool is_data = field(result, PG_DIAG_SQLSTATE).starts_with("23");
  if (!detail.empty() && !is_data) message += ": " + detail;
  const std::string position = copy_position(result);
  if (!position.empty()) message += " (" + position + ")";
  return message;
}

bool is_failure(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

bool is_copy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

}  // namespace

bool Connection::Impl::encrypted() const {
  return PQsslInUse(pg()) != 0 || PQgssEncInUse(pg()) != 0;
}

void Connection::Impl::wait(short events) {
  using Clock = std::chrono::steady_clock;
  const Seconds limit = copying_out ? silence.rows : silence.statement;
  std::optional<std::chrono::milliseconds> patience;
  if (limit.count() > 0) patience = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
  if (encrypted()) patience = kHiddenBytes;
  const Clock::time_point from = Clock::now();
  try {
    if (wait_for(PQsocket(pg()), events, stop_fd, patience)) {
      silent = {};
      return;
    }
  } catch (const Stopped& error) {
    cancel();
    error.raise();
  }
  silent += Clock::now() - from;
  if (limit.count() <= 0 || silent < limit) return;
  cancel();
  throw ServerSilent(fmt::format("{} has said nothing for {} s", described(), std::lround(limit.count())),
                     "the server, or the network on the way to it, is stuck");
}

void Connection::Impl::cancel() {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> request(PQgetCancel(pg()), PQfreeCancel);
  if (!request || deaf) return;
  // It waits until the server has heard it: behind a network that stalls, for ever. It may be called from a
  // signal handler, and so after fork(): https://www.postgresql.org/docs/15/libpq-cancel.html
  deaf = !call_in_a_fork(kCancelPatience, [&request] {
    char ignored[256];
    PQcancel(request.get(), ignored, sizeof ignored);
  });
}

Connection::Impl::Traced::Traced(Impl& impl, const std::string& sql, const Parameters& parameters)
    : impl_(impl), outer_(std::exchange(impl.running, this)) {
  if (!event_) return;
  event_.number("session", PQbackendPID(impl.pg())).text("database", PQdb(impl.pg()));
  event_.text("sql", without_values(sql));
  std::vector<std::string> shown;
  for (const auto& one : parameters)
    shown.push_back(one ? fmt::format("text, {} bytes", one->size()) : std::string("null"));
  if (!shown.empty()) event_.list("parameters", shown);
}

void Connection::Impl::send(const std::string& sql) {
  throw_if_stopped(stop);
  silent = {};
  if (PQsendQuery(pg(), sql.c_str()) == 0) throw_lost(PQerrorMessage(pg()));
  flush();
}

void Connection::Impl::flush() {
  for (;;) {
    const int left = PQflush(pg());
    if (left == 0) return;
    if (left < 0) throw_lost(PQerrorMessage(pg()));
    wait(POLLIN | POLLOUT);
    // What the server says meanwhile must be read, or it may stop reading us.
    PQconsumeInput(pg());
  }
}

ResultPtr Connection::Impl::next_result() {
  while (PQisBusy(pg()) != 0) {
    wait(POLLIN);
    // When the connection is gone, PQgetResult says so, after whatever the server said before.
    if (PQconsumeInput(pg()) == 0) break;
  }
  return ResultPtr(PQgetResult(pg()));
}

void Connection::Impl::fail(ResultPtr failed) {
  while (ResultPtr rest = next_result()) {
    if (is_copy(rest.get())) break;
  }
  std::string message = message_of(failed.get());
  if (PQstatus(pg()) == CONNECTION_BAD) throw_lost(message);
  std::string sqlstate = field(failed.get(), PG_DIAG_SQLSTATE);
  if (running != nullptr) running->failed(sqlstate);
  if (is_server_trouble(sqlstate) && is_raised(failed.get())) {
    constexpr const char* kRaiseException = "P0001";
    message += fmt::format(" (raised by a function, as SQLSTATE {})", sqlstate);
    sqlstate = kRaiseException;
  }
  throw ServerError(message, field(failed.get(), PG_DIAG_MESSAGE_HINT), sqlstate,
                    field(failed.get(), PG_DIAG_CONTEXT));
}

Result Connection::query(const std::string& sql) {
  const Impl::Traced traced(*impl_, sql);
  impl_->send(sql);
  return impl_->last_rows();
}

Result Connection::query(const std::string& sql, const std::vector<std::optional<std::string>>& parameters) {
  const Impl::Traced traced(*impl_, sql, parameters);
  throw_if_stopped(impl_->stop);
  impl_->silent = {};
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  if (PQsendQueryParams(impl_->pg(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                        nullptr, nullptr, 0) == 0) {
    impl_->throw_lost(PQerrorMessage(impl_->pg()));
  }
  impl_->flush();
  return impl_->last_rows();
}

Result Connection::Impl::last_rows() {
  ResultPtr last;
  while (ResultPtr result = next_result()) {
    if (is_failure(result.get())) fail(std::move(result));
    if (is_copy(result.get())) {
      cancel();
      throw Error("a COPY was given to query()");
    }
    last = std::move(result);
  }
  return Result(last.release());
}

Result::Result(void* pg_result)
    : result_(pg_result, [](void* result) { PQclear(static_cast<PGresult*>(result)); }) {}

namespace {
const PGresult* pg(const std::shared_ptr<void>& result) {
  return static_cast<const PGresult*>(result.get());
}

template <class Number>
Number number(const std::string& text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error("the server sent something that is not a number: '" + text + "'");
  }
  return value;
}
}  // namespace

int Result::rows() const {
  return PQntuples(pg(result_));
}
bool Result::null(int row, int column) const {
  return PQgetisnull(pg(result_), row, column) != 0;
}
std::string Result::text(int row, int column) const {
  const auto length = static_cast<std::size_t>(PQgetlength(pg(result_), row, column));
  const char* value = PQgetvalue(pg(result_), row, column);
  return value == nullptr ? std::string() : std::string(value, length);
}
bool Result::boolean(int row, int column) const {
  return text(row, column) == "t";
}
std::int64_t Result::integer(int row, int column) const {
  return number<std::int64_t>(text(row, column));
}
std::uint64_t Result::unsigned_integer(int row, int column) const {
  return number<std::uint64_t>(text(row, column));
}
Oid Result::oid(int row, int column) const {
  return parse_oid(text(row, column));
}

}  // namespace pgassay
