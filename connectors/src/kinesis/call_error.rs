//! Why Kinesis gave no answer: <https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html>.

use serde::Deserialize;
use ureq::http::StatusCode;

/// Rights that reading takes.
const RIGHTS: &str = "let it do kinesis:DescribeStreamSummary, kinesis:ListShards, kinesis:GetShardIterator and kinesis:GetRecords \
                      on the stream";

/// Why a question was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// Nobody answers, or the server itself failed.
    Unreachable(String),
    /// Too much was asked for.
    Throttled(String),
    /// An iterator is too old.
    Expired,
    /// There is no such stream, or no such shard of it.
    Missing(String),
    /// The stream is being made or taken away.
    Busy(String),
    /// What was asked makes no sense to the server.
    Invalid(String),
    /// Someone must act.
    Refused { message: String, hint: String },
    /// An answer of another form.
    Garbled(String),
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl CallError {
    /// What an answer with another status than 200 says.
    pub(super) fn answered(operation: &str, status: StatusCode, text: &str) -> Self {
        let said = serde_json::from_str(text).ok();
        let Some(Said { kind, message }) = said else {
            let message = format!("{operation}: it answers with status {status} and no JSON");
            return match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                true => Self::Unreachable(message),
                false => Self::Refused { message, hint: "\"endpoint\" must be the address of Kinesis".into() },
            };
        };
        let kind = kind.rsplit('#').next().unwrap_or_default();
        let words = message.map(|message| format!(": {message}")).unwrap_or_default();
        let message = format!("{operation}: {kind}{words}");
        match kind {
            "ProvisionedThroughputExceededException"
            | "LimitExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "KMSThrottlingException"
            | "RequestLimitExceeded" => Self::Throttled(message),
            "ExpiredIteratorException" => Self::Expired,
            "ResourceNotFoundException" => Self::Missing(message),
            "ResourceInUseException" => Self::Busy(message),
            "InvalidArgumentException" | "ValidationException" => Self::Invalid(message),
            _ => match hint(kind) {
                // The words about a signature repeat what was signed, the token with it.
                Some((hint, is_told)) => {
                    let message = if is_told { message } else { format!("{operation}: {kind}") };
                    Self::Refused { message, hint: hint.into() }
                }
                None if status.is_server_error() => Self::Unreachable(message),
                None => Self::Refused { message, hint: "this is not known here; see what Kinesis says".into() },
            },
        }
    }
}

/// What to do about what does not pass by itself, and whether the server's own words may be shown.
fn hint(kind: &str) -> Option<(&'static str, bool)> {
    Some(match kind {
        "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId" => {
            ("check \"access_key\", \"session_token\" and \"region\"", true)
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignatureException"
        | "IncompleteSignature" => ("check \"secret_key\", \"region\" and this machine's clock", false),
        "MissingAuthenticationTokenException" | "MissingAuthenticationToken" => {
            ("set \"access_key\" and \"secret_key\"", false)
        }
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
            ("\"session_token\" has expired, or this machine's clock is wrong: give new keys and start again", false)
        }
        "AccessDeniedException" | "NotAuthorized" | "AccessDenied" => (RIGHTS, true),
        "KMSAccessDeniedException"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException"
        | "KMSOptInRequired" => {
            ("let it decrypt with the stream's key (kms:Decrypt), and see that the key is enabled", true)
        }
        "OptInRequired" | "SubscriptionRequiredException" => ("enable the region for the account", true),
        "UnknownOperationException" => ("\"endpoint\" must be the address of Kinesis", true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, text: &str) -> CallError {
        CallError::answered("GetRecords", StatusCode::from_u16(status).expect("a status"), text)
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_someone_must_act_on() {
        let of = |kind: &str| {
            answered(400, &format!(r#"{{"__type":"com.amazonaws.kinesis.v20131202#{kind}","message":"words"}}"#))
        };
        assert_eq!(of("ExpiredIteratorException"), CallError::Expired);
        let throttled = "ProvisionedThroughputExceededException";
        assert_eq!(of(throttled), CallError::Throttled(format!("GetRecords: {throttled}: words")));
        assert!(matches!(of("ResourceNotFoundException"), CallError::Missing(_)));
        assert!(matches!(of("ResourceInUseException"), CallError::Busy(_)));
        let CallError::Refused { message, hint } = of("AccessDeniedException") else { panic!("refused") };
        assert!(message.ends_with("words") && hint.contains("kinesis:GetRecords"), "{message} {hint}");
        assert!(matches!(answered(500, r#"{"__type":"InternalFailure"}"#), CallError::Unreachable(_)));
        assert!(matches!(answered(503, "<html>"), CallError::Unreachable(_)));
        let CallError::Refused { hint, .. } = answered(404, "<html>") else { panic!("refused") };
        assert!(hint.contains("endpoint"), "{hint}");
    }

    #[test]
    fn what_is_said_of_a_signature_is_not_repeated() {
        let text = r#"{"__type":"InvalidSignatureException","message":"The Canonical String should have been 'x-amz-security-token:secret'"}"#;
        let CallError::Refused { message, hint } = answered(403, text) else { panic!("refused") };
        assert!(!message.contains("secret") && hint.contains("\"secret_key\""), "{message} {hint}");
    }
}
