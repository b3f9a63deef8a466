//! What one would tell Debezium's connector, and Kafka Connect's converter, about how messages look.

/// The settings, with the words and the defaults that Debezium and Kafka Connect have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebeziumStyle {
    /// `schemas.enable` of the converter: every key and value carries its schema.
    pub schemas: bool,
    /// `decimal.handling.mode`
    pub decimals: Decimals,
    /// `interval.handling.mode`
    pub intervals: Intervals,
}

impl Default for DebeziumStyle {
    fn default() -> Self {
        Self { schemas: true, decimals: Decimals::default(), intervals: Intervals::default() }
    }
}

/// How decimals are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimals {
    /// As they are printed.
    String,
    /// Digits in two's complement, in base64; their scale is in the schema, or beside them where the type has none.
    #[default]
    Precise,
    /// As numbers, with the loss that this is.
    Double,
}

impl Decimals {
    /// All of them with their names.
    pub const ALL: [(Self, &str); 3] = [(Self::String, "string"), (Self::Precise, "precise"), (Self::Double, "double")];
}

/// How intervals are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intervals {
    /// `P1Y2M3DT4H5M6.78S`
    String,
    /// Microseconds, a month taken for 365.25 / 12 days.
    #[default]
    Numeric,
}

impl Intervals {
    /// All of them with their names.
    pub const ALL: [(Self, &str); 2] = [(Self::String, "string"), (Self::Numeric, "numeric")];
}
