//! Exact decimal arithmetic, for the float functions: `addf 0.1 0.2` is 0.3.

use crate::template::Failure;
use num_bigint::{BigInt, BigUint, Sign};

/// Decimal places of a quotient.
const QUOTIENT_PLACES: i64 = 16;

/// `digits * 10^exponent`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal that reads back as this float.
    ///
    /// # Errors
    /// For not-a-number and infinities.
    pub(super) fn from_float(float: f64) -> Result<Self, Failure> {
        if !float.is_finite() {
            let float = crate::golang::number::display_float(float);
            return Err(Failure::new(format!(
                "Cannot create a Decimal from {float}"
            )));
        }
        let scientific = format!("{float:e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let places = mantissa
            .split_once('.')
            .map_or(0, |(_, places)| places.len());
        let digits: i64 = mantissa.replace('.', "").parse().unwrap_or(0);
        let exponent: i64 = exponent.parse().unwrap_or(0);
        Ok(Decimal {
            digits: digits.into(),
            exponent: exponent - places as i64,
        })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        let text = format!("{}e{}", self.digits, self.exponent);
        // The sign of zero is lost in a decimal.
        text.parse().unwrap_or(0.0)
    }

    /// Bytes that the digits take.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.digits.bits() / 8).unwrap_or(usize::MAX)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Decimal {
            digits: self.digits_at(exponent) + other.digits_at(exponent),
            exponent,
        }
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Decimal {
            digits: self.digits_at(exponent) - other.digits_at(exponent),
            exponent,
        }
    }

    pub(super) fn multiply(&self, other: &Self) -> Self {
        Decimal {
            digits: &self.digits * &other.digits,
            exponent: self.exponent + other.exponent,
        }
    }

    /// The quotient to 16 decimal places, halves away from zero.
    ///
    /// # Errors
    /// For a divisor of zero.
    pub(super) fn divide(&self, other: &Self) -> Result<Self, Failure> {
        let divisor = other.digits.magnitude();
        if divisor.bits() == 0 {
            return Err(Failure::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + QUOTIENT_PLACES;
        let dividend = self.digits.magnitude();
        let (dividend, divisor) = if shift >= 0 {
            (dividend * power_of_ten(shift), divisor.clone())
        } else {
            (dividend.clone(), divisor * power_of_ten(-shift))
        };
        let mut quotient = &dividend / &divisor;
        let rest = dividend - &quotient * &divisor;
        if rest * 2u32 >= divisor {
            quotient += 1u32;
        }
        let negative = (self.digits.sign() == Sign::Minus) != (other.digits.sign() == Sign::Minus);
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        Ok(Decimal {
            digits: BigInt::from_biguint(sign, quotient),
            exponent: -QUOTIENT_PLACES,
        })
    }

    /// The digits for a smaller exponent.
    fn digits_at(&self, exponent: i64) -> BigInt {
        &self.digits * BigInt::from(power_of_ten(self.exponent - exponent))
    }
}

fn power_of_ten(exponent: i64) -> BigUint {
    BigUint::from(10u32).pow(u32::try_from(exponent).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(float: f64) -> Decimal {
        match Decimal::from_float(float) {
            Ok(decimal) => decimal,
            Err(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn exact_and_rounded_where_sprig_does() {
        assert_eq!(decimal(0.1).add(&decimal(0.2)).to_float(), 0.3);
        assert_eq!(decimal(1e21).subtract(&decimal(1.0)).to_float(), 1e21);
        assert_eq!(decimal(1.1).multiply(&decimal(-1.1)).to_float(), -1.21);
        let quotient = |a: f64, b: f64| decimal(a).divide(&decimal(b)).map(|d| d.to_float());
        assert_eq!(quotient(2.0, 3.0), Ok(0.666_666_666_666_666_7));
        assert_eq!(quotient(-2.0, 3.0), Ok(-0.666_666_666_666_666_7));
        assert_eq!(quotient(1.0, 300_000.0), Ok(3.333_333_333_3e-6));
        assert_eq!(quotient(1e-300, 1e300), Ok(0.0));
        assert!(quotient(1.0, 0.0).is_err());
        assert!(Decimal::from_float(f64::NAN).is_err());
    }
}
