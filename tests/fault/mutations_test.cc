// Whole repositories that were changed at random, by bytes, fields, names and kinds of file, and what the
// program makes of them: damage is never 0, and nothing crashes, hangs, or touches what is outside.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "core/repository/layout.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/tamper.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

namespace fs = std::filesystem;

std::string tree(const Path& dir) {
  return run_child({"find", dir, "-printf", "%P %y %s %T@ %m\n"}).out;
}

/// Kinds of mutation: those of a file's bytes come first.
constexpr unsigned kOfContents = 6, kAll = 10;

/// Two backups, one of them verified and pinned; copied for each mutation.
class Mutated {
 public:
  Mutated() {
    write_new_file(dir_.path() / "none.toml", "");
    const Repository repository = Repository::open_or_create(original());
    for (const char* taken : {"2026-11-23T02:00:00Z", "2026-11-24T02:00:00Z"})
      publish_sample(repository, "prod", "app", parse_rfc3339(taken));
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"verify", "latest"}, {"pin", "latest"}})
      if (const Ran ran = run(original(), words); ran.status != 0) throw Error(ran.err);
    fs::create_directories(dir_.path() / "outside");
    write_new_file(dir_.path() / "outside/manifest.json", "theirs");
    outside_ = tree(dir_.path() / "outside");
    for (const auto& entry : fs::recursive_directory_iterator(original()))
      if (entry.is_regular_file()) files_.push_back(fs::relative(entry.path(), original()));
    std::ranges::sort(files_);
  }

  /// What it was that was changed; "" where it came out as it was.
  std::string mutate(std::mt19937& random, unsigned kinds) {
    fs::remove_all(copy());
    fs::copy(original(), copy(), fs::copy_options::recursive);
    const Path file = pick(random, files_);
    kind_ = random() % kinds;
    is_covered_ = is_of_a_backup(file);
    change(random, copy() / file);
    if (kind_ < kOfContents && fs::is_regular_file(fs::symlink_status(copy() / file)) &&
        read_file(copy() / file) == read_file(original() / file))
      return {};
    return fmt::format("mutation {} of {}", kind_, file.string());
  }
  /// Somebody made all sums fit again: damage of the kind that sums alone find is then found by none.
  void reseal_all() const {
    for (const auto& entry : fs::recursive_directory_iterator(copy()))
      if (entry.path().filename() == kManifestFile) reseal(entry.path().parent_path());
  }

  bool is_damage() const { return is_covered_; }
  Ran run(const Path& repository, std::vector<std::string> words) const {
    words.insert(words.end(), {"--repo", repository.string()});
    return pgassay(words, {{"PGASSAY_CONFIG", (dir_.path() / "none.toml").string()}});
  }
  Path copy() const { return dir_.path() / "copy"; }
  bool outside_is_as_it_was() const { return tree(dir_.path() / "outside") == outside_; }

 private:
  Path original() const { return dir_.path() / "original"; }
  static Path pick(std::mt19937& random, const std::vector<Path>& files) {
    return files[random() % files.size()];
  }
  /// SHA256SUMS, and what it is of.
  static bool is_of_a_backup(const Path& file) {
    const std::string text = file.string();
    return text.starts_with("prod/app/2026") && text.find("/evidence/") == std::string::npos &&
           file.filename() != kPinFile;
  }

  void change(std::mt19937& random, const Path& file) {
    std::string text = read_file(file);
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (kind_) {
      case 0:
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 2:
        text.resize(at);
        break;
      case 3:
        text.insert(at, text.substr(0, random() % 64));
        break;
      case 4:  // a number of a document
        for (std::size_t i = at; i < text.size(); ++i)
          if (text[i] >= '0' && text[i] <= '9') {
            text.replace(i, 1, random() % 2 == 0 ? "99999999999999999999" : "-1");
            break;
          }
        break;
      case 5:  // a field of it
        if (const std::size_t quote = text.find('"', at); quote != std::string::npos) text[quote + 1] ^= 1;
        break;
      case 6:
        fs::remove(file);
        return;
      case 7:
        fs::remove(file);
        fs::create_directory(file);
        return;
      case 8:
        fs::remove(file);
        fs::create_symlink(dir_.path() / "outside/manifest.json", file);
        return;
      default:
        fs::remove(file);
        if (::mkfifo(file.c_str(), 0600) != 0) throw_errno("can't make a pipe", file);
        return;
    }
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    overwrite(file, text);
  }

  TemporaryDir dir_;
  std::vector<Path> files_;
  std::string outside_;
  unsigned kind_ = 0;
  bool is_covered_ = false;
};

struct Campaign {
  int tried = 0, missed = 0;
  std::string first_missed;
};

/// Those that change nothing, or can't be made, are not counted.
Campaign campaign(unsigned seed, int mutations, bool sums_fit_again) {
  Mutated mutated;
  std::mt19937 random(seed);
  Campaign result;
  for (int n = 0; result.tried < mutations && n < 2 * mutations; ++n) {
    const std::string what = mutated.mutate(random, sums_fit_again ? kOfContents : kAll);
    if (what.empty()) continue;
    if (sums_fit_again) {
      try {
        mutated.reseal_all();
      } catch (const std::exception&) {
        continue;  // of that manifest nobody can make sums
      }
    }
    ++result.tried;
    const std::vector<std::vector<std::string>> others = {
        {"list"}, {"status"}, {"show", "latest"}, {"list", "--json"}};
    std::vector<std::vector<std::string>> commands = {{"verify", "--all"}};
    if (n % 4 == 0) commands.push_back(others[random() % others.size()]);
    for (const auto& words : commands) {
      const Ran ran = mutated.run(mutated.copy(), words);
      const std::string told =
          what + ": " + words[0] + ": " + std::to_string(ran.status) + "\n" + ran.out + ran.err;
      EXPECT_LE(ran.status, 6) << told;
      EXPECT_EQ(ran.err.find("internal error"), std::string::npos) << told;
      if (words[0] != "verify" || ran.status != 0 || !mutated.is_damage()) continue;
      ++result.missed;
      if (result.first_missed.empty()) result.first_missed = told;
    }
    EXPECT_TRUE(mutated.outside_is_as_it_was()) << what;
  }
  return result;
}

TEST(Mutations, OfARepositoryAreNeverTakenForSound) {
  const Campaign result = campaign(20261130, 200, false);
  EXPECT_EQ(result.tried, 200);
  EXPECT_EQ(result.missed, 0) << result.first_missed;
  std::printf("%d mutations, %d missed\n", result.tried, result.missed);
}

/// The campaign would notice: a hole of a known kind, opened on purpose.
TEST(Mutations, AreMissedWhereSumsAreMadeToFitAgain) {
  EXPECT_GT(campaign(7, 60, true).missed, 0);
}

TEST(MutationsLong, OfARepositoryAreNeverTakenForSound) {
  const Campaign result = campaign(std::random_device()(), 2000, false);
  EXPECT_EQ(result.tried, 2000);
  EXPECT_EQ(result.missed, 0) << result.first_missed;
  std::printf("%d mutations, %d missed\n", result.tried, result.missed);
}

}  // namespace
}  // namespace pgassay::test
