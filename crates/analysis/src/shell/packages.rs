//! Which words of an installing command name no package.

/// Options of package managers whose value is a name, place or source, and neither a package nor a list
/// of packages.
const VALUED: &[&str] = &[
    "-C",
    "-c",
    "-i",
    "-n",
    "-p",
    "-t",
    "--channel",
    "--extra-index-url",
    "--find-links",
    "--index-url",
    "--name",
    "--prefix",
    "--registry",
    "--root",
    "--target",
    "--version",
];

/// True when a word among the arguments of a package manager is the value of such an option.
#[must_use]
pub fn is_option_value(args: &[String], word: &str) -> bool {
    let mut pairs = args.iter().zip(args.iter().skip(1));
    pairs.any(|(option, value)| value == word && VALUED.contains(&option.as_str()))
}

#[cfg(test)]
mod tests {
    use super::is_option_value;

    #[test]
    fn a_channel_is_no_package() {
        let args = ["install", "-y", "numpy", "-c", "forge"].map(str::to_owned);
        assert!(is_option_value(&args, "forge"));
        assert!(!is_option_value(&args, "numpy"));
    }
}
