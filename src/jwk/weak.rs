//! RSA keys that anybody could break.

/// Refuses moduli of other than 2048 to 8192 bits, even ones, exponents under 65537 or over 32 bits, and ROCA moduli.
pub(super) fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), &'static str> {
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
    Ok(())
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
