//! Which collation an expression has, derived as Postgres' `parse_collate.c` derives it: a COLLATE beats what columns
//! say, the database's default gives way to any other, and two others of the same strength leave it open.

use std::sync::Arc;

use tailwater_connectors::{Collation, SqlType};

use super::failure::Typed;

/// A collation; `None` is the database's default.
pub type AnyCollation = Option<Arc<Collation>>;

/// The collation of an expression, and how strongly it has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Derivation {
    /// The type has no collation, or it is a column that got none.
    #[default]
    None,
    /// From columns and constants.
    Implicit(AnyCollation),
    /// Columns of these two collations meet: none is derived.
    Conflict(AnyCollation, AnyCollation),
    /// From COLLATE.
    Explicit(AnyCollation),
    /// Two COLLATE clauses meet: Postgres refuses that wherever it stands.
    Mismatch(AnyCollation, AnyCollation),
}

impl Derivation {
    /// Of a value of this type that nothing collatable went into.
    pub fn of_type(sql_type: &SqlType) -> Self {
        if is_collatable(sql_type) { Self::Implicit(None) } else { Self::None }
    }

    /// Of a result of this type made from these.
    pub fn of_result<'t>(sql_type: &SqlType, inputs: impl IntoIterator<Item = &'t Typed>) -> Self {
        if !is_collatable(sql_type) {
            return Self::None;
        }
        match Self::merged(inputs) {
            Self::None => Self::Implicit(None),
            merged => merged,
        }
    }

    /// Of operands that are compared with each other.
    pub fn merged<'t>(inputs: impl IntoIterator<Item = &'t Typed>) -> Self {
        inputs.into_iter().fold(Self::None, |all, input| all.with(input.collation.clone()))
    }

    /// What a column has that holds it: COLLATE counts no more than a column's declaration.
    pub fn settled(self) -> Self {
        match self {
            Self::Explicit(collation) => Self::Implicit(collation),
            Self::Conflict(..) | Self::Mismatch(..) => Self::None,
            other => other,
        }
    }

    fn with(self, other: Self) -> Self {
        match (self.strength().cmp(&other.strength()), self, other) {
            (std::cmp::Ordering::Less, _, stronger) | (std::cmp::Ordering::Greater, stronger, _) => stronger,
            (_, Self::Implicit(one), Self::Implicit(other)) => match (one, other) {
                (one, other) if one == other => Self::Implicit(one),
                (None, other) | (other, None) => Self::Implicit(other),
                (one, other) => Self::Conflict(one, other),
            },
            (_, Self::Explicit(one), Self::Explicit(other)) if one != other => Self::Mismatch(one, other),
            (_, same, _) => same,
        }
    }

    fn strength(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Implicit(_) => 1,
            Self::Conflict(..) => 2,
            Self::Explicit(_) => 3,
            Self::Mismatch(..) => 4,
        }
    }
}

/// Whether values of a type are compared by a collation.
pub fn is_collatable(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Text | SqlType::Bpchar | SqlType::Unknown => true,
        SqlType::Array(element) => is_collatable(element),
        _ => false,
    }
}
