//! From the syntax tree to simple commands.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tree_sitter::{Node, Parser, Tree, TreeCursor};

use super::heredoc::{Body, placeholder_index, restore};
use super::word::{base_name, expands, split_words, unquote};
use super::{Invocation, Redirect};

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new(new_parser());
}

fn new_parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .ok()?;
    Some(parser)
}

/// Parses a text whose characters beyond ASCII were made letters, byte for byte, so that places stay the
/// same. To a shell they are letters anyway; the grammar's scanner (0.25) asks C's `isdigit` about them behind
/// `{`, which reads out of bounds.
fn parse(text: &str) -> Option<Tree> {
    let parse = |text: &[u8]| PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(text, None));
    if text.is_ascii() {
        return parse(text.as_bytes());
    }
    let letters: Vec<u8> = text
        .bytes()
        .map(|byte| if byte.is_ascii() { byte } else { b'x' })
        .collect();
    parse(&letters)
}

/// The simple commands of `text`, wrappers still in front.
pub(super) fn simple_commands(text: &str, bodies: &[Body<'_>]) -> Vec<Invocation> {
    let commands = parse(text)
        .map(|tree| Walk::new(text, bodies).run(tree.walk()))
        .unwrap_or_default();
    if commands.is_empty() {
        by_lines(text)
    } else {
        commands
    }
}

/// What is left when the grammar finds no command at all: the first words of every line.
fn by_lines(text: &str) -> Vec<Invocation> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = split_words(line).into_iter();
            let written = words.next()?;
            Some(Invocation {
                program: base_name(&written).to_owned(),
                written,
                args: words.collect(),
                ..Invocation::default()
            })
        })
        .collect()
}

