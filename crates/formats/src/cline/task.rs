//! Task folders of the editor extensions: `api_conversation_history.json`, `ui_messages.json`.

use std::collections::HashSet;
use std::io;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{ActionKind, Trajectory, Usage};

use super::conversation::{Conversation, Request};
use super::{LAYOUT, request_of, time_of, usage_of};
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site,
};
use crate::frame::JsonDocument;
use crate::json::{content_text, parse_head, str_at};
use crate::pile::{Folder, Pile};
use crate::sessions::{self, Session};

/// Reads task folders of Cline and Roo Code.
pub(crate) struct ClineTask;

/// The conversation as the model has it, under its present and its first name.
const HISTORY: [&str; 2] = ["api_conversation_history.json", "claude_messages.json"];
const INTERFACE: &str = "ui_messages.json";
const METADATA: &str = "task_metadata.json";
const ITEM: &str = "history_item.json";

impl Extractor for ClineTask {
    fn layout(&self) -> Layout {
        Layout {
            name: "cline-task",
            title: "Cline and Roo Code task folders (api_conversation_history.json)",
            doc: LAYOUT,
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::Folder(folder) = site else {
            return Ok(None);
        };
        let Some(history) = HISTORY
            .iter()
            .find_map(|name| pile.find(&within(&folder.path, name)))
        else {
            return Ok(None);
        };
        let head = parse_head(&pile.head(history.id, 64 << 10)?).unwrap_or_default();
        let is_message = |message: &Value| {
            matches!(str_at(message, "role"), Some("user" | "assistant"))
                && message.get("content").is_some()
        };
        let messages = head
            .as_array()
            .filter(|list| list.iter().take(3).all(is_message));
        if messages.is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        let tasks = family(pile, folder);
        let mut files = Vec::new();
        for (path, _) in &tasks {
            let names = HISTORY.iter().copied().chain([INTERFACE, METADATA, ITEM]);
            files.extend(names.filter_map(|name| Some(pile.find(&within(path, name))?.id)));
        }
        let mut evidence = vec!["a conversation of messages with roles, for the model".to_owned()];
        if tasks.len() > 1 {
            evidence.push(format!("{} sub-tasks beside it", tasks.len() - 1));
        }
        let is_sub =
            item(pile, &folder.path).is_some_and(|item| str_at(&item, "parentTaskId").is_some());
        Ok(Some(Detection {
            score: if is_sub { 92 } else { 94 },
            evidence,
            files,
            session: Some(folder.name().to_owned()).filter(|name| !name.is_empty()),
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let first = pile.entry(claim.detection.files[0]);
        let tasks = pile
            .folder(first.folder())
            .map(|folder| family(pile, folder));
        let mut read = Vec::new();
        for (path, parent) in tasks.unwrap_or_default() {
            if let Some(session) = task(pile, &path)? {
                read.push((session, parent));
            }
        }
        if read.is_empty() {
            return Err(ExtractError::Malformed {
                path: first.path.clone(),
                byte: 0,
                what: "the folder holds no conversation".to_owned(),
            });
        }
        Ok(sessions::nest(read))
    }
}

fn within(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// What Roo Code's list of tasks says of the task in a folder.
fn item(pile: &Pile, folder: &str) -> Option<Value> {
    let entry = pile.find(&within(folder, ITEM))?;
    serde_json::from_str(pile.read(entry.id).ok()?.text()).ok()
}

/// The folder and those beside it of the tasks it handed out, parents first, each with the id of
/// its parent.
fn family(pile: &Pile, folder: &Folder) -> Vec<(String, Option<String>)> {
    let (beside, own) = folder.path.rsplit_once('/').unwrap_or(("", &folder.path));
    let mut found = vec![(folder.path.clone(), None)];
    let mut seen = HashSet::from([own.to_owned()]);
    let mut next = 0;
    while let Some((path, _)) = found.get(next).cloned() {
        next += 1;
        let Some(item) = item(pile, &path) else {
            continue;
        };
        let parent = path.rsplit('/').next().unwrap_or_default().to_owned();
        let children = item.get("childIds").and_then(Value::as_array);
        for child in children.into_iter().flatten().filter_map(Value::as_str) {
            let path = within(beside, child);
            if pile.folder(&path).is_some() && seen.insert(child.to_owned()) {
                found.push((path, Some(parent.clone())));
            }
        }
    }
    found
}

/// Reads the task in a folder; `None` when it holds no conversation.
fn task(pile: &Pile, folder: &str) -> Result<Option<Session>, ExtractError> {
    let Some(history) = HISTORY
        .iter()
        .find_map(|name| pile.find(&within(folder, name)))
    else {
        return Ok(None);
    };
    let file = JsonDocument::open(pile, history.id)?;
    let parsed = file.parse::<Vec<&RawValue>>()?;
    let mut coverage = Coverage::default();
    let mut warnings = parsed.warnings;
    let replies = parsed
        .value
        .iter()
        .filter(|raw| is_reply(raw.get()))
        .count();
    let mut conversation = Conversation::default();
    let interface = interface(pile, folder, &mut coverage, &mut warnings)?;
    if interface.requests.len() == replies {
        conversation.requests.clone_from(&interface.requests);
    }
    let mut agent = "cline";
    for raw in parsed.value {
        let raw = raw.get();
        let message: Value = serde_json::from_str(raw).unwrap_or_default();
        let cite = |part| file.document().cite_in(parsed.base, part, raw);
        let known = conversation.message(&message, &cite);
        coverage.count(raw.len(), known);
        if str_at(&message, "role") == Some("user") && conversation.run().cwd.is_none() {
            let text = content_text(message.get("content").unwrap_or(&Value::Null));
            conversation.run().cwd = folder_in(&text);
            if text.contains("<slug>") {
                agent = "roo-code";
            }
        }
    }
    let (mut run, own) = conversation.finish();
    warnings.extend(own);
    let name = folder.rsplit('/').next().unwrap_or_default();
    name.clone_into(&mut run.id);
    run.session = Some(run.id.clone()).filter(|id| !id.is_empty());
    interface.add_to(&mut run);
    if let Some(item) = item(pile, folder) {
        agent = "roo-code";
        run.cwd = run
            .cwd
            .take()
            .or(str_at(&item, "workspace").map(str::to_owned));
        if run.usage.is_empty() {
            run.usage = usage_of(&item);
        }
    }
    run.agent = Some(agent.to_owned());
    add_metadata(pile, folder, &mut run, &mut coverage)?;
    // The words with which the agent declared the task done are its answer.
    if let Some(ActionKind::Finish { text }) = run.steps.last().map(|step| &step.action.kind)
        && run.final_message.is_none()
        && !text.is_empty()
    {
        run.final_message = Some(text.clone());
    }
    Ok(Some(Session {
        trajectory: run,
        coverage,
        warnings,
        links: Vec::new(),
    }))
}

/// Adds the model and the version of the extension, which stand in a file of their own.
fn add_metadata(
    pile: &Pile,
    folder: &str,
    run: &mut Trajectory,
    coverage: &mut Coverage,
) -> Result<(), ExtractError> {
    let Some(entry) = pile.find(&within(folder, METADATA)) else {
        return Ok(());
    };
    let file = JsonDocument::open(pile, entry.id)?;
    let metadata = file.parse::<Value>().map(|parsed| parsed.value);
    coverage.count(file.document().text().len(), metadata.is_ok());
    let metadata = metadata.unwrap_or_default();
    let last = |list: &str, key: &str| {
        let last = metadata.get(list)?.as_array()?.last()?;
        str_at(last, key).map(str::to_owned)
    };
    run.model = run.model.take().or(last("model_usage", "model_id"));
    run.agent_version = last("environment_history", "cline_version");
    Ok(())
}

fn is_reply(raw: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Role<'r> {
        #[serde(borrow, default)]
        role: std::borrow::Cow<'r, str>,
    }
    serde_json::from_str::<Role<'_>>(raw).is_ok_and(|message| message.role == "assistant")
}

/// `# Current Working Directory (/path) Files` of the details the program adds to a message.
fn folder_in(text: &str) -> Option<String> {
    let heads = [
        "# Current Working Directory (",
        "# Current Workspace Directory (",
    ];
    let rest = heads
        .iter()
        .find_map(|head| Some(text.split_once(head)?.1))?;
    let line = rest.lines().next()?;
    let (path, _) = line.rsplit_once(')')?;
    Some(path.to_owned())
}

/// What the list of messages for the interface adds.
#[derive(Default)]
struct Interface {
    requests: Vec<Request>,
    usage: Usage,
    task: Option<String>,
    ended: Option<trace::Timestamp>,
}

impl Interface {
    /// Fills what the conversation itself does not say.
    fn add_to(self, run: &mut Trajectory) {
        run.task = run.task.take().or(self.task);
        run.started = self.requests.first().and_then(|r| r.time).or(run.started);
        run.ended = self.ended.max(run.ended);
        if run.usage.is_empty() {
            run.usage = self.usage;
        }
    }
}

fn interface(
    pile: &Pile,
    folder: &str,
    coverage: &mut Coverage,
    warnings: &mut Vec<String>,
) -> Result<Interface, ExtractError> {
    let mut found = Interface::default();
    let Some(entry) = pile.find(&within(folder, INTERFACE)) else {
        return Ok(found);
    };
    let file = JsonDocument::open(pile, entry.id)?;
    let parsed = match file.parse::<Vec<Value>>() {
        Ok(parsed) => parsed,
        Err(error) => {
            // It only adds times and costs.
            coverage.count(file.document().text().len(), false);
            warnings.push(error.to_string());
            return Ok(found);
        }
    };
    coverage.count(parsed.base.len(), true);
    warnings.extend(parsed.warnings);
    for message in parsed.value {
        let time = time_of(message.get("ts"));
        found.ended = found.ended.max(time);
        let text = str_at(&message, "text").unwrap_or_default();
        match str_at(&message, "say") {
            Some("api_req_started") => {
                let stated: Value = serde_json::from_str(text).unwrap_or_default();
                let usage = usage_of(&stated);
                found.usage.add(&usage);
                found.requests.push(Request { time, usage });
            }
            Some("task" | "text") if found.task.is_none() && found.requests.is_empty() => {
                found.task = Some(request_of(text).to_owned()).filter(|task| !task.is_empty());
            }
            _ => {}
        }
    }
    Ok(found)
}
