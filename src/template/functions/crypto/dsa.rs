//! DSA keys, which only old programs still ask for: 2048 bits with a subgroup of 256 bits.

use super::der::{self, Reader, tag};
use crate::template::Failure;
use num_bigint::BigUint;
use std::time::{Duration, Instant};

const P_BITS: u64 = 2048;
const Q_BITS: u64 = 256;
/// Rounds of the probabilistic prime test.
const ROUNDS: usize = 64;
/// How many candidates for a prime are sieved at a time.
const WINDOW: usize = 4096;
/// Candidates with a smaller factor than this are not tested.
const SIEVE_LIMIT: u32 = 20_000;

/// Whether the data has the form of a key: version, p, q, g, public and private number.
pub(super) fn is_key(data: &[u8]) -> bool {
    let Some(sequence) = Reader::new(data).expect(tag::SEQUENCE) else {
        return false;
    };
    let mut fields = sequence.reader();
    (0..6).all(|_| fields.expect(tag::INTEGER).is_some()) && fields.is_empty()
}

/// A new key in DER.
///
/// # Errors
/// When no primes are found in time.
pub(super) fn generate(time_left: Duration) -> Result<Vec<u8>, Failure> {
    let deadline = Deadline(Instant::now().checked_add(time_left));
    let (p, q) = primes(&deadline)?;
    let one = BigUint::from(1u32);
    let exponent = (&p - &one) / &q;
    let g = (2u32..)
        .map(|h| BigUint::from(h).modpow(&exponent, &p))
        .find(|g| *g != one)
        .unwrap_or_default();
    // From the whole range from 1 on; 64 bits more than needed leave no bias.
    let x = random_bits(Q_BITS + 64) % (&q - &one) + &one;
    let y = g.modpow(&x, &p);
    let numbers: Vec<Vec<u8>> = [BigUint::default(), p, q, g, y, x]
        .iter()
        .map(|number| der::unsigned(&number.to_bytes_be()))
        .collect();
    Ok(der::value(tag::SEQUENCE, &numbers.concat()))
}

struct Deadline(Option<Instant>);

impl Deadline {
    fn check(&self) -> Result<(), Failure> {
        match self.0 {
            Some(end) if Instant::now() > end => Err(Failure::limit(
                "no DSA key was found in the time of slow functions",
            )),
            _ => Ok(()),
        }
    }
}

/// Primes p and q of which q divides p - 1.
fn primes(deadline: &Deadline) -> Result<(BigUint, BigUint), Failure> {
    let one = BigUint::from(1u32);
    let q = loop {
        deadline.check()?;
        let candidate = with_ends_set(random_bits(Q_BITS), Q_BITS);
        if is_prime(&candidate, deadline)? {
            break candidate;
        }
    };
    let step = &q * 2u32;
    let small = small_primes();
    loop {
        let start = with_ends_set(random_bits(P_BITS), P_BITS);
        let first = &start - (&start % &step) + &one;
        for offset in unsieved(&first, &step, &small) {
            deadline.check()?;
            let candidate = &first + &step * offset;
            if candidate.bits() == P_BITS && is_prime(&candidate, deadline)? {
                return Ok((candidate, q));
            }
        }
    }
}

fn random_bits(bits: u64) -> BigUint {
    let bytes: Vec<u8> = (0..bits.div_ceil(8)).map(|_| rand::random()).collect();
    BigUint::from_bytes_be(&bytes)
}

/// Odd, and as long as it is said to be.
fn with_ends_set(mut number: BigUint, bits: u64) -> BigUint {
    number.set_bit(0, true);
    number.set_bit(bits - 1, true);
    number
}

fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for number in 3..SIEVE_LIMIT {
        let divides = |prime: &&u32| number % **prime == 0;
        let candidates = primes
            .iter()
            .take_while(|prime| **prime * **prime <= number);
        if number % 2 == 1 && candidates.clone().find(divides).is_none() {
            primes.push(number);
        }
    }
    primes
}

/// The offsets below [`WINDOW`] for which `first + offset * step` has no small factor.
fn unsieved(first: &BigUint, step: &BigUint, primes: &[u32]) -> Vec<u32> {
    let mut composite = [false; WINDOW];
    for prime in primes {
        let remainder = |number: &BigUint| {
            let remainder = number % *prime;
            u32::try_from(remainder).unwrap_or_default()
        };
        let (mut at, step) = (remainder(first), remainder(step));
        for place in &mut composite {
            *place |= at == 0;
            at = (at + step) % prime;
        }
    }
    let offsets = (0u32..).zip(composite);
    offsets
        .filter(|(_, composite)| !composite)
        .map(|(offset, _)| offset)
        .collect()
}

/// The test of Miller and Rabin, with random bases.
fn is_prime(number: &BigUint, deadline: &Deadline) -> Result<bool, Failure> {
    let one = BigUint::from(1u32);
    let last = number - &one;
    let twos = last.trailing_zeros().unwrap_or_default();
    let odd = &last >> twos;
    for round in 0..ROUNDS {
        if round > 0 {
            deadline.check()?;
        }
        let base = random_bits(number.bits() + 64) % (number - 3u32) + 2u32;
        let mut power = base.modpow(&odd, number);
        if power == one || power == last {
            continue;
        }
        let mut composite = true;
        for _ in 1..twos {
            power = &power * &power % number;
            if power == last {
                composite = false;
                break;
            }
        }
        if composite {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_and_composites() {
        let never = Deadline(None);
        for prime in [5u64, 65_537, 18_446_744_073_709_551_557] {
            assert_eq!(is_prime(&BigUint::from(prime), &never), Ok(true), "{prime}");
        }
        // The second one is a Carmichael number.
        for composite in [9u64, 561, 18_446_744_073_709_551_555] {
            assert_eq!(
                is_prime(&BigUint::from(composite), &never),
                Ok(false),
                "{composite}"
            );
        }
    }

    #[test]
    fn sieving_leaves_what_has_no_small_factor() {
        let (first, step) = (BigUint::from(101u32), BigUint::from(6u32));
        let left = unsieved(&first, &step, &[3, 5, 7]);
        let expected: Vec<u32> = (0..WINDOW as u32)
            .filter(|offset| {
                [3, 5, 7]
                    .iter()
                    .all(|prime| (101 + 6 * offset) % prime != 0)
            })
            .collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn the_time_is_kept() {
        let result = generate(Duration::ZERO);
        assert!(result.is_err_and(|failure| failure.limit));
    }
}
