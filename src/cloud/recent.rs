//! What is remembered for as long as it is used, so that no map grows with every name
//! that a tenant ever gave.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// What was not used for this long is forgotten, in milliseconds.
const KEPT: i64 = 2 * 3_600_000;

/// How often that is looked for.
const SWEPT: i64 = 60_000;

/// Values by key, each with when it was last used, in milliseconds of any one clock.
pub struct Recent<K, V> {
    all: HashMap<K, (i64, V)>,
    swept: Option<i64>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            swept: None,
        }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// The value, made if there is none. Others that are no longer used are forgotten,
    /// but for those that `needed` holds back.
    pub fn entry(
        &mut self,
        key: K,
        now: i64,
        needed: impl Fn(&V) -> bool,
        new: impl FnOnce() -> V,
    ) -> &mut V {
        // A clock that is set back sweeps once more.
        if self.swept.is_none_or(|swept| (now - swept).abs() >= SWEPT) {
            self.swept = Some(now);
            let kept = |used: i64| (now - used).abs() < KEPT;
            self.all
                .retain(|_, (used, value)| kept(*used) || needed(value));
        }
        let (used, value) = self.all.entry(key).or_insert_with(|| (now, new()));
        *used = now;
        value
    }

    /// The value, if there is one.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.all.get(key).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.all.get_mut(key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_used_is_forgotten_and_what_is_needed_is_not() {
        let mut recent = Recent::default();
        let needed = |value: &i32| *value == 7;
        for n in 0..1000 {
            recent.entry(format!("made up {n}"), n, needed, || 0);
        }
        recent.entry("needed".to_owned(), 5, needed, || 7);
        recent.entry("used".to_owned(), 5, needed, || 0);
        recent.entry("used".to_owned(), KEPT - 1, needed, || 1);
        recent.entry("new".to_owned(), KEPT + SWEPT + 2000, needed, || 1);
        assert_eq!(recent.all.len(), 3);
        assert_eq!(recent.get("used"), Some(&0));
        assert_eq!(recent.get("needed"), Some(&7));
    }
}
