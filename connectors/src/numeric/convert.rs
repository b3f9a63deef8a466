//! To and from integers and floats, with Postgres' rounding and errors.

use num_traits::ToPrimitive;

use super::failure::NumericError;
use super::number::Numeric;

impl From<i64> for Numeric {
    fn from(mantissa: i64) -> Self {
        Self::Small { mantissa, scale: 0 }
    }
}

impl Numeric {
    /// `float8::numeric`: 15 significant digits.
    pub fn from_f64(value: f64) -> Self {
        Self::from_float(value, 14)
    }

    /// `float4::numeric`: 6 significant digits.
    pub fn from_f32(value: f32) -> Self {
        Self::from_float(f64::from(value), 5)
    }

    fn from_float(value: f64, fraction_digits: usize) -> Self {
        if value.is_nan() {
            return Self::NaN;
        }
        if value.is_infinite() {
            return if value > 0.0 { Self::Infinity } else { Self::NegInfinity };
        }
        let printed = format!("{value:.fraction_digits$e}");
        let (digits, exponent) = printed.split_once('e').expect("exponent form has an exponent");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        format!("{digits}e{exponent}").parse().expect("a printed float is a number")
    }

    /// Nearest `double precision`; infinite when it is too large.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Small { mantissa, scale: 0 } => *mantissa as f64,
            Self::NaN => f64::NAN,
            Self::Infinity => f64::INFINITY,
            Self::NegInfinity => f64::NEG_INFINITY,
            _ => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// Nearest integer, half away from zero, for the type `target` (`bigint`) whose range the caller checks below 64 bits.
    pub fn to_i64(&self, target: &'static str) -> Result<i64, NumericError> {
        match self {
            Self::Small { mantissa, scale: 0 } => Ok(*mantissa),
            Self::NaN => Err(NumericError::NotAnInteger { value: "NaN", target }),
            Self::Infinity | Self::NegInfinity => Err(NumericError::NotAnInteger { value: "infinity", target }),
            _ => {
                let (mantissa, _) = self.round(0)?.to_parts().expect("finite");
                mantissa.to_i64().ok_or(NumericError::OutOfRange(target))
            }
        }
    }
}
