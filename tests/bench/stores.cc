#include "tests/bench/stores.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/repository/identity.h"
#include "core/repository/repository.h"
#include "core/system/files.h"

namespace pgassay::bench {
namespace {

constexpr double kMostMib = 64;
const std::string kClear = "push", kSealed = "push, encrypted", kAgain = "push of an unchanged backup",
                  kCopy = "rclone copy --checksum --transfers 4", kFromStore = "restore --store, encrypted",
                  kFromDisk = "restore";

/// A repository with one backup, and stores below a prefix of their own for each run.
class Stores {
 public:
  Stores(const Lab& lab, const std::string& database) : lab_(lab), scratch_(lab.options().scratch) {
    if (std::getenv("PGASSAY_TEST_S3") == nullptr)
      throw std::runtime_error("export $(cat DIR/environment) of a running tests/store/rgw.sh first");
    backup_ = lab.backup(database, scratch_ / "repository");
    lab_.run({"age-keygen", "-o", scratch_ / "key"});
    recipient_ = lab_.run({"age-keygen", "-y", scratch_ / "key"}).out;
    recipient_.pop_back();
  }
  const Taken& backup() const { return backup_; }
  std::string repository() const { return scratch_ / "repository"; }

  /// Two stores, clear and sealed, that nothing was pushed to.
  void begin() {
    const std::string endpoint = std::getenv("PGASSAY_TEST_S3");
    prefix_ = "bench-" + random_hex(6);
    std::string text = "repository = \"" + repository() + "\"\n";
    for (const char* name : {"clear", "sealed"})
      text += fmt::format("[store.{0}]\nurl = \"s3://pgassay-test/{1}/{0}\"\nendpoint = \"{2}\"\n{3}", name,
                          prefix_, endpoint,
                          std::string(name) == "sealed"
                              ? fmt::format("recipients = [\"{}\"]\nidentity_file = \"key\"\n", recipient_)
                              : "");
    replace_file(Path(scratch_ / "config"), text);
    for (const char* name : {"clear", "sealed"}) pgassay({"store", "init", name});
  }
  Ran pgassay(std::vector<std::string> words) const {
    words.insert(words.begin(), lab_.options().pgassay);
    words.insert(words.end(), {"--config", scratch_ / "config", "--json", "--quiet"});
    return lab_.run(words);
  }
  Ran push(const std::string& store) const {
    return pgassay({"push", "latest", "-j", "4", "--store", store});
  }
  Ran restore(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {
        "restore", "latest", "-j", "2", "--create", "--into", "restored", "-d", lab_.conninfo("postgres")};
    words.insert(words.end(), more.begin(), more.end());
    return pgassay(words);
  }
  /// The backup's directory as it is.
  Ran rclone() const {
    return lab_.run({"rclone", "copy", "--checksum", "--transfers", "4", "--s3-provider", "Ceph",
                     "--s3-env-auth", "--s3-endpoint", std::getenv("PGASSAY_TEST_S3"), backup_.dir,
                     ":s3:pgassay-test/" + prefix_ + "/rclone"});
  }

 private:
  const Lab& lab_;
  ScratchDir scratch_;
  Taken backup_;
  std::string recipient_, prefix_;
};

void add(Results& results, const std::string& series, const Ran& ran) {
  results.add(series, ran.cost);
  results.add_peak(series, ran.peak_kib);
}

std::uint64_t number(const Ran& ran, const char* name) {
  return nlohmann::json::parse(ran.out).at("pushed").at(0).at(name).get<std::uint64_t>();
}

}  // namespace

void stores_one_table(Lab& lab) {
  Results results("stores: one large table, by way of an S3 server on this host");
  Stores stores(lab, "one_table");
  for (int run = 0; run < lab.options().runs; ++run) {
    stores.begin();
    add(results, kClear, stores.push("clear"));
    add(results, kSealed, stores.push("sealed"));
    results.add(kCopy, stores.rclone().cost);
    add(results, kFromStore, stores.restore({"--store", "sealed"}));
    lab.drop("restored");
    add(results, kFromDisk, stores.restore({}));
    lab.drop("restored");
    // Another backup of the same rows.
    const Taken second = lab.backup("one_table", stores.repository());
    const Ran again = stores.push("sealed");
    add(results, kAgain, again);
    results.print_figure("bytes of the second push",
                         100.0 * static_cast<double>(number(again, "bytes_sent")) /
                             static_cast<double>(read_manifest(second.place).summary.stored_bytes),
                         "%", {1});
  }
  results.print_series();
  results.print_ratio(kClear, kCopy, Target{1.0});
  results.print_ratio(kSealed, kCopy, Target{1.25});
  results.print_ratio(kFromStore, kFromDisk, Target{1.15});
  for (const std::string& series : {kClear, kSealed, kFromStore}) results.print_peak(series, kMostMib);
}

void stores_small_tables(Lab& lab) {
  Results results("stores: small tables, by way of an S3 server on this host");
  Stores stores(lab, "small_tables");
  for (int run = 0; run < lab.options().runs; ++run) {
    stores.begin();
    add(results, kClear, stores.push("clear"));
    const Ran sealed = stores.push("sealed");
    add(results, kSealed, sealed);
    results.print_figure("objects of a push", static_cast<double>(number(sealed, "objects_sent")), "", {400});
    results.add(kCopy, stores.rclone().cost);
  }
  results.print_series();
  results.print_ratio(kClear, kCopy, Target{0.2});
  results.print_ratio(kSealed, kCopy, Target{0.2});
  results.print_peak(kSealed, kMostMib);
}

}  // namespace pgassay::bench
