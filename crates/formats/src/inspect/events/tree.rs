//! Which call a span of a sample belongs to.

use serde_json::Value;

use super::{DEEPEST, Events, Frame, Place, Span};
use crate::json::str_at;

/// Spans around a span that are looked through for a tool.
const MOST_AROUND: usize = 64;

/// Tool spans that may wait for their event at one time.
const MOST_IDLE: usize = 64;

impl Events<'_> {
    /// A span begins: of an agent in a tool a new frame, else in the frame around it.
    pub(super) fn begin(&mut self, event: &Value) {
        let Some(id) = str_at(event, "id") else {
            return;
        };
        let parent = str_at(event, "parent_id");
        let around = parent.and_then(|parent| self.spans.get(parent));
        let kind = str_at(event, "type").unwrap_or_default();
        let name = str_at(event, "name").unwrap_or_default().to_owned();
        let mut place = around.map_or(Place::Agent(0), |span| span.place);
        match (kind, place) {
            ("scorers" | "scorer" | "init", _) => place = Place::Beside,
            ("agent", Place::Agent(frame)) => {
                let tool = parent.and_then(|parent| self.tool_around(parent)).cloned();
                let depth = self.frames[frame].depth;
                if tool.is_some() && depth < DEEPEST {
                    self.frames.push(Frame {
                        parent: Some((frame, None)),
                        tool,
                        depth: depth + 1,
                        name: Some(name.clone()),
                        ..Frame::default()
                    });
                    place = Place::Agent(self.frames.len() - 1);
                } else if self.frames[frame].name.is_none() {
                    self.frames[frame].name = Some(name.clone());
                }
            }
            ("tool", _) => {
                self.idle.push(id.to_owned());
                if self.idle.len() > MOST_IDLE {
                    self.idle.remove(0);
                }
            }
            _ => {}
        }
        let span = Span {
            place,
            call: None,
            parent: parent.map(str::to_owned),
            name,
            is_tool: kind == "tool",
        };
        self.spans.insert(id.to_owned(), span);
    }

    /// The id of the tool span around what stands in the span `id`, within the same agent.
    fn tool_around<'e>(&'e self, id: &'e str) -> Option<&'e String> {
        let (mut id, mut span) = self.spans.get_key_value(id)?;
        let place = span.place;
        // Rings of parents must end.
        for _ in 0..MOST_AROUND {
            if span.place != place {
                return None;
            }
            if span.is_tool {
                return Some(id);
            }
            (id, span) = self.spans.get_key_value(span.parent.as_ref()?)?;
        }
        None
    }

    /// Steps of older logs matter only for what scorers do.
    pub(super) fn step(&mut self, event: &Value) {
        if str_at(event, "type") == Some("scorer") {
            match str_at(event, "action") {
                Some("begin") => self.scoring += 1,
                _ => self.scoring = self.scoring.saturating_sub(1),
            }
        }
    }

    pub(super) fn command(&mut self, event: &Value) {
        if str_at(event, "action") != Some("exec") {
            return;
        }
        let tool = str_at(event, "span_id").and_then(|id| self.tool_around(id));
        if let Some(call) = tool.and_then(|id| self.spans.get(id)?.call) {
            self.ran(call, event);
        }
    }

    pub(super) fn ran(&mut self, call: (usize, usize), event: &Value) {
        let status = event.get("result").and_then(Value::as_i64);
        let (count, last) = self.commands.entry(call).or_default();
        *count += 1;
        *last = status.and_then(|status| i32::try_from(status).ok());
    }

    /// Finds the span that was opened for a call.
    pub(super) fn occupy(&mut self, event: &Value, name: &str, call: (usize, usize)) {
        let around = str_at(event, "span_id");
        let spans = &mut self.spans;
        let place = self.idle.iter().position(|id| {
            spans
                .get(id)
                .is_some_and(|span| span.name == name && span.parent.as_deref() == around)
        });
        let Some(id) = place.map(|place| self.idle.remove(place)) else {
            return;
        };
        if let Some(span) = spans.get_mut(&id) {
            span.call = Some(call);
        }
    }
}
