//! Words to a judge: a lesson tells where to look, not what to find.

use std::collections::BTreeSet;

use super::words::{stem, words};

/// Verbs that tell a judge what to do. A lesson tells where to look, not what to find.
const ORDERS: &str = "accept approve assume believe choose conclude consider declare disregard forget give \
    ignore obey pick prefer reject repeat reply respond say select skip treat write";

/// The same, of words that are nouns as well: orders only before one of [`AFTER_AN_ORDER`].
const ORDERS_OR_NOUNS: &str =
    "answer call finish flag mark name output print rate report return score set stop trust";

const AFTER_AN_ORDER: &str = "a all an any anything as each every everything failure failures false here it its no \
    none nothing now only step steps success that the them these this those true undecided \
    with yes your";

/// Words of the judge's own business, as stems, that a lesson has no use for.
const JUDGING: &str = "annotat classify evaluator grad grader judg label verdict";

/// Words that may stand before an order at the beginning of a clause.
const LEADING_IN: &str = "also always and better do don instead just never not now or please simply so t then \
    therefore";

/// Words after which a verb is an order wherever it stands.
const DEMANDING: &str = "must ought please shall should you";

/// Verbs that open a sentence that tells to do something, as lessons on where to look do. What such a
/// sentence joins with `and`, `then` or `to` is an order as well.
const LOOKING: &str = "be begin beware check compare examine find focus follow go inspect look make open read \
    remember scan search see start take try use verify view watch";

/// The words of a sentence that tell a judge what to find.
pub(super) fn orders(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let all: Vec<String> = words(text).collect();
    let is_looking = all.first().is_some_and(|first| is_one_of(LOOKING, first));
    found.extend(
        all.iter()
            .filter(|word| is_one_of(JUDGING, &stem(word)))
            .cloned(),
    );
    let clauses = text.split([',', ';', ':', '.', '(', ')', '!', '?']);
    for clause in clauses.flat_map(|clause| clause.split(" - ")) {
        let clause: Vec<String> = words(clause).collect();
        let mut leading = true;
        let mut before = "";
        for (index, word) in clause.iter().enumerate() {
            let joined = is_looking && matches!(before, "and" | "then" | "to" | "or");
            let open = leading || joined || is_one_of(DEMANDING, before);
            let next = clause.get(index + 1).map_or("", String::as_str);
            if open && is_order(word, next) {
                found.insert(word.clone());
            }
            leading = leading && is_one_of(LEADING_IN, word);
            before = word;
        }
    }
    found
}

fn is_order(word: &str, next: &str) -> bool {
    is_one_of(ORDERS, word) || is_one_of(ORDERS_OR_NOUNS, word) && is_one_of(AFTER_AN_ORDER, next)
}

fn is_one_of(table: &str, word: &str) -> bool {
    table.split(' ').any(|known| known == word)
}
