// Man pages and completions, by the programs that read them.
#include <gtest/gtest.h>

#include "tests/fixtures/child.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

class Manual : public testing::Test {
 protected:
  Manual() {
    const Ran ran =
        pgassay({"manual", dir_.path().string(), "--toml", PGASSAY_SOURCE_DIR "/docs/pgassay.toml"});
    EXPECT_EQ(ran.status, 0) << ran.err;
  }
  Ended bash(const std::string& script) const {
    return run_child({"bash", "-c", script, "bash", dir_.path().string()});
  }
  /// What bash would propose for the last of these words.
  std::string completed(const std::string& words) const {
    const Ended ended = bash(
        "source \"$1/bash-completion/completions/pgassay\"; COMP_WORDS=(" + words +
        " '' ); COMP_WORDS[-1]=; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pgassay; echo \"${COMPREPLY[*]}\"");
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.out;
  }
  TemporaryDir dir_;
};

TEST_F(Manual, PagesAreReadByManWithoutAWarning) {
  int pages = 0;
  for (const std::string& file : list_files(dir_.path() / "man")) {
    const Ended ended =
        run_child({"man", "--warnings=all", "-l", (dir_.path() / "man" / file).string()},
                  {{"MANWIDTH", "100"}, {"PAGER", "cat"}, {"MANPAGER", "cat"}, {"LC_ALL", "C.UTF-8"}});
    EXPECT_EQ(ended.status, 0) << file << ended.err;
    EXPECT_EQ(ended.err, "") << file;
    EXPECT_NE(ended.out.find("SEE ALSO"), std::string::npos) << file << ended.out;
    ++pages;
  }
  EXPECT_GT(pages, 12);
  const Ended backup =
      run_child({"man", "-l", (dir_.path() / "man/man1/pgassay-backup.1").string()}, {{"MANPAGER", "cat"}});
  EXPECT_NE(backup.out.find("--exclude-table-data PATTERN"), std::string::npos) << backup.out;
  const Path group = dir_.path() / "man/man1";
  EXPECT_NE(read_file(group / "pgassay-stack.1").find("see \\fBpgassay\\-stack\\-check\\fR(1)"),
            std::string::npos);
  EXPECT_NE(read_file(group / "pgassay-stack-check.1").find("JUnit"), std::string::npos);
}

TEST_F(Manual, BashCompletesCommandsOptionsAndValues) {
  EXPECT_NE(completed("pgassay").find("backup list show"), std::string::npos) << completed("pgassay");
  EXPECT_EQ(completed("pgassay").find("manual"), std::string::npos) << "it is for packaging";
  EXPECT_NE(completed("pgassay drill").find("--engine"), std::string::npos);
  EXPECT_EQ(completed("pgassay drill --engine"), "auto docker podman local\n");
  EXPECT_NE(completed("pgassay stack").find("check"), std::string::npos);
  EXPECT_NE(completed("pgassay stack check").find("--junit"), std::string::npos);
}

TEST_F(Manual, ZshTakesItsCompletion) {
  const Ended ended = run_child({"zsh", "-n", (dir_.path() / "zsh/site-functions/_pgassay").string()});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
}

}  // namespace
}  // namespace pgassay::test
