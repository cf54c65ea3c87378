#include "core/stream/sha256.h"

#include <gtest/gtest.h>

#include "core/system/error.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

// The examples of FIPS 180-4.
constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, IsWhatTheStandardSays) {
  EXPECT_EQ(sha256_of({}).hex(), kOfNothing);
  EXPECT_EQ(sha256_of(as_bytes("abc")).hex(), kOfAbc);
}

TEST(Sha256, DoesNotDependOnTheCuts) {
  Sha256Hasher hasher;
  hasher.add(as_bytes("a"));
  hasher.add({});
  hasher.add(as_bytes("bc"));
  EXPECT_EQ(hasher.finish().hex(), kOfAbc);
}

TEST(Sha256, StartsAnewAfterItsEnd) {
  Sha256Hasher hasher;
  hasher.add(as_bytes("something else"));
  hasher.finish();
  hasher.add(as_bytes("abc"));
  EXPECT_EQ(hasher.finish().hex(), kOfAbc);
}

TEST(Sha256, IsReadBackFromItsDigits) {
  EXPECT_EQ(Sha256::parse(kOfAbc), sha256_of(as_bytes("abc")));
  for (std::string text : {std::string(), std::string(kOfAbc).substr(1), std::string(kOfAbc) + "0",
                           "BA" + std::string(kOfAbc).substr(2), "g" + std::string(kOfAbc).substr(1)}) {
    EXPECT_THROW(Sha256::parse(text), Error) << text;
  }
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  test::TemporaryDir dir;
  const std::string contents(700'001, 'x');
  write_new_file(dir.path() / "file", contents);
  HashedFile hashed = hash_file(Place(dir.path()) / "file");
  EXPECT_EQ(hashed.bytes, contents.size());
  EXPECT_EQ(hashed.sha, sha256_of(as_bytes(contents)));
}

}  // namespace
}  // namespace pgassay
