#include "restore/archive/archive_sql.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

constexpr const char* kScript =
    "--\n-- PostgreSQL database dump\n--\n\n"
    "\\restrict abc\n\n"
    "-- Dumped from database version 15.14\n\n"
    "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\n"
    "SET client_encoding = 'UTF8';\nSELECT pg_catalog.set_config('search_path', '', false);\n\n"
    "--\n-- Name: orders orders_customer_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -\n--\n\n"
    "ALTER TABLE ONLY public.orders\n"
    "    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id);\n\n\n"
    "--\n-- PostgreSQL database dump complete\n--\n\n"
    "\\unrestrict abc\n\n";

TEST(ArchiveSql, LeavesTheSessionsTimeOutsAsTheyAre) {
  const std::string script = restore::without_time_outs(restore::without_restrict(kScript));
  EXPECT_EQ(script.find("timeout"), std::string::npos) << script;
  EXPECT_NE(script.find("SET client_encoding = 'UTF8';"), std::string::npos) << script;
}

TEST(ArchiveSql, TouchesNoStatementThatLooksLikeATimeOut) {
  const std::string script = "SET lock_timeout = 0;\nCREATE FUNCTION f() AS '\nSET lock_timeout = 0;\n';\n";
  EXPECT_EQ(restore::without_time_outs(script), "\nCREATE FUNCTION f() AS '\nSET lock_timeout = 0;\n';\n");
  EXPECT_EQ(restore::without_time_outs("SET lock_timeout = 0;"), "");
  EXPECT_EQ(restore::without_time_outs(""), "");
}

TEST(ArchiveSql, GivesTheStatementOfAnEntry) {
  EXPECT_EQ(restore::only_statement(restore::without_time_outs(restore::without_restrict(kScript))),
            "ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) "
            "REFERENCES public.customers(id);");
}

}  // namespace
}  // namespace pgassay
