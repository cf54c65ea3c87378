// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#include <gtest/gtest.h>

#include "core/store/s3_sign.h"
#include "core/stream/sha256.h"

namespace pgassay {
namespace {

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", {}};

std::string signature(SignedParts parts) {
  parts.host = "examplebucket.s3.amazonaws.com";
  if (parts.payload_sha.empty()) parts.payload_sha = sha256_of({}).hex();
  const auto headers = sign(parts, kExample, "us-east-1", parse_rfc3339("2013-05-24T00:00:00Z"));
  const std::string& text = headers.at("authorization");
  return text.substr(text.rfind('=') + 1);
}

TEST(S3Sign, GivesTheSignatureOfAwsExampleOfAnObjectThatIsRead) {
  EXPECT_EQ(signature({.method = "GET",
                       .host = {},
                       .path = "/test.txt",
                       .query = {},
                       .headers = {{"range", "bytes=0-9"}},
                       .payload_sha = {}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Sign, GivesTheSignatureOfAwsExampleOfAnObjectThatIsWritten) {
  EXPECT_EQ(signature({.method = "PUT",
                       .host = {},
                       .path = "/test$file.text",
                       .query = {},
                       .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                       .payload_sha = sha256_of(as_bytes("Welcome to Amazon S3.")).hex()}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Sign, GivesTheSignatureOfAwsExampleOfAQueryWithoutAValue) {
  EXPECT_EQ(signature({.method = "GET",
                       .host = {},
                       .path = "/",
                       .query = {{"lifecycle", ""}},
                       .headers = {},
                       .payload_sha = {}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Sign, GivesTheSignatureOfAwsExampleOfAListing) {
  EXPECT_EQ(signature({.method = "GET",
                       .host = {},
                       .path = "/",
                       .query = {{"max-keys", "2"}, {"prefix", "J"}},
                       .headers = {},
                       .payload_sha = {}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Sign, SendsTheTokenAndSignsIt) {
  Credentials credentials = kExample;
  credentials.session_token = "a token";
  const SignedParts parts{
      .method = "GET", .host = "h", .path = "/", .query = {}, .headers = {}, .payload_sha = "x"};
  const auto headers = sign(parts, credentials, "us-east-1", parse_rfc3339("2013-05-24T00:00:00Z"));
  EXPECT_EQ(headers.at("x-amz-security-token"), "a token");
  EXPECT_NE(headers.at("authorization").find("x-amz-security-token"), std::string::npos);
}

TEST(S3Sign, EncodesAsAwsDoes) {
  EXPECT_EQ(uri_encode("a b~c=d/e%f+é", true), "a%20b~c%3Dd/e%25f%2B%C3%A9");
  EXPECT_EQ(uri_encode("a/b", false), "a%2Fb");
  EXPECT_EQ(uri_decode("a%20b~c%3Dd/e%25f%2B%C3%A9"), "a b~c=d/e%f+é");
  EXPECT_EQ(uri_decode("%zz%4"), "%zz%4");
  EXPECT_EQ(canonical_query({{"b", "1"}, {"a b", "x/y"}, {"c", ""}}), "a%20b=x%2Fy&b=1&c=");
}

}  // namespace
}  // namespace pgassay
