//! Files that a text names: what it imports, includes, runs or reads.

/// How much of a text is looked at, in bytes.
const SEARCHED: usize = 1 << 16;
/// Names that are taken of one text.
const MOST: usize = 64;
/// Words after which a name stands for a file of that name with some ending.
const IMPORTS: &[&str] = &[
    "import", "from", "require", "include", "source", "use", "mod",
];

/// What a text names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'t> {
    /// A path with an ending.
    File(&'t str),
    /// A module.
    Module(&'t str),
}

/// The files and modules that a program or script names, each once in a row.
pub(super) fn named(text: &str) -> Vec<Named<'_>> {
    let text = &text[..text.floor_char_boundary(SEARCHED)];
    let separates = |c: char| !(c.is_alphanumeric() || "_-./".contains(c));
    let mut found: Vec<Named<'_>> = Vec::new();
    let mut imports = false;
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        let word = word.trim_end_matches('.');
        let ends = word.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && (1..=5).contains(&ending.len()) && !stem.ends_with('/')
        });
        let named = if imports {
            let module = word.rsplit(['/', '.']).find(|part| !part.is_empty());
            module.map(Named::Module)
        } else {
            ends.then_some(Named::File(word))
        };
        if let Some(named) = named.filter(|named| found.last() != Some(named)) {
            found.push(named);
            if found.len() >= MOST {
                break;
            }
        }
        imports = IMPORTS.contains(&word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Named, named};

    #[test]
    fn imports_name_modules_and_paths_name_files() {
        let text = "from word2vec import Model\nopen('/data/in.csv')\nx = 1.5";
        let found = named(text);
        assert!(found.contains(&Named::Module("word2vec")));
        assert!(found.contains(&Named::File("/data/in.csv")));
    }
}