struct Walk<'a> {
    text: &'a str,
    bodies: &'a [Body<'a>],
    found: Vec<Invocation>,
    /// Where the command of each entry of `found` stands.
    spans: Vec<Range<usize>>,
    /// Redirections of a whole statement, and words behind them, by the node of the command that gets
    /// them.
    owed: HashMap<usize, (Vec<Redirect>, Vec<String>)>,
    /// Assignments that belong to a command and are no statement of their own, by node.
    claimed: HashSet<usize>,
    background: Vec<Range<usize>>,
    conditional: Vec<Range<usize>>,
    subshells: Vec<Range<usize>>,
    piped: Vec<usize>,
    /// Where the stages of pipelines begin that another one follows.
    piping: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, bodies: &'a [Body<'a>]) -> Self {
        Self {
            text,
            bodies,
            found: Vec::new(),
            spans: Vec::new(),
            owed: HashMap::new(),
            claimed: HashSet::new(),
            background: Vec::new(),
            conditional: Vec::new(),
            subshells: Vec::new(),
            piped: Vec::new(),
            piping: Vec::new(),
        }
    }

    /// Visits every node, parents before children, without recursion.
    fn run(mut self, mut cursor: TreeCursor<'_>) -> Vec<Invocation> {
        let mut entering = true;
        loop {
            if entering {
                self.enter(cursor.node());
            }
            if entering && cursor.goto_first_child() {
                continue;
            }
            if cursor.goto_next_sibling() {
                entering = true;
            } else if cursor.goto_parent() {
                entering = false;
            } else {
                break;
            }
        }
        self.mark();
        self.found
    }

    fn enter(&mut self, node: Node<'_>) {
        match node.kind() {
            "command" | "declaration_command" | "unset_command" | "test_command" => {
                self.command(node);
            }
            "variable_assignment" if !self.claimed.contains(&node.id()) => self.command(node),
            "redirected_statement" => self.redirected(node),
            "pipeline" => self.pipeline(node),
            "if_statement"
            | "while_statement"
            | "for_statement"
            | "c_style_for_statement"
            | "case_statement"
            | "function_definition" => self.conditional.push(node.byte_range()),
            "subshell" | "command_substitution" | "process_substitution" => {
                self.subshells.push(node.byte_range());
            }
            "list" => self.list(node),
            "&" => {
                if let Some(statement) = node.prev_sibling() {
                    self.background.push(statement.byte_range());
                }
            }
            _ => {}
        }
    }

    /// Behind `||`, and behind a test with `&&`, a command need not run.
    fn list(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
        if let [before, operator, behind] = children.as_slice() {
            let or = operator.kind() == "||";
            let test = before.kind() == "test_command" || self.source(*before).starts_with("test ");
            if or || (operator.kind() == "&&" && test) {
                self.conditional.push(behind.byte_range());
            }
        }
    }

    fn source(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// A word as the program gets it, apart from expansions.
    fn word(&self, node: Node<'_>) -> String {
        unquote(&restore(self.source(node), self.bodies))
    }

    fn command(&mut self, node: Node<'_>) {
        let mut command = Invocation::default();
        let mut words: Vec<String> = Vec::new();
        if matches!(node.kind(), "test_command" | "variable_assignment") {
            self.leaf(node, &mut command);
        } else {
            let mut cursor = node.walk();
            for child in node.children(&mut cursor) {
                if child.kind() == "variable_assignment" {
                    self.claimed.insert(child.id());
                }
                match child.kind() {
                    "variable_assignment" if node.kind() == "command" => {
                        command.assignments.push(self.assignment(child));
                    }
                    "file_redirect" | "herestring_redirect" | "heredoc_redirect" => {
                        command.redirects.extend(self.redirect(child));
                    }
                    _ => {
                        command.expands |= expands(self.source(child));
                        words.push(self.word(child));
                    }
                }
            }
        }
        let mut words = words.into_iter();
        if let Some(written) = words.next() {
            base_name(&written).clone_into(&mut command.program);
            command.written = written;
        }
        command.args.extend(words);
        if let Some((redirects, words)) = self.owed.remove(&node.id()) {
            command.redirects.extend(redirects);
            command.args.extend(words);
        }
        self.spans.push(node.byte_range());
        self.found.push(command);
    }

    /// Commands that are one node: `[[ … ]]` and `name=value`.
    fn leaf(&self, node: Node<'_>, command: &mut Invocation) {
        if node.kind() == "variable_assignment" {
            command.assignments.push(self.assignment(node));
        } else {
            "[".clone_into(&mut command.program);
            "[".clone_into(&mut command.written);
            command.args = split_words(self.source(node).trim_matches(['[', ']']));
        }
    }

    fn assignment(&self, node: Node<'_>) -> (String, String) {
        let (name, value) = self
            .source(node)
            .split_once('=')
            .unwrap_or((self.source(node), ""));
        (name.to_owned(), unquote(&restore(value, self.bodies)))
    }

    fn redirect(&self, node: Node<'_>) -> Option<Redirect> {
        let mut redirect = Redirect {
            op: String::new(),
            descriptor: None,
            target: String::new(),
            body: None,
            expands: false,
        };
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            match child.kind() {
                "file_descriptor" => redirect.descriptor = Some(self.source(child).to_owned()),
                kind if !child.is_named() => kind.clone_into(&mut redirect.op),
                _ if redirect.target.is_empty() => {
                    redirect.target = unquote(self.source(child));
                    redirect.expands = expands(self.source(child));
                }
                _ => {}
            }
        }
        if let Some(body) = placeholder_index(&redirect.target).and_then(|i| self.bodies.get(i)) {
            "<<".clone_into(&mut redirect.op);
            redirect.target.clone_from(&body.delimiter);
            redirect.body = Some(body.fed());
            redirect.expands = body.expands;
        } else if redirect.op == "<<<" {
            redirect.body = Some(std::mem::take(&mut redirect.target));
        }
        (!redirect.op.is_empty()).then_some(redirect)
    }

    /// Gives the redirections of a statement to its last simple command, or to a command of their own
    /// when the statement is compound.
    fn redirected(&mut self, node: Node<'_>) {
        let mut redirects = Vec::new();
        let mut stray = Vec::new();
        let mut body = None;
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            match child.kind() {
                "file_redirect" | "herestring_redirect" | "heredoc_redirect" => {
                    redirects.extend(self.redirect(child));
                    stray.extend(self.stray_words(child));
                }
                _ if body.is_none() && child.is_named() => body = Some(child),
                _ => {}
            }
        }
        let mut target = body;
        while let Some(statement) = target {
            match statement.kind() {
                "command" | "declaration_command" | "unset_command" | "test_command" => break,
                "pipeline" | "list" | "negated_command" | "redirected_statement" => {
                    let count = u32::try_from(statement.named_child_count()).unwrap_or(u32::MAX);
                    target = if statement.kind() == "redirected_statement" {
                        statement.named_child(0)
                    } else {
                        statement.named_child(count.saturating_sub(1))
                    };
                }
                _ => target = None,
            }
        }
        if let Some(command) = target {
            let owed = self.owed.entry(command.id()).or_default();
            owed.0.extend(redirects);
            owed.1.extend(stray);
        } else {
            self.spans.push(node.start_byte()..node.start_byte());
            self.found.push(Invocation {
                redirects,
                ..Invocation::default()
            });
        }
    }

    /// Words the grammar counts to a redirection though they are arguments: `cat > f a b`.
    fn stray_words(&self, node: Node<'_>) -> Vec<String> {
        let mut cursor = node.walk();
        node.children(&mut cursor)
            .filter(|child| child.is_named() && child.kind() != "file_descriptor")
            .skip(1)
            .map(|child| unquote(self.source(child)))
            .collect()
    }

    fn pipeline(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let stages: Vec<usize> = node
            .named_children(&mut cursor)
            .map(|stage| stage.start_byte())
            .collect();
        self.piped.extend(stages.iter().skip(1));
        self.piping
            .extend(stages.iter().take(stages.len().saturating_sub(1)));
    }

    /// Carries what stands around commands over to them.
    fn mark(&mut self) {
        self.piped.sort_unstable();
        self.piping.sort_unstable();
        let background = covered(&self.spans, &mut self.background);
        let conditional = covered(&self.spans, &mut self.conditional);
        let subshell = covered(&self.spans, &mut self.subshells);
        for (index, command) in self.found.iter_mut().enumerate() {
            let start = self.spans[index].start;
            command.background = background[index];
            command.conditional = conditional[index];
            command.subshell = subshell[index];
            command.piped_input = self.piped.binary_search(&start).is_ok();
            command.piped_output = self.piping.binary_search(&start).is_ok();
        }
    }
}

/// For every span, whether it begins in one of `ranges`.
fn covered(spans: &[Range<usize>], ranges: &mut [Range<usize>]) -> Vec<bool> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|&index| spans[index].start);
    let mut within = vec![false; spans.len()];
    let mut next = 0;
    let mut end = 0;
    for index in order {
        let start = spans[index].start;
        while let Some(range) = ranges.get(next).filter(|range| range.start <= start) {
            end = end.max(range.end);
            next += 1;
        }
        within[index] = start < end;
    }
    within
}
