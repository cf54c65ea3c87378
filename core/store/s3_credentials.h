#pragma once

#include "core/store/s3_sign.h"
#include "core/system/fd.h"

namespace pgassay {

/// Where the keys of an S3 store come from. Nothing of them is in argv, a log or a message.
struct CredentialsFrom {
  Path file;  ///< [store.NAME] credentials_file; empty: not said
};

/// A file that is named; else AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; else
/// AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials. Of a file the section [AWS_PROFILE], else [default].
/// Throws UsageError.
Credentials read_credentials(const CredentialsFrom& from);

/// As `aws configure` writes it. Throws UsageError, without a value of the file.
Credentials parse_credentials(std::string_view text, const std::string& profile, const Path& name_for_errors);

}  // namespace pgassay
