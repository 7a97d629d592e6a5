//! Small stand-ins for ids and places, for sessions that have hundreds of thousands of them.

/// Ids are kept by hash: a long session has hundreds of thousands, and each is only ever compared.
pub(crate) type Key = u128;

/// The key of an id made of these parts.
pub(crate) fn key_of(parts: &[&[u8]]) -> Key {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut key = [0; size_of::<Key>()];
    hasher.finalize_xof().fill(&mut key);
    Key::from_le_bytes(key)
}

/// A place in a list of steps or replies; four billion are never reached.
pub(crate) fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
