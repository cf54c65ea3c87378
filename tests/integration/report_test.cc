// `pgassay report` by the program as it was built, and its page as a browser sees it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/browser.h"
#include "tests/fixtures/paper_backups.h"
#include "tests/fixtures/run_pgassay.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

constexpr char kOdd[] = "<script>alert(\"1\")</script> caf\u00e9 & co";

/// A repository of two databases: one with many nights, one with an odd name and one night.
struct Files {
  explicit Files(int nights) : repository(Repository::open_or_create(dir.path() / "repository")) {
    write_new_file(dir.path() / "pgassay.toml",
                   "drill_every = \"7d\"\n[source.prod]\ndbname = \"host=db1 dbname=app\"\n"
                   "[source.staging]\ndbname = \"host=db2\"\n");
    put_nights(repository, "prod", "app", now(), nights);
    const Backup odd =
        put_paper_backup(repository, "staging", kOdd, now() - std::chrono::hours(50), 300, 300, kOdd);
    put_evidence(odd, "drill", now() - std::chrono::hours(49), Verdict::fail, 3);
  }
  Ran run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--repo", repository.root().string()});
    return pgassay(words, {{"PGASSAY_CONFIG", (dir.path() / "pgassay.toml").string()}});
  }
  Path page() const { return dir.path() / "report.html"; }

  TemporaryDir dir;
  Repository repository;
};

class ReportCommand : public testing::Test {
 protected:
  Ran run(std::vector<std::string> words) const { return files_.run(std::move(words)); }
  Path page() const { return files_.page(); }
  Files files_{10};
};

