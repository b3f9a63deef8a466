//! What an error of Kafka means for the pipeline: try again, or someone must act. Texts name brokers and topics, never a key
//! or a value.

use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::kafka::connection::{IDENTITY_HINT, is_alert};
use crate::sink::SinkError;

/// Names the sink and where it writes, for messages.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) sink: String,
    pub(super) brokers: String,
    pub(super) topic: String,
    pub(super) cursor_topic: String,
    pub(super) transactional_id: String,
    /// What its clients say of brokers.
    pub(super) words: Words,
}

/// What clients said last of a broker, with what it is about; no secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(Arc<Mutex<Option<(Code, String)>>>);

impl Words {
    pub(super) fn hear(&self, error: &KafkaError, reason: &str) {
        // That none is reached says less than why one is not.
        if let Some(code) = error.rdkafka_error_code().filter(|code| *code != Code::AllBrokersDown) {
            *self.0.lock() = Some((code, reason.to_owned()));
        }
    }

    /// Whether a broker refuses our certificate.
    fn is_alert(&self) -> bool {
        self.0.lock().as_ref().is_some_and(|(_, words)| is_alert(words))
    }

    /// The last ones, in front of which something stands.
    fn behind(&self, message: &str) -> String {
        let words = self.0.lock();
        words.as_ref().map_or_else(|| message.to_owned(), |(_, words)| format!("{message}: {words}"))
    }

    /// The last ones, if they are about this.
    fn of(&self, code: Code) -> String {
        let words = self.0.lock();
        words.as_ref().filter(|(about, _)| *about == code).map_or_else(|| code.to_string(), |(_, words)| words.clone())
    }
}

impl Place {
    /// Trying again may help.
    pub(super) fn unavailable(&self, message: impl Into<String>) -> SinkError {
        SinkError::Unavailable { sink: self.sink.clone(), message: message.into() }
    }

    /// No broker is reached.
    pub(super) fn unreached(&self) -> SinkError {
        self.unavailable(self.words.behind(&format!("no broker at {} is reached", self.brokers)))
    }

    /// Someone must act.
    pub(super) fn refused(&self, message: impl Into<String>, hint: impl Into<String>) -> SinkError {
        SinkError::Refused { sink: self.sink.clone(), message: message.into(), hint: hint.into() }
    }

    /// Sorts an error of the client or of a broker.
    pub(super) fn sort(&self, error: &KafkaError) -> SinkError {
        match (error, error.rdkafka_error_code()) {
            (KafkaError::ClientConfig(_, words, name, _), _) => {
                let hint = "look at the section's settings of TLS and login";
                self.refused(format!("the client does not accept its setting {name}: {words}"), hint)
            }
            (KafkaError::ClientCreation(words), _) => {
                self.refused(format!("there is no client: {words}"), "look at the section's settings of TLS and login")
            }
            (KafkaError::AdminOp(code), _) => self.sort_code(*code),
            (_, Some(code)) => self.sort_code(code),
            _ => self.unavailable(format!("kafka at {}: {error}", self.brokers)),
        }
    }

    /// Sorts a code.
    pub(super) fn sort_code(&self, code: Code) -> SinkError {
        let Self { brokers, topic, cursor_topic, transactional_id, words, .. } = self;
        let said = format!("kafka at {brokers}: {}", words.of(code));
        match code {
            Code::BrokerTransportFailure if words.is_alert() => self.refused(said, IDENTITY_HINT),
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState => self.refused(said, "check \"sasl\", \"user\" and \"password\" of the sink"),
            Code::SSL => self.refused(said, "check \"tls_ca\", \"tls_certificate\" and \"tls_key\" of the sink"),
            Code::TopicAuthorizationFailed => self.refused(
                said,
                format!(
                    "allow the user Describe, DescribeConfigs, Read and Write on the topics \"{topic}\" and \"{cursor_topic}\", and \
                     Create where one is missing"
                ),
            ),
            Code::TransactionalIdAuthorizationFailed | Code::ClusterAuthorizationFailed => self.refused(
                said,
                format!("allow the user Describe and Write on the transactional id \"{transactional_id}\""),
            ),
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => self.refused(
                format!("a row is larger than topic \"{topic}\" takes: {code}"),
                format!(
                    "kafka-configs.sh --bootstrap-server {brokers} --alter --entity-type topics --entity-name {topic} --add-config \
                     max.message.bytes=BYTES, then start again"
                ),
            ),
            Code::InvalidTransactionTimeout => self.refused(
                said,
                "the brokers' transaction.max.timeout.ms is shorter than twice the sink's \"timeout\": raise the one or lower the other",
            ),
            Code::InvalidTopic | Code::PolicyViolation | Code::InvalidConfig | Code::InvalidReplicationFactor => {
                self.refused(said, "make the topics yourself, or change \"topic\", \"replication\" or \"topic_config\"")
            }
            Code::UnsupportedFeature | Code::UnsupportedVersion | Code::UnsupportedForMessageFormat => {
                self.refused(said, "brokers of Kafka 2.5 or newer are needed")
            }
            Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => self.unavailable(format!(
                "{said} (another producer has begun as \"{transactional_id}\", or a transaction took too long)"
            )),
            _ => self.unavailable(said),
        }
    }
}
