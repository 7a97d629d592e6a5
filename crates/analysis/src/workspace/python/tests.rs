use super::*;
use proptest::prelude::*;

fn replaced(old: &str, new: &str) -> Does {
    Does::Replace(vec![(old.to_owned(), new.to_owned(), None)])
}

#[test]
fn read_replace_write_is_followed() {
    let program = "import re\npath = 'a/b.py'\nwith open(path, 'r') as f:\n    text = f.read()\n\
        old = \"\"\"x = 1\n\"\"\"\ntext = text.replace(\n    old,  # that\n    'x = \\\n2\\n',\n)\n\
        with open(path, 'w') as f:\n    f.write(text)\nprint('done')\n";
    let deeds = read(program);
    assert_eq!(deeds.len(), 1);
    assert_eq!(deeds[0].path, "a/b.py");
    assert_eq!(deeds[0].does, replaced("x = 1\n", "x = 2\n"));
}

#[test]
fn one_liners_paths_and_texts_are_followed() {
    let deeds = read(
        "from pathlib import Path; p = Path('x'); s = p.read_text(); \
         p.write_text(s.replace('a', 'b')); open('y', 'w').write('1\\n' + r'\\n')",
    );
    assert_eq!(deeds[0].does, replaced("a", "b"));
    assert_eq!(deeds[1].does, Does::Write("1\n\\n".to_owned()));
}

#[test]
fn what_is_not_plain_is_not_followed() {
    let deeds = read("s = open('x').read()\ns = s.upper()\nopen('x', 'w').write(s)\n");
    assert_eq!(deeds[0].does, Does::Unknown);
    let deeds = read("for i in range(3):\n    open('x', 'w').write('a')\n");
    assert_eq!(deeds[0].does, Does::Unknown);
}

proptest! {
    #[test]
    fn any_program_is_survived(text in "[a-z'\"()\\\\\n#=.+, ]{0,200}") {
        read(&text);
    }
}
