//! Errors of the client as errors of a source.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use smol_str::SmolStr;

use super::connection::{IDENTITY_HINT, is_alert};
use super::position::KafkaPosition;
use super::reader::LostColumns;
use crate::position::Position;
use crate::source::SourceError;

/// Makes errors of one source.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    pub(super) source: SmolStr,
}

/// What ends a round of messages is to the one who reads them.
#[derive(Debug)]
pub(super) enum Told {
    /// The client deals with it by itself.
    Nothing,
    /// What was asked for is not there: removed, or never written.
    OutOfRange,
    /// A message whose schema lacks columns.
    Lost(LostColumns),
    /// The end of the run.
    Fault(SourceError),
}

impl Faults {
    pub(super) fn unavailable(&self, message: impl Into<String>) -> SourceError {
        SourceError::Unavailable { source_name: self.source.to_string(), message: message.into() }
    }

    pub(super) fn refused(&self, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        SourceError::Refused { source_name: self.source.to_string(), message: message.into(), hint: hint.into() }
    }

    pub(super) fn table(&self, table: &str, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        let (source_name, table) = (self.source.to_string(), table.to_owned());
        SourceError::Table { source_name, table, message: message.into(), hint: hint.into() }
    }

    pub(super) fn protocol(&self, message: impl Into<String>) -> SourceError {
        SourceError::Protocol { source_name: self.source.to_string(), message: message.into() }
    }

    /// What is held cannot be continued; a rebuild reads the topics from their beginnings.
    pub(super) fn cannot_resume(&self, position: &KafkaPosition, reason: impl Into<String>) -> SourceError {
        SourceError::CannotResume {
            source_name: self.source.to_string(),
            position: Position::Kafka(position.clone()),
            reason: reason.into(),
            hint: format!(
                "run \"tailwater rebuild source {}\": the topics are read again from their beginnings, beside what is served",
                self.source
            ),
        }
    }

    /// Of a question that was answered with an error.
    pub(super) fn asked(&self, what: &str, error: &KafkaError) -> SourceError {
        let message = format!("{what}: {error}");
        match error.rdkafka_error_code().map(definite) {
            Some(Some(hint)) => self.refused(message, hint),
            _ => self.unavailable(message),
        }
    }

    /// Of what came in place of a message; `reason` is what the client said beside it.
    pub(super) fn told(&self, error: &KafkaError, reason: &str) -> Told {
        use RDKafkaErrorCode as Code;
        let said = || if reason.is_empty() { error.to_string() } else { reason.to_owned() };
        let code = match error {
            KafkaError::PartitionEOF(_) => return Told::Nothing,
            KafkaError::MessageConsumptionFatal(_) => return Told::Fault(self.unavailable(said())),
            other => other.rdkafka_error_code().unwrap_or(Code::Unknown),
        };
        if let Some(hint) = definite(code) {
            return Told::Fault(self.refused(said(), hint));
        }
        match code {
            _ if is_alert(reason) => Told::Fault(self.refused(said(), IDENTITY_HINT)),
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => Told::OutOfRange,
            // Brokers come and go; a client that reaches none says so.
            Code::BrokerTransportFailure
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::NotCoordinator
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::GroupAuthorizationFailed
            | Code::WaitingForCoordinator => Told::Nothing,
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopicId => {
                Told::Fault(self.unavailable(format!("a topic, or a partition of one, is not there: {}", said())))
            }
            Code::BadMessage | Code::BadCompression | Code::InvalidMessage | Code::MessageSizeTooLarge => {
                Told::Fault(self.protocol(said()))
            }
            _ => Told::Fault(self.unavailable(said())),
        }
    }
}

/// What to do about an error that does not pass by itself.
fn definite(code: RDKafkaErrorCode) -> Option<&'static str> {
    use RDKafkaErrorCode as Code;
    Some(match code {
        Code::Authentication | Code::SaslAuthenticationFailed => "check \"sasl\", \"user\" and \"password\"",
        Code::SSL => "check \"tls\", \"tls_ca\" and the brokers' certificates",
        Code::TopicAuthorizationFailed => "let the user read and describe the topic (kafka-acls --operation Read)",
        Code::ClusterAuthorizationFailed => "let the user read from the cluster",
        Code::UnsupportedSASLMechanism => "name a mechanism in \"sasl\" that the brokers offer",
        _ => return None,
    })
}
