#include <gtest/gtest.h>

#include "core/store/s3_answer.h"
#include "core/store/s3_credentials.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

TEST(S3Answer, OfAListingIsRead) {
  const ListPage page = parse_list(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3\"><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>a&amp;b&lt;</NextContinuationToken>"
      "<Contents><Key>x%20y/1</Key><Size>12</Size></Contents><Contents><Key>z</Key><Size>0</Size></Contents>"
      "<CommonPrefixes><Prefix>d%2Fe/</Prefix></CommonPrefixes></ListBucketResult>");
  EXPECT_EQ(page.listing.objects, (std::vector<StoredObject>{{"x y/1", 12}, {"z", 0}}));
  EXPECT_EQ(page.listing.below, std::vector<std::string>{"d/e/"});
  EXPECT_EQ(page.next, "a&b<");
}

TEST(S3Answer, OfAListingThatIsCutIsNoEmptyOne) {
  EXPECT_THROW(parse_list("<ListBucketResult><Contents><Key>x</Key><Size>1</Size></Contents>"), Error);
  EXPECT_THROW(parse_list("<html>a proxy's page</html>"), Error);
  EXPECT_THROW(parse_list("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"), Error);
  EXPECT_THROW(
      parse_list("<ListBucketResult><Contents><Key>x</Key><Size>1x</Size></Contents></ListBucketResult>"),
      Error);
}

S3Failure failure(int status, const std::string& code, const std::string& more = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = "<Error><Code>" + code + "</Code><Message>two\nlines</Message>" + more + "</Error>";
  return failure_of(answer);
}

TEST(S3Answer, OfAFailureSaysWhatToDo) {
  EXPECT_THROW(throw_failure("o", failure(404, "NoSuchBucket")), UsageError);
  try {
    throw_failure("s3://b/o", failure(301, "PermanentRedirect", "<Region>eu-north-1</Region>"));
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "s3://b/o: PermanentRedirect: two lines (HTTP status 301)");
    EXPECT_NE(error.hint().find("eu-north-1"), std::string::npos);
  }
}

TEST(S3Answer, MayPassOrNot) {
  EXPECT_TRUE(is_transient(failure(503, "SlowDown")));
  EXPECT_TRUE(is_transient(failure(400, "RequestTimeout")));
  EXPECT_TRUE(is_transient(failure(500, "")));
  EXPECT_FALSE(is_transient(failure(403, "AccessDenied")));
  EXPECT_FALSE(is_transient(failure(501, "NotImplemented")));
  EXPECT_FALSE(is_transient(failure(403, "QuotaExceeded")));
}

TEST(S3Credentials, AreReadFromTheProfile) {
  const char* const text =
      "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B==\n\n[other]\r\n"
      "aws_access_key_id=C\r\naws_secret_access_key = D\r\naws_session_token = E\r\n";
  EXPECT_EQ(parse_credentials(text, "default", "f"), (Credentials{"A", "B==", ""}));
  EXPECT_EQ(parse_credentials(text, "other", "f"), (Credentials{"C", "D", "E"}));
  EXPECT_THROW(parse_credentials(text, "third", "f"), UsageError);
}

}  // namespace
}  // namespace pgassay
