//! Texts that commands print by themselves.

use super::Printed;
use crate::shell::Invocation;

/// What a heredoc or here-string feeds a command.
pub(super) fn fed(command: &Invocation) -> Option<Printed> {
    let redirect = command.redirects.iter().rev().find(|r| r.body.is_some())?;
    let body = redirect.body.clone()?;
    let body = if redirect.op == "<<<" {
        body + "\n"
    } else {
        body
    };
    if !redirect.expands || !body.contains(['$', '`', '\\']) {
        return Some(Printed::Known(body));
    }
    Some(expanded(&body))
}

/// The body of a heredoc a shell expands: what is escaped is itself, and what is not is not known.
fn expanded(body: &str) -> Printed {
    let mut out = String::with_capacity(body.len());
    let mut sure = true;
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('$' | '`' | '\\')) => out.extend(chars.next()),
            ('\\', Some('\n')) => {
                chars.next();
            }
            ('`', _) => {
                sure = false;
                out.push(c);
            }
            ('$', Some(next)) if next.is_ascii_alphanumeric() || "_{(@*#?!$".contains(*next) => {
                sure = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    if sure {
        Printed::Known(out)
    } else {
        Printed::About(out)
    }
}

pub(super) fn echo(command: &Invocation) -> Printed {
    let mut args = command.args.as_slice();
    let mut newline = true;
    let mut escapes = false;
    while let Some((first, rest)) = args.split_first() {
        let options = first.strip_prefix('-').unwrap_or_default();
        if options.is_empty() || !options.bytes().all(|b| b"neE".contains(&b)) {
            break;
        }
        newline &= !options.contains('n');
        escapes |= options.contains('e');
        args = rest;
    }
    let mut text = args.join(" ");
    if escapes {
        text = unescaped(&text);
    }
    if newline {
        text.push('\n');
    }
    let globs = args
        .iter()
        .any(|arg| arg.contains('*') && !arg.contains(' '));
    if command.expands || globs {
        Printed::About(text)
    } else {
        Printed::Known(text)
    }
}

/// `printf` with nothing to fill in but `%s` and `%%`.
pub(super) fn printf(command: &Invocation) -> Printed {
    let Some((format, mut values)) = command.args.split_first() else {
        return Printed::Nothing;
    };
    let mut out = String::new();
    loop {
        let mut taken = false;
        let mut rest = format.as_str();
        while let Some(at) = rest.find('%') {
            out.push_str(&unescaped(&rest[..at]));
            let spec = rest[at + 1..].chars().next();
            match spec {
                Some('s' | 'd') => {
                    if let Some((value, more)) = values.split_first() {
                        out.push_str(value);
                        values = more;
                        taken = true;
                    }
                }
                Some('%') => out.push('%'),
                _ => return Printed::About(out),
            }
            rest = &rest[at + 2..];
        }
        out.push_str(&unescaped(rest));
        if values.is_empty() || !taken {
            break;
        }
    }
    if command.expands {
        Printed::About(out)
    } else {
        Printed::Known(out)
    }
}

/// A text with the escapes of `echo -e` and `printf`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some('"') => out.push('"'),
            Some('\'') => out.push('\''),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}
