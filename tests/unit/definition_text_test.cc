#include "core/postgres/definition_text.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

TEST(DefinitionText, ACastOfAnArrayIsOneOfItsElements) {
  EXPECT_EQ(
      canonical_definition(
          "CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))"),
      "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text])))");
  EXPECT_EQ(canonical_definition("(ARRAY[f(a, b), 1])::public.t[]"),
            "ARRAY[(f(a, b))::public.t, (1)::public.t]");
  EXPECT_EQ(canonical_definition("(ARRAY[ARRAY['x', 'y'], ARRAY['z', 'w']])::text[]"),
            "ARRAY[ARRAY[('x')::text, ('y')::text], ARRAY[('z')::text, ('w')::text]]");
}

TEST(DefinitionText, WhatMeansSomethingElseStaysSomethingElse) {
  for (const char* text :
       {"((a AND b) OR c)", "(a AND (b OR c))", "((a)::text = 'x'::text)", "(a = 'x'::bpchar)", "(a = 'x y')",
        "(a = 'xy')", "(a = 'x()y')", "CAST((ARRAY[1])::integer AS text)"})
    EXPECT_EQ(canonical_definition(text), text);
}

TEST(DefinitionText, ALiteralIsLeftAsItIs) {
  const std::string text = "(a = '(ARRAY[''x'', b])::text[]') AND (ARRAY['it''s, [odd'])::text[] = b";
  EXPECT_EQ(canonical_definition(text),
            "(a = '(ARRAY[''x'', b])::text[]') AND ARRAY[('it''s, [odd')::text] = b");
}

TEST(DefinitionText, ThatIsNoExpressionAtAllIsLeftAsItIs) {
  for (const char* text : {"])::", "(ARRAY[])::", "(ARRAY['x", "(ARRAY[(a])::text[]", ""})
    EXPECT_EQ(canonical_definition(text), text);
}

TEST(DefinitionText, IsHashedAfterThat) {
  EXPECT_EQ(hashed_definition("(ARRAY['x'])::text[]"), hashed_definition("ARRAY[('x')::text]"));
  EXPECT_EQ(hashed_definition("abc"), "2:ba7816bf8f01cfea414140de5dae2223");
}

}  // namespace
}  // namespace pgassay
