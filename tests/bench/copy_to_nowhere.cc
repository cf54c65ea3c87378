#include "tests/bench/copy_to_nowhere.h"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

#include "core/postgres/catalog.h"

namespace pgassay::bench {

namespace {

struct Closer {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(char* buffer) const { PQfreemem(buffer); }
};
using Session = std::unique_ptr<PGconn, Closer>;
using Answer = std::unique_ptr<PGresult, Closer>;

void expect(PGconn* session, const Answer& answer, ExecStatusType status) {
  if (PQresultStatus(answer.get()) != status) throw std::runtime_error(PQerrorMessage(session));
}

Session connect(const std::string& conninfo, const Manifest& manifest) {
  Session session(PQconnectdb(conninfo.c_str()));
  if (PQstatus(session.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(session.get()));
  for (const auto& [name, value] : manifest.session) {
    const char* parameters[] = {name.c_str(), value.c_str()};
    const Answer answer(PQexecParams(session.get(), "SELECT set_config($1, $2, false)", 2, nullptr,
                                     parameters, nullptr, nullptr, 0));
    expect(session.get(), answer, PGRES_TUPLES_OK);
  }
  return session;
}

void drain(PGconn* session, const std::string& sql) {
  expect(session, Answer(PQexec(session, sql.c_str())), PGRES_COPY_OUT);
  char* row = nullptr;
  while (PQgetCopyData(session, &row, 0) > 0) PQfreemem(row);
  expect(session, Answer(PQgetResult(session)), PGRES_COMMAND_OK);
  while (Answer(PQgetResult(session))) continue;
}

std::vector<std::string> largest_first(const Manifest& manifest) {
  std::vector<std::pair<std::uint64_t, std::string>> tables;
  for (const Relation& relation : manifest.relations) {
    if (relation.parts.empty()) continue;
    tables.emplace_back(relation.raw_bytes(),
                        copy_out_sql(relation.name, relation.columns, relation.filter, std::nullopt,
                                     {manifest.encoding, relation.format}));
  }
  std::stable_sort(tables.begin(), tables.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> statements;
  for (auto& table : tables) statements.push_back(std::move(table.second));
  return statements;
}

}  // namespace

double copy_to_nowhere(const std::string& conninfo, const Manifest& manifest, unsigned connections) {
  const std::vector<std::string> statements = largest_first(manifest);
  std::atomic<std::size_t> next = 0;
  const Stopwatch watch;
  std::vector<std::future<void>> workers;
  for (unsigned i = 0; i < connections; ++i) {
    workers.push_back(std::async(std::launch::async, [&] {
      const Session session = connect(conninfo, manifest);
      for (std::size_t table; (table = next++) < statements.size();) drain(session.get(), statements[table]);
    }));
  }
  for (auto& worker : workers) worker.get();
  return watch.seconds();
}

}  // namespace pgassay::bench
