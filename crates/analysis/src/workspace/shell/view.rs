//! Commands that print files, whole or in part.

use super::text::fed;
use super::{Form, Printed, Shell, Shows, flag, operands};
use crate::shell::Invocation;
use crate::workspace::line::line_number;

impl Shell<'_> {
    pub(super) fn cat(&mut self, command: &Invocation, input: Printed) -> Printed {
        let files: Vec<&str> = operands(&command.args).filter(|arg| *arg != "-").collect();
        let numbers = command.program == "nl"
            || command.args.iter().any(|arg| {
                arg == "--number"
                    || (arg.starts_with('-') && !arg.starts_with("--") && arg.contains('n'))
            });
        // `nl` leaves blank lines without a number unless it is told to number all.
        let skips =
            command.program == "nl" && !command.args.iter().any(|a| a.contains("ba") || a == "a");
        let marked = command.args.iter().any(|a| {
            a.starts_with('-') && !a.starts_with("--") && a.contains(['A', 'v', 'e', 't', 's'])
        });
        let form = if skips || (marked && command.program == "cat") {
            Form::Some
        } else if numbers {
            Form::Numbered { whole: true }
        } else {
            Form::Plain {
                first: 0,
                count: None,
            }
        };
        if files.is_empty() {
            return match fed(command) {
                Some(text) => text,
                None if command.piped_input => refiltered(input, form),
                None => Printed::Unknown,
            };
        }
        let shows = files.iter().map(|file| self.shows(file, form));
        shows
            .collect::<Option<Vec<_>>>()
            .map_or(Printed::Unknown, Printed::Files)
    }

    pub(in crate::workspace) fn shows(&mut self, file: &str, form: Form) -> Option<Shows> {
        let path = self.folder.path(file)?;
        let mark = self.replay.mark(&path)?;
        Some(Shows { mark, form })
    }

    /// Commands that print a part of what they are given.
    pub(super) fn part(&mut self, command: &Invocation, input: Printed) -> Printed {
        let form = match command.program.as_str() {
            "head" => head_form(&command.args),
            "tail" => tail_form(&command.args),
            "less" | "more" => Form::Plain {
                first: 0,
                count: None,
            },
            _ if flag(&command.args, 'n')
                && !flag(&command.args, 'c')
                && !flag(&command.args, 'o') =>
            {
                Form::Found
            }
            _ => Form::Some,
        };
        let searches = !matches!(command.program.as_str(), "head" | "tail" | "less" | "more");
        let skip = usize::from(searches && !command.args.iter().any(|a| a == "-e"));
        let files: Vec<&str> = part_files(&command.args, searches).skip(skip).collect();
        if command.piped_input && files.is_empty() {
            return if searches {
                refiltered(input, Form::Some)
            } else {
                refiltered(input, form)
            };
        }
        let recursive = command.program == "rg"
            || flag(&command.args, 'r')
            || flag(&command.args, 'R')
            || files.iter().any(|file| file.contains('*'));
        match files.as_slice() {
            [file] if !(searches && recursive) => {
                let shows = self.shows(file, form);
                shows.map_or(Printed::Unknown, |shows| Printed::Files(vec![shows]))
            }
            _ if form == Form::Found => Printed::Searched,
            _ => Printed::Unknown,
        }
    }
}

/// The count of `head`: `-n 5`, `-n5`, `-5`, `--lines=5`; ten without one.
fn count_of(args: &[String]) -> Option<&str> {
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if arg == "-n" || arg == "--lines" {
            return args.next();
        }
        let value = arg
            .strip_prefix("--lines=")
            .or_else(|| arg.strip_prefix("-n"))
            .or_else(|| {
                arg.strip_prefix('-')
                    .filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty())
            })
            .or_else(|| {
                (arg.starts_with('+') && arg[1..].bytes().all(|b| b.is_ascii_digit()))
                    .then_some(arg)
            });
        if value.is_some() {
            return value;
        }
    }
    Some("10")
}

fn head_form(args: &[String]) -> Form {
    if flag(args, 'c') {
        return Form::Some;
    }
    match count_of(args).and_then(line_number) {
        Some(count) => Form::Plain {
            first: 0,
            count: Some(count),
        },
        None => Form::Some,
    }
}

fn tail_form(args: &[String]) -> Form {
    let from = count_of(args).and_then(|count| count.strip_prefix('+'));
    match from.and_then(line_number) {
        Some(from) => Form::Plain {
            first: from.saturating_sub(1),
            count: None,
        },
        None => Form::Some,
    }
}

/// The files among the words of `head`, `tail` and searches; values of options are no files.
fn part_files(args: &[String], searches: bool) -> impl Iterator<Item = &str> {
    let valued: &[&str] = if searches {
        &["-A", "-B", "-C", "-m", "-e", "--include", "--exclude"]
    } else {
        &["-n", "-c", "--lines", "--bytes"]
    };
    let mut skip = false;
    args.iter().map(String::as_str).filter(move |arg| {
        if std::mem::take(&mut skip) {
            return false;
        }
        skip = valued.contains(arg);
        !arg.starts_with('-') && (searches || !arg.starts_with('+'))
    })
}

/// What is left of lines of a file when they go through a second command.
pub(super) fn refiltered(input: Printed, by: Form) -> Printed {
    match input {
        Printed::Searched | Printed::Diff if !matches!(by, Form::Numbered { .. }) => input,
        Printed::Files(mut files) if files.len() == 1 => {
            for shows in &mut files {
                shows.form = through(shows.form, by);
            }
            Printed::Files(files)
        }
        Printed::Known(_) | Printed::About(_)
            if by
                == Form::Plain {
                    first: 0,
                    count: None,
                } =>
        {
            input
        }
        _ => Printed::Unknown,
    }
}

fn through(form: Form, by: Form) -> Form {
    const WHOLE: Form = Form::Plain {
        first: 0,
        count: None,
    };
    match (form, by) {
        // Lines keep the number they were given.
        (WHOLE, Form::Numbered { .. }) => by,
        (Form::Numbered { .. }, WHOLE) => form,
        (Form::Numbered { .. }, Form::Plain { .. }) => Form::Numbered { whole: false },
        (Form::Numbered { .. }, Form::Numbered { .. } | Form::Found) => Form::Some,
        (Form::Numbered { .. } | Form::Found, _) => Form::Found,
        (
            Form::Plain { first, count },
            Form::Plain {
                first: more,
                count: at_most,
            },
        ) => {
            let left = count.map(|count| count.saturating_sub(more));
            Form::Plain {
                first: first + more,
                count: match (left, at_most) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                },
            }
        }
        _ => Form::Some,
    }
}