TEST_F(ReportCommand, WritesAWholeFileOrNone) {
  const Ran ran = run({"report", "--output", page().string()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("report of 2 databases"), std::string::npos) << ran.out;
  const std::string first = read_file(page());
  EXPECT_TRUE(first.ends_with("</html>\n"));
  std::filesystem::create_directory(page().string() + ".pgassay-tmp");
  EXPECT_EQ(run({"report", "--output", page().string()}).status, 1);
  EXPECT_EQ(read_file(page()), first) << "what was there stays";
}

TEST_F(ReportCommand, GoesToStdoutAndToOneSourceOnly) {
  const Ran all = run({"report"}), one = run({"report", "--source", "staging"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  EXPECT_NE(all.out.find("id=database-2"), std::string::npos);
  EXPECT_EQ(one.out.find("id=database-2"), std::string::npos);
  EXPECT_EQ(one.out.find("prod/app"), std::string::npos);
  EXPECT_EQ(run({"report", "--source", "prud"}).status, 2);
  EXPECT_EQ(run({"report", "--json"}).status, 2) << "both want stdout";
}

TEST_F(ReportCommand, TellsInItsDocumentWhatItWrote) {
  const Ran ran = run({"report", "--json", "-o", page().string()});
  ASSERT_EQ(ran.status, 0) << ran.out;
  const json document = json::parse(ran.out);
  EXPECT_EQ(document.at("report").at("bytes"), read_file(page()).size());
  EXPECT_EQ(document.at("report").at("output"), page().string());
  json told = document.at("status"), status = json::parse(run({"status", "--json"}).out).at("status");
  for (json* one : {&told, &status})
    for (json& database : *one) database.erase("age_seconds");
  EXPECT_EQ(told, status);
}

/// 400 nights and the odd one, in a browser; made once for all of these tests.
class ReportPage : public testing::Test {
 protected:
  static void SetUpTestSuite() { shown_ = std::make_unique<Shown>(); }
  static void TearDownTestSuite() { shown_.reset(); }

  ReportPage() {
    browser_.show({});
    browser_.open(page());
  }
  ~ReportPage() override {
    for (const std::string& complaint : browser_.complaints()) ADD_FAILURE() << complaint;
    for (const std::string& url : browser_.requests())
      EXPECT_TRUE(url == "file://" + page().string() || url.starts_with("data:")) << url;
  }
  Path page() const { return shown_->files.page(); }

  struct Shown {
    Files files{400};
    Browser browser;
    Shown() {
      const Ran ran = files.run({"report", "--output", files.page().string(), "--quiet"});
      EXPECT_EQ(ran.status, 0) << ran.err;
    }
  };
  static std::unique_ptr<Shown> shown_;
  Browser& browser_ = shown_->browser;
};
std::unique_ptr<ReportPage::Shown> ReportPage::shown_;

/// What the tables say, in the words of `list --json`.
constexpr char kRead[] = R"js(
(() => {
  const proof = cell => {
    const verdict = cell.querySelector('b');
    if (!verdict) return null;
    const proof = {at: cell.querySelector('time').dateTime, verdict: verdict.textContent};
    const seconds = cell.querySelector('data');
    if (seconds) proof.restore_seconds = Number(seconds.value);
    return proof;
  };
  const backups = [];
  for (const section of document.querySelectorAll('section.database')) {
    const name = section.querySelector('h2 bdi').textContent;
    const sizes = {};
    for (const row of section.querySelectorAll('.sizes tbody tr')) {
      const number = i => Number(row.cells[i].querySelector('data').value);
      sizes[row.cells[0].textContent] = {taken: row.cells[1].querySelector('time').dateTime, bytes: number(2),
        new_bytes: number(3), raw_bytes: number(4), rows: number(5), tables: Number(row.cells[6].textContent),
        seconds: number(7)};
    }
    const rows = [...section.querySelectorAll('.backups tbody tr')].reverse();
    for (const row of rows) {
      const [id, verified, drilled, note] = row.cells;
      backups.push({name, id: id.textContent, verified: proof(verified), drilled: proof(drilled),
        unreadable: note.textContent.startsWith('UNREADABLE'), note: note.textContent.trim(), ...sizes[id.textContent]});
    }
  }
  return backups;
})()
)js";

TEST_F(ReportPage, HoldsWhatListHolds) {
  const json shown = browser_.evaluate(kRead),
             listed = json::parse(shown_->files.run({"list", "--json"}).out).at("backups");
  ASSERT_EQ(shown.size(), 401u);
  ASSERT_EQ(listed.size(), 401u);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    json backup = listed[i], row = shown[i];
    EXPECT_EQ(row.at("name"),
              backup.at("source").get<std::string>() + "/" + backup.at("database").get<std::string>());
    for (const char* proof : {"verified", "drilled"})
      if (backup.at(proof).is_object()) backup[proof].erase("seconds");
    const bool readable = backup.at("problem").is_null();
    EXPECT_EQ(row.at("unreadable"), !readable);
    for (const char* key : {"id", "verified", "drilled"}) EXPECT_EQ(row.at(key), backup.at(key)) << backup;
    if (!readable) continue;
    for (const char* key : {"taken", "bytes", "new_bytes", "raw_bytes", "rows", "tables", "seconds"})
      EXPECT_EQ(row.value(key, json()), backup.at(key)) << backup;
    EXPECT_EQ(row.at("note"), backup.at("label").is_null() ? json("") : backup.at("label"));
  }
  EXPECT_LT(read_file(page()).size(), 500'000u);
}

TEST_F(ReportPage, FitsAPhoneAndADeskByDayAndByNight) {
  const Path artefacts = Path(PGASSAY_BINARY).parent_path() / "artefacts/report";
  std::filesystem::create_directories(artefacts);
  for (const bool phone : {false, true}) {
    for (const bool dark : {false, true}) {
      browser_.show({phone ? 390 : 1280, 900, dark, phone});
      browser_.open(page());
      EXPECT_LE(browser_.evaluate("document.documentElement.scrollWidth"), phone ? 390 : 1280);
      const std::string ground =
          browser_.evaluate("getComputedStyle(document.documentElement).backgroundColor");
      EXPECT_EQ(ground == "rgb(255, 255, 255)", !dark) << ground;
      // Letters of a plot are as large on a phone as elsewhere.
      EXPECT_GE(browser_.evaluate("Math.min(...[...document.querySelectorAll('svg text')].map(text => "
                                  "text.getBoundingClientRect().height))"),
                10);
      const std::string name = std::string(phone ? "phone" : "desk") + (dark ? "-dark" : "-light") + ".png";
      browser_.screenshot(artefacts / name);
      EXPECT_GT(size_of_file(artefacts / name), 20'000u);
    }
  }
  browser_.evaluate("document.querySelectorAll('details').forEach((one, i) => one.open = i < 8)");
  browser_.screenshot(artefacts / "phone-dark-open.png");
  browser_.show({});
  browser_.screenshot(artefacts / "desk-open.png");
}

TEST_F(ReportPage, CanBeReadWithoutEyesAndWithoutAMouse) {
  EXPECT_EQ(
      browser_.evaluate("[...document.querySelectorAll('svg:not([aria-hidden])')].filter(svg => "
                        "svg.closest('svg[role=img]') === null || (svg.getAttribute('role') === 'img' && "
                        "!svg.getAttribute('aria-label'))).length"),
      0);
  EXPECT_EQ(browser_.evaluate(
                "[...document.querySelectorAll('figure')].filter(one => one.querySelector('.plot') && "
                "!one.querySelector('table thead th')).length"),
            0)
      << "a plot without a table";
  EXPECT_EQ(
      browser_.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id).filter((id, i, all) => "
                        "all.indexOf(id) !== i).length"),
      0);
  // All that can be opened or followed is reached by the tabulator, in the order of the page.
  const int stops = browser_.evaluate(
      "(window.stops = [...document.querySelectorAll('a[href], summary, [tabindex]')].filter(one => "
      "one.checkVisibility())).length");
  EXPECT_GT(stops, 10);
  for (int i = 0; i < stops; ++i) {
    browser_.press("Tab");
    ASSERT_TRUE(browser_.evaluate("document.activeElement === window.stops[" + std::to_string(i) + "]")) << i;
  }
  browser_.evaluate("document.querySelector('.backups summary').focus()");
  browser_.press("Enter");
  EXPECT_TRUE(browser_.evaluate("document.querySelector('.backups').open"));
}

TEST_F(ReportPage, RunsNothingOfADatabasesName) {
  EXPECT_EQ(browser_.evaluate("document.querySelectorAll('script').length"), 0);
  EXPECT_EQ(browser_.evaluate("[...document.querySelectorAll('h2 bdi')].map(one => one.textContent)"),
            json({"prod/app", std::string("staging/") + kOdd}));
}

}  // namespace
}  // namespace pgassay::test
