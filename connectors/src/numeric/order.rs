//! Numeric order: by value, whatever the scale; NaN equals itself and is greatest.

use std::cmp::Ordering;

use super::number::{Numeric, digit_count, power_of_ten};

impl Numeric {
    /// Postgres' order of numerics.
    pub fn numeric_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small { mantissa: a, scale: s }, Self::Small { mantissa: b, scale: t }) if s == t => a.cmp(b),
            (Self::Small { mantissa: a, scale: s }, Self::Small { mantissa: b, scale: t }) if s.abs_diff(*t) <= 19 => {
                let lift = |mantissa: &i64, by: u16| i128::from(*mantissa) * 10i128.pow(u32::from(by));
                lift(a, t.saturating_sub(*s)).cmp(&lift(b, s.saturating_sub(*t)))
            }
            _ if self.is_finite() && other.is_finite() => cmp_finite(self, other),
            _ => infinity_class(self).cmp(&infinity_class(other)),
        }
    }

    /// Postgres' equality of numerics.
    pub fn numeric_eq(&self, other: &Self) -> bool {
        self.numeric_cmp(other) == Ordering::Equal
    }

    /// The same value with the fewest digits after the point: one representation per value, for keys.
    pub fn normalized(&self) -> Self {
        match self {
            Self::Small { mantissa: 0, .. } => Self::ZERO,
            Self::Small { mantissa, scale } => {
                let (mut mantissa, mut scale) = (*mantissa, *scale);
                while scale > 0 && mantissa % 10 == 0 {
                    mantissa /= 10;
                    scale -= 1;
                }
                Self::Small { mantissa, scale }
            }
            Self::Big(parts) => {
                let digits = parts.0.magnitude().to_str_radix(10);
                let zeros = digits.len() - digits.trim_end_matches('0').len();
                let drop = zeros.min(usize::from(parts.1));
                if drop == 0 {
                    return self.clone();
                }
                Self::from_parts(&parts.0 / power_of_ten(drop as u32), parts.1 - drop as u16)
            }
            _ => self.clone(),
        }
    }
}

fn infinity_class(number: &Numeric) -> u8 {
    match number {
        Numeric::NegInfinity => 0,
        Numeric::Small { .. } | Numeric::Big(_) => 1,
        Numeric::Infinity => 2,
        Numeric::NaN => 3,
    }
}

/// Compares by sign, then by the place of the first digit, and only then digit by digit.
fn cmp_finite(left: &Numeric, right: &Numeric) -> Ordering {
    let (a, s) = left.to_parts().expect("finite");
    let (b, t) = right.to_parts().expect("finite");
    if a.sign() != b.sign() || left.is_zero() {
        return a.sign().cmp(&b.sign());
    }
    let place = |digits: usize, scale: u16| digits as i64 - i64::from(scale);
    let places = place(digit_count(&a), s).cmp(&place(digit_count(&b), t));
    if places != Ordering::Equal {
        return if left.is_negative() { places.reverse() } else { places };
    }
    (a * power_of_ten(u32::from(t.saturating_sub(s)))).cmp(&(b * power_of_ten(u32::from(s.saturating_sub(t)))))
}
