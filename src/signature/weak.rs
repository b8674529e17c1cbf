//! Public keys whose signatures anyone can forge: no private key is needed, or it can be computed.

use std::sync::LazyLock;

/// Refuses RSA keys whose modulus has other than 2048 to 8192 bits or can be factored cheaply, and exponents that are
/// even, below 65537 or longer than 32 bits. Both numbers are big-endian, without leading zeros.
///
/// # Errors
///
/// Says what is wrong with the key.
pub(crate) fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), &'static str> {
    const LONGEST_EXPONENT: usize = 4;
    const SMALLEST_EXPONENT: u32 = 65_537;
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err("is not of 2048 to 8192 bits");
    }
    if exponent.len() > LONGEST_EXPONENT {
        return Err("has too large an exponent");
    }
    let exponent = exponent.iter().fold(0_u32, |exponent, &byte| exponent << 8 | u32::from(byte));
    if exponent < SMALLEST_EXPONENT || exponent % 2 == 0 {
        return Err("has a weak exponent");
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err("has an even modulus");
    }
    if is_roca(modulus) {
        return Err("has a modulus that can be factored (ROCA, CVE-2017-15361)");
    }
    if has_small_factor(modulus) {
        return Err("has a modulus that can be factored (a prime below 65536 divides it)");
    }
    Ok(())
}

/// Refuses Ed25519 keys whose point is of small order, or not in the one encoding that
/// [RFC 8032, section 5.1.3](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.3) allows.
///
/// A point of small order verifies signatures that were made without any private key.
///
/// # Errors
///
/// Says what is wrong with the key.
pub(crate) fn check_ed25519(key: &[u8]) -> Result<(), &'static str> {
    // The y-coordinates of the eight points whose order divides 8, little-endian; x is told apart by the sign bit alone.
    // The two of order 8 are the square roots y of (−1 ± √(1 + d)) / d modulo p = 2^255 − 19.
    const SMALL_ORDER: [[u8; LENGTH]; 5] = [
        little_endian(0, 0, 0),
        little_endian(1, 0, 0),
        little_endian(0xec, 0xff, 0x7f),
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
    ];
    const LENGTH: usize = 32;
    const SIGN: u8 = 0x80;

    const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; LENGTH] {
        let mut bytes = [middle; LENGTH];
        bytes[0] = first;
        bytes[LENGTH - 1] = last;
        bytes
    }

    let Ok(mut y) = <[u8; LENGTH]>::try_from(key) else { return Err("is not of 32 bytes") };
    y[LENGTH - 1] &= !SIGN;
    if SMALL_ORDER.contains(&y) {
        return Err("is a point of small order, so that anybody can forge its signatures");
    }
    // From p to 2^255 − 1: the same point has another encoding, and a few of these are of small order too.
    let is_reduced = y[LENGTH - 1] != 0x7f || y[1..LENGTH - 1].iter().any(|&byte| byte != 0xff) || y[0] < 0xed;
    if is_reduced { Ok(()) } else { Err("is not encoded as RFC 8032 demands") }
}

/// Whether the modulus is of the form that the faulty generator of CVE-2017-15361 made: modulo each of the first primes
/// a power of 65537 (Nemec et al., "The Return of Coppersmith's Attack", §3). A sound modulus passes by chance less than
/// once in 2^27.
fn is_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
        109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    const GENERATOR: u32 = 65_537;
    PRIMES.into_iter().all(|prime| {
        let rest = modulus.iter().fold(0, |rest, &byte| (rest << 8 | u32::from(byte)) % prime);
        let mut power = 1;
        (0..prime).any(|_| {
            let found = power == rest;
            power = power * (GENERATOR % prime) % prime;
            found
        })
    })
}

/// Odd primes below 2^16, several at a time: their product fills one word.
struct Primes {
    product: u64,
    /// −1 / `product` modulo 2^64.
    inverse: u64,
    primes: Vec<u64>,
}

/// Whether an odd prime below 2^16 divides `modulus`, which is odd.
pub(super) fn has_small_factor(modulus: &[u8]) -> bool {
    static ALL: LazyLock<Vec<Primes>> = LazyLock::new(Primes::all);
    let words: Vec<u64> =
        modulus.rchunks(8).map(|chunk| chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte))).collect();
    ALL.iter().any(|several| several.divide(&words))
}

impl Primes {
    fn new(primes: Vec<u64>) -> Self {
        let product: u64 = primes.iter().product();
        // Newton's iteration doubles the bits that are right: an odd number is its own inverse modulo 8.
        let inverse =
            (0..5).fold(product, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(product.wrapping_mul(inverse))));
        Self { product, inverse: inverse.wrapping_neg(), primes }
    }

    fn all() -> Vec<Self> {
        const LIMIT: usize = 1 << 16;
        let mut is_composite = vec![false; LIMIT];
        let mut all = Vec::new();
        let (mut product, mut primes) = (1_u64, Vec::new());
        for number in (3..LIMIT).step_by(2) {
            if is_composite[number] {
                continue;
            }
            for multiple in (number * number..LIMIT).step_by(2 * number) {
                is_composite[multiple] = true;
            }
            let prime = number as u64;
            product = product.checked_mul(prime).unwrap_or_else(|| {
                all.push(Self::new(std::mem::take(&mut primes)));
                prime
            });
            primes.push(prime);
        }
        all.push(Self::new(primes));
        all
    }

    /// Whether one of them divides the number with these words, the lowest first.
    ///
    /// Montgomery reduction by one word at a time: two multiplications instead of a division. A key of 2048 bits takes
    /// 0.3 ms in all, where plain remainders by 6,541 primes take 4 ms: a set of 1,000 new keys would take seconds.
    fn divide(&self, words: &[u64]) -> bool {
        let rest = words.iter().fold(0_u64, |carry, &word| {
            let sum = u128::from(carry) + u128::from(word);
            let factor = (sum as u64).wrapping_mul(self.inverse);
            // The low word becomes 0. A carry is at most product + 1, so that nothing overflows.
            ((sum + u128::from(factor) * u128::from(self.product)) >> 64) as u64
        });
        // What is left is the number times a power of 1/2, which changes no divisibility by an odd prime.
        self.primes.iter().any(|prime| rest % prime == 0)
    }
}

/// For tests: increases `modulus` to the next number without a small factor.
#[cfg(test)]
pub(crate) fn next_without_small_factor(modulus: &mut [u8]) {
    while has_small_factor(modulus) {
        let mut carry = 2;
        for byte in modulus.iter_mut().rev() {
            let sum = u16::from(*byte) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    }
}
