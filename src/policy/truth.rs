use std::ops::Not;

/// What can be said of a rule: Kleene's three values, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// It does not hold.
    False,
    /// The token does not tell. Neither the rule nor its opposite lets anybody in.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// All of them: the least. Nothing is not enough.
    pub(crate) fn all(each: impl Iterator<Item = Self>) -> Self {
        let mut least = None;
        for truth in each {
            if truth == Self::False {
                return truth;
            }
            least = Some(least.map_or(truth, |least: Self| least.min(truth)));
        }
        least.unwrap_or(Self::Unknown)
    }

    /// One of them: the greatest. Nothing is not enough.
    pub(crate) fn any(each: impl Iterator<Item = Self>) -> Self {
        let mut greatest = None;
        for truth in each {
            if truth == Self::True {
                return truth;
            }
            greatest = Some(greatest.map_or(truth, |greatest: Self| greatest.max(truth)));
        }
        greatest.unwrap_or(Self::Unknown)
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}
